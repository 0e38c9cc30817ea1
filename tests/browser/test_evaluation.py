"""The evaluation panel in a real JupyterLab: driven by keys, cancelled, told what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.harness import DESKTOP_DARK, LAPTOP, Lab, NotebookPage, Screen
from tests.browser.panel_page import PanelPage

ROOT = Path(__file__).parent.parent.parent
KEY = "sk-nobody-may-read-this-7f3a"
SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import json
from tests.figures.evaluations import HOSTILE, make_evaluation
from tests.panels.evaluating import FakeEvaluator, FakeReader
from tests.panels.fakes import FakeCatalogue
from workbench.panels.evaluation import EvaluationPanel
evaluator, catalogue = FakeEvaluator(), FakeCatalogue()
writers = {{
    "markdown": lambda evaluation: "# Evaluation",
    "csv": lambda evaluation: "task,score",
    "html": lambda evaluation: "<!doctype html>",
    "json": lambda evaluation: json.dumps(dict(evaluation.manifest)),
}}
"""
SHOW = (
    "panel = EvaluationPanel(catalogue, evaluator, FakeReader(), writers=writers,"
    " embedders=('near', 'lexical'))\npanel"
)
HURT = """
from dataclasses import replace
said = " ".join(HOSTILE) + " y" * 300 + "z" * 400
whole = make_evaluation(text=said)
evaluator.evaluation = replace(
    whole, embedders=tuple(replace(one, label=said[:60] + one.label) for one in whole.embedders)
)
"""
PANEL = PanelPage("evaluation")
find, wait_phase, shot = PANEL.find, PANEL.wait_phase, PANEL.shot


def wait_drawn(notebook: NotebookPage) -> None:
    for title in ("Scores by task", "Quality against cost", "Item by item"):
        plot = find(notebook, f"[aria-label='{title}'] .ewb-plot[data-drawn]")
        plot.wait_for(timeout=60_000)


@pytest.fixture(params=[LAPTOP, DESKTOP_DARK], ids=str)
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[NotebookPage]:
    screen: Screen = request.param
    with lab.notebook([SHOW], screen=screen, app="doc") as notebook:
        notebook.run_code(SETUP)
        notebook.run_one(0)
        find(notebook, ".ewb-go").wait_for(timeout=30_000)
        yield notebook
        notebook.run_code("evaluator.gate.open(); panel.close()")
        assert notebook.errors == []


def test_it_is_evaluated_by_keys_alone_and_the_reports_are_kept(
    notebook: NotebookPage, tmp_path: Path
) -> None:
    page = notebook.page
    shot(notebook, "empty")
    assert find(notebook, ".ewb-tools").is_hidden()
    boxes = find(notebook, ".ewb-ticks-embedders input")
    assert [box.is_checked() for box in boxes.all()] == [True, False, True]
    assert find(notebook, ".ewb-plan-words").inner_text() == "2 embedders on 2 tasks."
    notebook.run_code("evaluator.gate.shut()")
    find(notebook, ".ewb-ticks-tasks input").last.focus()
    page.keyboard.press("Space")
    assert find(notebook, ".ewb-plan-words").inner_text() == "2 embedders on 1 task."
    page.keyboard.press("Space")
    find(notebook, ".ewb-go").press("Enter")
    wait_phase(notebook, "evaluating")
    expect(find(notebook, ".ewb-status")).to_have_text("MiniLM on faq… 30 of 120")
    assert find(notebook, ".ewb-go").is_disabled()
    shot(notebook, "running")
    notebook.run_code("evaluator.gate.open()")
    wait_phase(notebook, "done")
    wait_drawn(notebook)

    rows = find(notebook, ".ewb-main-scores tbody tr").all_inner_texts()
    assert "faq" in rows[0] and "0.625" in rows[0] and "[0.575, 0.665]" in rows[0]
    said = find(notebook, ".ewb-differences tbody tr").all_inner_texts()
    assert "not separable" in said[0] and "MiniLM is higher" in said[1]
    find(notebook, ".ewb-allscores summary").first.press("Enter")
    assert "mean rank (lower is better)" in find(notebook, ".ewb-further-scores").inner_text()
    find(notebook, ".ewb-failure summary").first.press("Enter")
    assert "wrong 怎样重启网关" in find(notebook, ".ewb-failure[open]").inner_text()
    find(notebook, ".ewb-facts-of summary").first.press("Enter")
    assert "'Query: '" in find(notebook, ".ewb-facts-of").first.inner_text()
    find(notebook, ".ewb-code-of summary").press("Enter")
    assert "wb.evaluate(" in find(notebook, ".ewb-code-of").inner_text()
    shot(notebook, "done")
    for form, start in (("markdown", "# "), ("csv", "task"), ("html", "<!doc"), ("json", "{")):
        with page.expect_download() as info:
            find(notebook, f".ewb-export-{form}").press("Enter")
        target = tmp_path / info.value.suggested_filename
        info.value.save_as(target)
        assert target.read_text(encoding="utf-8").startswith(start)
    assert len(list(tmp_path.iterdir())) == 4


def test_figures_follow_what_is_chosen(notebook: NotebookPage) -> None:
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "done")
    wait_drawn(notebook)
    title = "[aria-label='Item by item'] .gtitle"
    expect(find(notebook, title)).to_contain_text("MiniLM less n-grams on faq")
    find(notebook, ".ewb-pick-first").select_option("n-grams")
    find(notebook, ".ewb-pick-second").select_option("MiniLM")
    expect(find(notebook, title)).to_contain_text("n-grams less MiniLM")
    find(notebook, ".ewb-pick-task").select_option("sts-zh")
    cost = "[aria-label='Quality against cost']"
    expect(find(notebook, f"{cost} .ytitle")).to_contain_text("spearman")
    find(notebook, ".ewb-pick-clock").select_option("batch")
    expect(find(notebook, f"{cost} .xtitle")).to_contain_text("batches")


