"""The search panel in a real JupyterLab: by keys alone, cancelled, hurt, exported."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.harness import DESKTOP_DARK, LAPTOP, Lab, NotebookPage, Screen
from tests.browser.panel_page import PanelPage

ROOT = Path(__file__).parent.parent.parent
SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.panels.fakes import FakeCatalogue
from workbench.panels.search import SearchPanel
catalogue = FakeCatalogue()
hostile = "<img src=x onerror='window.pwned=1'> <script>window.pwned=1</script> " + "w" * 900
passages = {{
    "a": "网关先停再启。Restart the gateway. Then watch the log.",
    "b": "Rotate keys every month. Old keys stay valid for a day.",
    "<b>c</b>": hostile,
    "d": "螺丝刀",
}}
"""
SHOW = "panel = SearchPanel(catalogue, 'near', passages)\npanel"
PANEL = PanelPage("search")
find, wait_phase, shot = PANEL.find, PANEL.wait_phase, PANEL.shot


@pytest.fixture(params=[LAPTOP, DESKTOP_DARK], ids=str)
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[NotebookPage]:
    screen: Screen = request.param
    with lab.notebook([SHOW], screen=screen, app="doc") as notebook:
        notebook.run_code(SETUP)
        notebook.run_one(0)
        find(notebook, ".ewb-query").wait_for(timeout=30_000)
        yield notebook
        notebook.run_code("catalogue.embedders['near'].gate.open(); panel.close()")
        assert notebook.errors == []


def test_it_is_searched_and_judged_by_keys_alone_and_labels_are_exported(
    notebook: NotebookPage, tmp_path: Path
) -> None:
    page = notebook.page
    query = find(notebook, ".ewb-query")
    query.focus()
    page.keyboard.type("怎样重启网关")
    find(notebook, ".ewb-instruction").select_option("own")
    find(notebook, ".ewb-own").fill("Find the step")
    query.press("Enter")
    wait_phase(notebook, "done")
    strings = find(notebook, "[aria-label='Query as it was embedded']").all_inner_texts()
    assert strings == ["怎样重启网关", "Instruct: Find the step⏎\nQuery: 怎样重启网关"]
    assert find(notebook, ".ewb-hit").count() == 8
    assert "are in both rankings" in find(notebook, ".ewb-overlap").inner_text()
    assert find(notebook, "mark.ewb-near").count() >= 4
    assert "unrelated" in find(notebook, ".ewb-hithead").first.inner_text()

    last = find(notebook, "[aria-label='With instruction'] .ewb-hit")
    last.first.focus()
    page.keyboard.press("+")
    expect(last.first).to_have_attribute("data-judged", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("-")
    expect(last.nth(1)).to_have_attribute("data-judged", "false")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("-")
    expect(find(notebook, ".ewb-labelled tbody tr")).to_have_count(3)
    page.keyboard.press("Backspace")
    expect(find(notebook, ".ewb-labelled tbody tr")).to_have_count(2)
    expect(last.nth(2)).to_have_attribute("data-judged", "")
    shot(notebook, "judged")
    with page.expect_download() as info:
        find(notebook, ".ewb-exportlabels").press("Enter")
    target = tmp_path / info.value.suggested_filename
    info.value.save_as(target)
    with zipfile.ZipFile(target) as archive:
        lines = archive.read("search-labels/qrels/test.tsv").decode().splitlines()
    assert [line.rsplit("\t", 1)[1] for line in lines] == ["score", "1", "0"]
    find(notebook, ".ewb-codebox summary").last.press("Enter")
    assert "panel.to_task(" in find(notebook, ".ewb-snippet").last.inner_text()
    assert notebook.run_code("print(len(panel.to_task('mine').corpus))") == "4\n"


def test_thumbs_are_given_and_taken_back_by_mouse(notebook: NotebookPage) -> None:
    find(notebook, ".ewb-query").fill("keys")
    find(notebook, ".ewb-go").first.click()
    wait_phase(notebook, "done")
    up = find(notebook, ".ewb-thumb-up").first
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    find(notebook, ".ewb-thumb-down").first.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    expect(find(notebook, ".ewb-labelled tbody tr")).to_have_count(1)
    find(notebook, ".ewb-remove").click()
    expect(find(notebook, ".ewb-labelled")).to_have_count(0)
    find(notebook, ".ewb-undo").click()
    expect(find(notebook, ".ewb-labelled tbody tr")).to_have_count(1)


def test_cancel_and_an_error_are_said_and_what_was_found_stays(notebook: NotebookPage) -> None:
    query = find(notebook, ".ewb-query")
    query.fill("keys")
    query.press("Enter")
    wait_phase(notebook, "done")
    notebook.run_code("catalogue.embedders['near'].gate.shut()")
    find(notebook, ".ewb-passages").fill("one\ntwo\nthree")
    query.press("Enter")
    wait_phase(notebook, "embedding")
    find(notebook, ".ewb-stop").press("Enter")
    assert "What is below is the search before" in wait_phase(notebook, "cancelled")
    assert find(notebook, ".ewb-hit").count() == 4
    notebook.run_code("catalogue.embedders['near'].gate.open()")
    query.fill(" ")
    query.press("Enter")
    assert "The query is empty" in wait_phase(notebook, "error")
    query.fill("two")
    query.press("Enter")
    wait_phase(notebook, "done")
    assert find(notebook, ".ewb-hit").count() == 3


def test_what_comes_is_text_and_fits_the_page(notebook: NotebookPage) -> None:
    query = find(notebook, ".ewb-query")
    query.fill("<img src=x onerror='window.pwned=1'>" + "q" * 300)
    find(notebook, ".ewb-instruction").select_option("query")
    query.press("Enter")
    wait_phase(notebook, "done")
    find(notebook, ".ewb-hit[data-id='<b>c</b>'] .ewb-thumb-up").first.click()
    expect(find(notebook, ".ewb-labelled tbody tr").first).to_be_visible()
    assert "<script>window.pwned=1</script>" in find(notebook, ".ewb-found").inner_text()
    state: dict[str, Any] = notebook.page.evaluate(
        "() => ({ pwned: window.pwned ?? null,"
        " marks: document.querySelectorAll('.ewb-search :is(img, script)').length,"
        " wide: [...document.querySelectorAll('.ewb-search .ewb-card')]"
        ".filter((card) => card.scrollWidth > card.clientWidth + 1).length })"
    )
    assert state == {"pwned": None, "marks": 0, "wide": 0}
    shot(notebook, "hostile")
