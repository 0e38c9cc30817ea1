"""JupyterLab on loopback, for tests."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.lab import build_command


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """A notebook of code cells, for this interpreter's kernel."""
    code = [
        {"cell_type": "code", "id": f"cell-{i}", "source": cell, "metadata": {}, "outputs": []}
        | {"execution_count": None}
        for i, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    path.write_text(json.dumps(notebook | {"nbformat_minor": 5}), encoding="utf-8")
    return path


class LabServer:
    """JupyterLab on loopback, started as ``workbench lab`` starts it, with folders of its own.

    Args:
        home: An empty folder for the server's configuration, log and notebooks.
        environ: Variables added to the environment.
    """

    def __init__(self, home: Path, *, environ: Mapping[str, str] | None = None) -> None:
        self.folder = home / "notebooks"
        self.settings = home / "settings"
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.folder.mkdir(parents=True)
        names = ("CONFIG", "DATA", "RUNTIME")
        own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in names}
        own["IPYTHONDIR"] = str(home / "ipython")
        own["JUPYTERLAB_SETTINGS_DIR"] = str(self.settings)
        own["JUPYTERLAB_WORKSPACES_DIR"] = str(home / "workspaces")
        command = build_command(
            write_notebook(self.folder / "start.ipynb", []),
            port=port,
            browser=False,
            extra=[f"--IdentityProvider.token={self.token}", "--LabApp.expose_app_in_browser=True"],
            environ={**os.environ, **own, **(environ or {})},
        )
        self.log = home / "lab.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command.argv, env=dict(command.env), cwd=command.folder, stdout=log, stderr=log
            )

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + timeout_s
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(f"JupyterLab did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            self.call("GET", "/api/status")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def call(self, method: str, path: str) -> Any:
        """Call the server's REST interface; the JSON it answered, or None."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def stop(self) -> int:
        """End the server and its kernels, and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def set_theme(self, *, dark: bool) -> None:
        """Set the theme as a person's own setting, before a page is opened."""
        path = self.settings / "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"theme": f"JupyterLab {'Dark' if dark else 'Light'}"}))

    def end_sessions(self, name: str) -> None:
        """Shut down the kernel of the notebook of that name."""
        for session in self.call("GET", "/api/sessions"):
            if session["path"] == name:
                self.call("DELETE", f"/api/sessions/{session['id']}")
