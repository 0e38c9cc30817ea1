"""Debian's real nginx, as an ordinary user runs it: on the loopback, in its own folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


def find_nginx() -> str:
    """Where nginx is; where it is not installed, a skip aloud, or a failure if promised."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        why = "nginx is not installed: apt-get install nginx-light"
        if os.environ.get("WORKBENCH_REQUIRE_ENGINES") == "1":
            pytest.fail(f"WORKBENCH_REQUIRE_ENGINES=1, but {why}", pytrace=False)
        pytest.skip(why)
    return found


def _write(conf: str, folder: Path) -> list[str]:
    (folder / "conf.d").mkdir(parents=True, exist_ok=True)
    (folder / "conf.d" / "embeddings.conf").write_text(conf)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    log = str(folder / "start.log")
    return [find_nginx(), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", log]


def check_conf(conf: str, folder: Path) -> None:
    """Let nginx itself judge a file of its conf.d."""
    done = subprocess.run(
        [*_write(conf, folder), "-t"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr, done.stderr


@contextmanager
def run_nginx(conf: str, folder: Path, *, port: int) -> Iterator[None]:
    """nginx with this file in its conf.d, until the end of the block."""
    process = subprocess.Popen(_write(conf, folder), stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    pytest.fail(f"nginx does not listen on {port}: {process.communicate()[1]}")
