"""Takes the pictures of README.md from the running panels.

python -m tests.browser.take_pictures               # all of them
python -m tests.browser.take_pictures search changes
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.harness import CHROMIUM_ARGS, Lab, NotebookPage, Screen, find_chromium
from tests.browser.server import LabServer
from tests.embedders.tiny_qwen3 import Shape, build_qwen3
from tests.engines.gguf import write_gguf
from tests.engines.servers import serving
from workbench.embedders.bundled import require_bundled

DOCS = Path(__file__).parents[2] / "docs"
CELLS = ("import workbench as wb\n\npanel = wb.explore()\npanel",)


def wait_for_map(page: Page, serial: int) -> None:
    """Wait until the map of that run stands, gliding done."""
    sign = f".ewb-plot-map[data-serial='{serial}'][data-method='umap']"
    page.locator(sign).wait_for(timeout=120_000)
    page.wait_for_timeout(1500)  # percentiles, and the last frame


def take(page: Page, name: str) -> None:
    """Save the panel alone."""
    page.mouse.move(0, 0)
    page.locator(".ewb").screenshot(path=DOCS / name)


def show_neighbours(notebook: NotebookPage) -> None:
    """Select a text once its percentiles are measured."""
    notebook.wait_until("'percent' in panel.percentiles")
    notebook.run_code("panel.selection = [14]")
    notebook.page.wait_for_timeout(800)


def picture_first_sight(lab: Lab) -> None:
    """The Explorer as it opens, one text selected."""
    with lab.notebook(CELLS, screen=Screen(1600, 1100), app="doc") as notebook:
        notebook.run_all()
        wait_for_map(notebook.page, 1)
        show_neighbours(notebook)
        take(notebook.page, "explorer-light.png")


def picture_changes(lab: Lab) -> None:
    """What one sentence before every text changed, on a dark page."""
    with lab.notebook(CELLS, screen=Screen(1600, 1300, dark=True), app="doc") as notebook:
        notebook.run_all()
        wait_for_map(notebook.page, 1)
        page = notebook.page
        page.locator(".ewb-radio", has_text="own text").click()
        page.locator(".ewb-own").fill("Which fruit is meant: ")
        page.locator(".ewb-own").press("Enter")
        wait_for_map(page, 2)
        take(page, "changes-dark.png")


def picture_endpoint(lab: Lab, home: str) -> None:
    """The Explorer on infinity, which serves all-MiniLM-L6-v2: the form and its verdict."""
    minilm = Path(home) / "all-MiniLM-L6-v2"
    minilm.symlink_to(require_bundled()[0])
    screen = Screen(1600, 1400)
    with (
        serving("infinity", minilm, key=None, port=7997),
        lab.notebook(CELLS, screen=screen, app="doc") as notebook,
    ):
        notebook.run_all()
        wait_for_map(notebook.page, 1)
        page = notebook.page
        page.locator(".ewb-embedder").select_option("endpoint:")
        page.locator(".ewb-server").select_option("infinity")
        page.locator(".ewb-connect").click()
        wait_for_map(page, 2)
        page.locator(".ewb-embedder").select_option("endpoint:")
        page.locator(".ewb-tab-neighbours").click()
        show_neighbours(notebook)
        take(page, "endpoint-light.png")


def picture_doctor(lab: Lab, home: str) -> None:
    """The doctor on llama.cpp, whose file was converted without the end token."""
    model = build_qwen3(Path(home) / "tiny-qwen3-embedding", shape=Shape(positions=1024))
    wrong = write_gguf(model, Path(home) / "tiny-qwen3-embedding.gguf", end_token=False)
    with serving("llamacpp", wrong, key=None, port=8080) as engine:
        show = f"import workbench as wb\n\npanel = wb.doctor_panel({engine.base_url!r})\npanel"
        with lab.notebook([show], screen=Screen(1600, 1200), app="doc") as notebook:
            notebook.run_code(f"import os; os.chdir({home!r})")  # no path of this machine is shown
            notebook.run_all()
            page = notebook.page
            page.locator(".ewb-reference").select_option("directory")
            page.locator(".ewb-where").fill(f"./{model.name}")
            page.locator(".ewb-go").click()
            page.locator(".ewb-diagnosis").wait_for(timeout=120_000)
            page.locator(".ewb-finding", has_text="parity").locator("summary").click()
            page.wait_for_timeout(500)
            page.mouse.move(0, 0)
            page.locator(".ewb-doctor").screenshot(path=DOCS / "doctor-light.png")


def picture_search(lab: Lab) -> None:
    """One query with and without an instruction, two passages judged."""
    show = "import workbench as wb\n\npanel = wb.search_panel()\npanel"
    with lab.notebook([show], screen=Screen(1600, 1300), app="doc") as notebook:
        notebook.run_all()
        page = notebook.page
        page.locator(".ewb-query").fill("How do I read a CSV file with a header?")
        page.locator(".ewb-instruction").select_option("own")
        page.locator(".ewb-own").fill("Find code that does it: ")
        page.locator(".ewb-k").fill("5")
        page.locator(".ewb-query").press("Enter")
        page.locator(".ewb-status[data-phase=done]").wait_for(state="attached", timeout=120_000)
        page.locator(".ewb-thumb-up").first.click()
        page.locator(".ewb-thumb-down").nth(4).click()
        page.wait_for_timeout(500)
        page.mouse.move(0, 0)
        page.locator(".ewb-search").screenshot(path=DOCS / "search-light.png")


def picture_evaluation(lab: Lab) -> None:
    """Two embedders on the built-in tasks: scores, differences, cost and the first figures."""
    show = "import workbench as wb\n\npanel = wb.evaluation_panel()\npanel"
    with lab.notebook([show], screen=Screen(1600, 2700), app="doc") as notebook:
        notebook.run_all()
        page = notebook.page
        page.locator(".ewb-evaluation .ewb-go").click()
        panel = page.locator(".ewb-evaluation")
        panel.locator(".ewb-status[data-phase=done]").wait_for(state="attached", timeout=300_000)
        for plot in panel.locator(".ewb-plot").all():
            plot.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        page.mouse.move(0, 0)
        box, last = panel.bounding_box(), page.locator("section[aria-label='Quality against cost']")
        card = last.bounding_box()
        assert box is not None and card is not None
        height = card["y"] + card["height"] - box["y"] + 4
        page.screenshot(path=DOCS / "evaluation-light.png", clip={**box, "height": height})


def main(names: list[str]) -> None:
    """Take the pictures that are named, or all."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        path = find_chromium(playwright.chromium)
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        server = LabServer(Path(home))
        try:
            server.wait()
            lab = Lab(server, browser)
            pictures: dict[str, Callable[[Lab], None]] = {
                "first": picture_first_sight,
                "changes": picture_changes,
                "endpoint": partial(picture_endpoint, home=home),
                "doctor": partial(picture_doctor, home=home),
                "search": picture_search,
                "evaluation": picture_evaluation,
            }
            for name in names or pictures:
                pictures[name](lab)
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