def test_cancel_and_an_error_are_said_and_the_result_before_stays(notebook: NotebookPage) -> None:
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "done")
    notebook.run_code("evaluator.gate.shut()")
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "evaluating")
    find(notebook, ".ewb-stop").press("Enter")
    assert "the run before" in wait_phase(notebook, "cancelled")
    assert find(notebook, ".ewb-main-scores tbody tr").count() == 2
    notebook.page.wait_for_function("() => document.activeElement.classList.contains('ewb-go')")
    notebook.run_code("evaluator.failure = ValueError('<b>odd</b>')")
    find(notebook, ".ewb-go").click()
    assert "ValueError: <b>odd</b>." in wait_phase(notebook, "error")
    find(notebook, ".ewb-draws").fill("7")
    find(notebook, ".ewb-go").click()
    expect(find(notebook, ".ewb-status")).to_contain_text("Draws are 7; 100 to 100,000 are allowed")
    for box in find(notebook, ".ewb-ticks-tasks input").all():
        box.uncheck()
    assert find(notebook, ".ewb-go").is_disabled()
    assert find(notebook, ".ewb-plan-words").inner_text() == "Tick a task."


def test_pasted_data_is_told_by_line_and_becomes_a_ticked_task(
    notebook: NotebookPage, tmp_path: Path
) -> None:
    page = notebook.page
    find(notebook, ".ewb-addown summary").press("Enter")
    box = find(notebook, ".ewb-paste")
    box.fill("5\t苹果\tapple\n4\tonly two\n0\t苹果\tbolt")
    find(notebook, ".ewb-addtask").click()
    told = find(notebook, ".ewb-addown .ewb-told")
    expect(told).to_contain_text("line 2 has 2 columns")
    shot(notebook, "pasted")
    find(notebook, ".ewb-toline").press("Enter")
    chosen = box.evaluate("(e) => e.value.slice(e.selectionStart, e.selectionEnd)")
    assert chosen == "4\tonly two"
    page.keyboard.press("Delete")
    page.keyboard.press("Delete")
    find(notebook, ".ewb-taskname").fill("<b>mine</b>")
    find(notebook, ".ewb-addtask").click()
    expect(told).to_contain_text("<b>mine</b>: 2 pairs.")
    assert box.input_value() == ""
    own = find(notebook, ".ewb-ticks-tasks input").last
    assert own.is_checked() and own.get_attribute("value") == "<b>mine</b>"

    file = tmp_path / "kept pairs.tsv"
    file.write_text("5\t苹果\tapple\n", encoding="utf-8")
    find(notebook, ".ewb-file").set_input_files(file)
    expect(told).to_contain_text("kept pairs: 1 pairs.")
    find(notebook, ".ewb-kind").select_option("retrieval")
    assert find(notebook, ".ewb-paste").is_hidden() and find(notebook, ".ewb-taskpath").is_visible()
    find(notebook, ".ewb-remove").last.click()
    expect(find(notebook, ".ewb-ticks-tasks input")).to_have_count(3)
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "done")
    asked = notebook.run_code("print(evaluator.asked[-1]['tasks'])")
    assert asked == "['faq', 'sts-zh', '<b>mine</b>']\n"


def test_an_endpoint_is_added_and_its_key_stays_nowhere(notebook: NotebookPage) -> None:
    page = notebook.page
    notebook.run_code(f"catalogue.key = {KEY!r}")
    find(notebook, ".ewb-addembedder summary").press("Enter")
    find(notebook, ".ewb-addspec").fill("http://127.0.0.1:9/v1")
    page.keyboard.press("Tab")
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    told = find(notebook, ".ewb-addembedder .ewb-told")
    expect(told).to_contain_text("embeds with key •••")
    assert find(notebook, ".ewb-key").input_value() == ""
    assert find(notebook, ".ewb-key").get_attribute("placeholder") == "as given before"
    added = find(notebook, ".ewb-ticks-embedders input").last
    assert added.is_checked()
    find(notebook, ".ewb-addspec").fill("http://127.0.0.1:1/v1")
    find(notebook, ".ewb-add").click()
    expect(told).to_contain_text("Nothing listens at http://127.0.0.1:1/v1")
    assert find(notebook, ".ewb-ticks-embedders input").count() == 4
    shot(notebook, "endpoint")
    assert KEY not in json.dumps(notebook.save())


def test_what_comes_is_text_and_fits_the_page(notebook: NotebookPage) -> None:
    notebook.run_code(HURT)
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "done")
    wait_drawn(notebook)
    for summary in find(notebook, ".ewb-failure summary, .ewb-facts-of summary").all():
        summary.click()
    assert "<script>window.pwned=1</script>" in find(notebook, ".ewb-failures").inner_text()
    state: dict[str, Any] = notebook.page.evaluate(
        "() => ({ pwned: window.pwned ?? null,"
        " marks: document.querySelectorAll('.ewb-evaluation :is(img, script, h1)').length,"
        " wide: [...document.querySelectorAll('.ewb-evaluation .ewb-card')]"
        ".filter((card) => card.scrollWidth > card.clientWidth + 1).length })"
    )
    assert state == {"pwned": None, "marks": 0, "wide": 0}
    shot(notebook, "hostile")
