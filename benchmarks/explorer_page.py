"""The browser's share: from a click on Embed to a matrix that is painted, in real JupyterLab."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.browser.harness import CHROMIUM_ARGS, DESKTOP, Lab, NotebookPage, find_chromium
from tests.browser.server import LabServer

CLICKS = 3
CLICK = """text => new Promise(resolve => {
    const box = document.querySelector('.ewb-texts');
    box.value = text;
    box.dispatchEvent(new Event('input'));
    const found = {};
    const begun = performance.now();
    for (const name of ['matrix', 'map']) {
        const plot = document.querySelector(`.ewb-plot-${name}`);
        new MutationObserver((_, observer) => {
            observer.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(() => {
                found[name] = (performance.now() - begun) / 1000;
                if (found.matrix && found.map) resolve(found);
            }));
        }).observe(plot, {attributeFilter: ['data-serial']});
    }
    document.querySelector('.ewb-go').click();
})"""


def measure_page(
    sizes: Sequence[int], make_texts: Callable[[int, str], list[str]]
) -> Iterator[str]:
    """Lines of a Markdown table: seconds from click to paint, other texts each time."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = find_chromium(playwright.chromium)
        if path is None:
            raise SystemExit("--browser needs a Chromium: install one, or set $CHROMIUM.")
        server = LabServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        try:
            server.wait()
            lab = Lab(server, browser)
            yield f"From the click to the painted plot, {CLICKS} clicks in one page of Chromium:"
            yield ""
            yield "| texts | matrix | first map |"
            yield "|---|---|---|"
            with lab.notebook(
                ["import workbench as wb", "panel = wb.explore(); panel"], screen=DESKTOP
            ) as notebook:
                notebook.run_all()
                notebook.page.wait_for_selector(".ewb-plot-map[data-serial]", timeout=120_000)
                for count in sizes:
                    yield _row(notebook, count, make_texts)
        finally:
            browser.close()
            server.stop()


def _row(notebook: NotebookPage, count: int, make_texts: Callable[[int, str], list[str]]) -> str:
    times: dict[str, list[float]] = {"matrix": [], "map": []}
    for click in range(CLICKS):
        lines = [text.replace("\n", " ") for text in make_texts(count, f"{'xyz'[click]}{count}-")]
        found = notebook.page.evaluate(CLICK, "\n".join(lines))
        for name, seconds in found.items():
            times[name].append(seconds)
        notebook.page.wait_for_timeout(15_000 if count > 500 else 3_000)  # UMAP, percentiles
    cells = [
        f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"
        for seconds in times.values()
    ]
    return f"| {count:,} | {' | '.join(cells)} |"
