"""What a person sees and does in the Explorer, for tests."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from playwright.sync_api import Locator, Page, TimeoutError

from tests.browser.harness import NotebookPage

DONE_S = 120
"""A machine that starts engines meanwhile takes most of a minute to import what a kernel needs."""


class ExplorerPage:
    """A notebook page whose kernel holds a ``panel``, shown once.

    Args:
        notebook: The open notebook.
    """

    SETUP: ClassVar[str] = (
        "import workbench as wb\n"
        "from workbench.embedders import CachedEmbedder\n"
        "model = CachedEmbedder(wb.load())"
    )
    SHOW: ClassVar[str] = "panel = wb.explore(embedder=model)\npanel"

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.page: Page = notebook.page
        self.root = self.page.locator(".ewb")
        self.box = self.find("textarea.ewb-texts")
        self.own = self.find("textarea.ewb-own")
        self.embedder = self.find("select.ewb-embedder")
        self.spec = self.find("input.ewb-spec")
        self.status = self.find(".ewb-status")
        self.matrix = self.find(".ewb-plot-matrix")
        self.map = self.find(".ewb-plot-map")

    # ---- open and close -----------------------------------------------------------------------

    def show(self) -> None:
        """Run the second cell again and wait until the new panel rests."""
        self.notebook.run_one(1)
        self.settled(0)

    def close(self) -> None:
        """Stop what still runs and close the panel."""
        self.notebook.run_code("panel.cancel(); panel.wait(); panel.close()")

    # ---- look ---------------------------------------------------------------------------------

    def find(self, selector: str) -> Locator:
        """Elements of the panel."""
        return self.root.locator(selector)

    def python(self, expression: str) -> Any:
        """The value of an expression in the kernel, by way of JSON."""
        return json.loads(self.notebook.run_code(f"import json; print(json.dumps({expression}))"))

    def wait_phase(self, *phases: str, timeout_s: float = DONE_S) -> None:
        """Wait until the status line is in one of the phases."""
        wanted = ", ".join(f".ewb .ewb-status[data-phase={phase}]" for phase in phases)
        self.page.locator(wanted).wait_for(timeout=timeout_s * 1000)

    def settled(self, after: int, *, method: str = "umap", timeout_s: float = DONE_S) -> int:
        """Wait until a view later than ``after`` is drawn and its map laid out; its serial."""
        drawn = """([after, method]) => {
            const found = name => document.querySelector(`.ewb ${name}`)?.dataset ?? {};
            const [matrix, map] = [found('.ewb-plot-matrix'), found('.ewb-plot-map')];
            return found('.ewb-status').phase === 'done' && Number(matrix.serial) > after
                && map.serial === matrix.serial && (map.method === method || !method);
        }"""
        try:
            self.page.wait_for_function(drawn, arg=[after, method], timeout=timeout_s * 1000)
        except TimeoutError as exc:
            seen = self.page.evaluate(
                "() => ['.ewb-status', '.ewb-plot-matrix', '.ewb-plot-map'].map(name => {"
                " const part = document.querySelector(`.ewb ${name}`);"
                " return [name, {...part?.dataset}, part?.textContent.slice(0, 200)]; })"
            )
            raise AssertionError(f"not settled after {timeout_s} s: {seen}") from exc
        return self.serial

    @property
    def serial(self) -> int:
        """Serial of the view whose matrix is drawn."""
        return int(self.matrix.get_attribute("data-serial") or 0)

    # ---- do -----------------------------------------------------------------------------------

    def embed(self, text: str) -> int:
        """Put a text into the box, press Embed, and wait for vectors and first pictures."""
        before = self.serial
        self.box.fill(text)
        self.find("button.ewb-go:not(.ewb-agree)").click()
        return self.settled(before, method="")

    def put(self, text: str) -> None:
        """Put a long text into the box at once: typing megabytes takes the browser minutes."""
        self.box.evaluate(
            "(box, text) => { box.value = text; box.dispatchEvent(new Event('input')); }", text
        )

    def choose_prompt(self, name: str) -> None:
        """Press one of the instruction's radio buttons."""
        self.find(f".ewb-radio input[value={name}]").check()

    def open_tab(self, name: str) -> None:
        """Open a tab of the tables: neighbours, changes, texts."""
        self.find(f".ewb-tab-{name}").click()

    def set_theme(self, name: str) -> None:
        """Change Lab's theme, "Light" or "Dark", and wait until the panel has it."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {name}",
        )
        light = str(name == "Light").lower()
        self.page.locator(f"body[data-jp-theme-light={light}]").wait_for(
            state="attached", timeout=20_000
        )
        # Lab takes its splash down twice, and throws, where the next change comes before it is gone
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        # the variables come with a style sheet that is loaded after the attribute is set
        self.page.wait_for_function(
            """light => {
                const card = document.querySelector('.ewb .ewb-card');
                const ground = getComputedStyle(card).backgroundColor;
                return (Number(ground.match(/[0-9.]+/)[0]) > 128) === light;
            }""",
            arg=name == "Light",
            timeout=20_000,
        )

    # ---- pixels -------------------------------------------------------------------------------

    def cell_at(self, row: int, column: int) -> tuple[float, float]:
        """Where a cell of the matrix is on the page."""
        return self._pixel(".ewb-plot-matrix", float(column), float(row))

    def points(self) -> dict[int, tuple[float, float]]:
        """Where the point of each text is on the page."""
        self.map.scroll_into_view_if_needed()
        found = self.page.evaluate(
            """() => {
                const plot = document.querySelector('.ewb .ewb-plot-map');
                const {left, top} = plot.getBoundingClientRect();
                const {xaxis, yaxis} = plot._fullLayout;
                const texts = trace => Array.from(trace.customdata ?? []); // lines have none
                return plot.data.flatMap(trace => texts(trace).map((text, i) => [text,
                    left + xaxis._offset + xaxis.d2p(trace.x[i]),
                    top + yaxis._offset + yaxis.d2p(trace.y[i])]));
            }"""
        )
        return {int(text): (x, y) for text, x, y in found}

    def _pixel(self, plot: str, x: float, y: float) -> tuple[float, float]:
        self.find(plot).scroll_into_view_if_needed()
        left, top = self.page.evaluate(
            """([plot, x, y]) => {
                const el = document.querySelector(`.ewb ${plot}`);
                const {left, top} = el.getBoundingClientRect();
                const {xaxis, yaxis} = el._fullLayout;
                return [left + xaxis._offset + xaxis.d2p(x), top + yaxis._offset + yaxis.d2p(y)];
            }""",
            [plot, x, y],
        )
        return left, top

    def lasso(self, corners: list[tuple[float, float]]) -> None:
        """Draw a closed line on the map with the mouse, in lasso mode."""
        self.find(".ewb-plot-map .modebar-btn[data-val=lasso]").click()
        mouse = self.page.mouse
        mouse.move(*corners[0])
        mouse.down()
        for corner in (*corners[1:], corners[0]):
            mouse.move(*corner, steps=4)
        mouse.up()
