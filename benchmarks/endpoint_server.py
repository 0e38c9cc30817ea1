"""The servers that the endpoint benchmarks ask, each a process of its own on the loopback."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from workbench.contracts import EngineName

REPO = Path(__file__).resolve().parents[1]
HASH = "hash"
DIM = 1024  # as Qwen3-Embedding-0.6B
NAMES = (HASH, *get_args(EngineName))


@dataclass(frozen=True)
class Served:
    """What is asked, and what a reader should know of it."""

    base_url: str
    model: str | None
    words: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which server, on the command line."""
    parser.add_argument("--server", choices=NAMES, default=HASH, help="which to start")
    parser.add_argument("--python", help="interpreter of the environment that has the server")
    parser.add_argument("--model", help="model directory or .gguf; without: a tiny one is made")
    parser.add_argument("--base-url", help="ask a server that runs already; --model is its name")


@contextmanager
def served(asked: argparse.Namespace) -> Iterator[Served]:
    """The server of the command line, stopped afterwards.

    "hash" is the tests' own server, whose vectors are hashes of the texts: it costs next to
    nothing, so that the client's own share shows. The others are real, on this machine, and a
    model that is made has 300,000 random parameters in the layout of Qwen3-Embedding-0.6B.
    """
    if asked.base_url:
        yield Served(asked.base_url, asked.model, asked.base_url)
    elif asked.server == HASH:
        with _hash() as base_url:
            yield Served(base_url, None, f"hash, vectors of {DIM:,} numbers")
    else:
        from workbench.engines import serve

        with (
            tempfile.TemporaryDirectory() as folder,
            serve(
                asked.model or _tiny(Path(folder)),
                engine=asked.server,
                python=asked.python,
                port=_free_port(),
            ) as engine,
        ):
            yield Served(engine.base_url, engine.served_name, asked.server)


@contextmanager
def _hash() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.embedders.remote.fault_server", "0", str(DIM)]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _tiny(folder: Path) -> Path:
    from tests.embedders.tiny_qwen3 import build_qwen3

    return build_qwen3(folder / "tiny")


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
