"""Drive a real JupyterLab in a real Chromium.

    with lab.notebook(["import workbench as wb", "wb.explore()"], screen=LAPTOP) as notebook:
        notebook.run_all()
        notebook.page.locator(".explorer textarea").fill("苹果")
        assert notebook.run_code("print(1 + 1)") == "2\\n"

Leaving the block asserts that the page threw nothing and asked for nothing outside this machine.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.server import LabServer, write_notebook

if TYPE_CHECKING:  # where Playwright is missing, the fixtures skip aloud
    from playwright.sync_api import Browser, BrowserType, Locator, Page

CHROMIUM_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Lab's server would fetch these two from outside on the page's behalf
FETCHED_BY_SERVER = ("/lab/api/news", "/lab/api/update")
_OPEN = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"


@dataclass(frozen=True)
class Screen:
    """Window size in pixels, and Lab's theme."""

    width: int = 1280
    height: int = 800
    dark: bool = False

    def __str__(self) -> str:
        return f"{'dark' if self.dark else 'light'}-{self.width}"


LAPTOP = Screen()
LAPTOP_DARK = Screen(dark=True)
DESKTOP = Screen(1920, 1080)
DESKTOP_DARK = Screen(1920, 1080, dark=True)


def find_chromium(chromium: BrowserType) -> str | None:
    """$CHROMIUM, an installed Chromium, or the one that Playwright downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    installed = (shutil.which(name) for name in names)
    found = (os.environ.get("CHROMIUM"), *installed, chromium.executable_path)
    return next((path for path in found if path and Path(path).exists()), None)


@dataclass
class NotebookPage:
    """A notebook that is open in the browser, its kernel ready.

    Attributes:
        page: Playwright's page.
        path: The notebook's file.
        external: Addresses outside this machine that the page asked for, or had asked for.
        errors: Exceptions that nobody caught and errors written to the console.
    """

    page: Page
    path: Path
    external: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda websocket: self._note(websocket.url))
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        self.page.on(
            "console", lambda line: self.errors.append(line.text) if line.type == "error" else None
        )

    def _note(self, url: str) -> None:
        local = url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
        if not local or any(part in url for part in FETCHED_BY_SERVER):
            self.external.append(url)

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait for the notebook and its kernel: the idle sign alone shows too early."""
        self.page.locator(_OPEN).wait_for(timeout=timeout_s * 1000)
        self._run(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await panel.context.ready;
                await panel.sessionContext.ready;
                await panel.sessionContext.session.kernel.info;
            }""",
            timeout_s,
        )

    def run_all(self, *, timeout_s: float = 120, check: bool = True) -> None:
        """Run every cell and wait for the end; ``check``: no cell may raise."""
        self._run("() => window.jupyterapp.commands.execute('notebook:run-all-cells')", timeout_s)
        failed = [text for cell in self.outputs() for kind, text in cell if kind == "error"]
        assert not (check and failed), "\n".join(failed)

    def run_one(self, index: int, *, timeout_s: float = 60) -> None:
        """Run the cell at ``index``, as a person who clicks into it and presses Ctrl+Enter."""
        self._run(
            """index => {
                const {content} = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = index;
                content.deselectAll();
                return window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            timeout_s,
            index,
        )
        assert all(kind != "error" for kind, _ in self.outputs()[index]), self.outputs()[index]

    def run_code(self, code: str, *, timeout_s: float = 60) -> str:
        """Run code in the kernel beside the notebook, and return what it printed or showed as text.

        No cell is added: the page neither scrolls nor grows.
        """
        text, error = self._run(
            """async code => {
                const {session} = window.jupyterapp.shell.currentWidget.sessionContext;
                const asked = {code, silent: false, store_history: false};
                const future = session.kernel.requestExecute(asked);
                let text = '', error = '';
                future.onIOPub = ({content}) => {
                    text += content.text ?? content.data?.['text/plain'] ?? '';
                    error += content.traceback?.join('\\n') ?? '';
                };
                await future.done;
                return [text, error];
            }""",
            timeout_s,
            code,
        )
        assert not error, error
        return str(text)

    def wait_until(self, condition: str, *, timeout_s: float = 60) -> None:
        """Wait until a Python expression is true in the kernel, which is free in between."""
        end = time.monotonic() + timeout_s
        while self.run_code(f"print(bool({condition}))") != "True\n":
            assert time.monotonic() < end, f"{condition} was not true after {timeout_s} s"
            self.page.wait_for_timeout(100)

    def outputs(self) -> list[list[tuple[str, str]]]:
        """For each cell, its outputs as (type, text); the text of an error is its traceback."""
        found = self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(cell =>
                (cell.type === 'code' ? cell.outputs.toJSON() : []).map(output => [
                    output.output_type,
                    [output.text ?? output.traceback ?? output.data?.['text/plain'] ?? '']
                        .flat().join(output.traceback ? '\\n' : '')
                ]))"""
        )
        return [[(kind, text) for kind, text in cell] for cell in found]

    def save(self, *, timeout_s: float = 30) -> dict[str, Any]:
        """Save as a person would, and read the file."""
        self._run("() => window.jupyterapp.commands.execute('docmanager:save')", timeout_s)
        notebook: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return notebook

    def shot(self, name: str, target: Locator | None = None) -> None:
        """Keep a picture of the page or of ``target`` in $WORKBENCH_SHOTS, where that is set."""
        if folder := os.environ.get("WORKBENCH_SHOTS"):
            (target or self.page).screenshot(path=Path(folder) / f"{name}.png")

    def _run(self, script: str, timeout_s: float, argument: Any = None) -> Any:
        """Start a script, wait until its promise is kept and the kernel idle; what it gave."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext",
            timeout=timeout_s * 1000,
        )
        self.page.evaluate(
            f"""argument => {{
                window.harness = null;
                Promise.resolve(({script})(argument))
                    .then(value => ({{value}}), error => ({{error: `${{error}}`}}))
                    .then(ended => {{ window.harness = ended; }});
            }}""",
            argument,
        )
        self.page.wait_for_function(
            """() => {
                const {session} = window.jupyterapp.shell.currentWidget.sessionContext;
                return window.harness && session.kernel.status === 'idle';
            }""",
            timeout=timeout_s * 1000,
        )
        ended = self.page.evaluate("window.harness")
        assert "error" not in ended, ended["error"]
        return ended.get("value")


@dataclass
class Lab:
    """A server and a browser: what tests are handed."""

    server: LabServer
    browser: Browser

    @contextmanager
    def notebook(
        self, source: Sequence[str] | Path, *, screen: Screen = LAPTOP, app: str = "lab"
    ) -> Iterator[NotebookPage]:
        """Open a notebook in a fresh page and a fresh kernel.

        Args:
            source: Code cells, or a notebook to copy into the server's folder.
            screen: Window and theme.
            app: "lab": the whole of Lab; "doc": the notebook without file browser.
        """
        path = self.server.folder / f"{secrets.token_hex(4)}.ipynb"
        if isinstance(source, Path):
            shutil.copyfile(source, path)
        else:
            write_notebook(path, source)
        self.server.set_theme(dark=screen.dark)
        page = self.browser.new_page(
            viewport={"width": screen.width, "height": screen.height}, accept_downloads=True
        )
        notebook = NotebookPage(page, path)
        try:
            page.goto(f"{self.server.url}/{app}/tree/{path.name}?token={self.server.token}&reset")
            notebook.wait_ready()
            yield notebook
        finally:
            page.close()
            self.server.end_sessions(path.name)
        assert not notebook.external, f"asked for outside this machine: {notebook.external}"
        assert not notebook.errors, "\n".join(notebook.errors)
