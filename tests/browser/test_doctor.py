"""The doctor's panel in a real JupyterLab: seen, driven by keys, told as it goes, exported."""

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
import workbench as wb
from tests.panels.test_doctor import FakeExaminer
from tests.studies.doctor.diagnoses import FAULTY, HOSTILE, make_diagnosis
from workbench.contracts import Finding
from workbench.panels.doctor import DoctorPanel
examiner = FakeExaminer()
"""
SHOW = "panel = DoctorPanel(examiner)\npanel"
HURT = """
said = " ".join(HOSTILE.values()) + "<img src=x onerror='window.pwned=1'>"
examiner.diagnosis = make_diagnosis(
    *FAULTY, Finding("reach", "fail", said, "c", said, said, (said, "y" * 5000)), verdict=said
)
"""
PANEL = PanelPage("doctor")
find, wait_phase, shot = PANEL.find, PANEL.wait_phase, PANEL.shot


@pytest.fixture(params=[LAPTOP, DESKTOP_DARK], ids=str)
def notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[NotebookPage]:
    screen: Screen = request.param
    with lab.notebook([SHOW], screen=screen, app="doc") as notebook:
        notebook.run_code(SETUP)
        notebook.run_one(0)
        find(notebook, ".ewb-go").wait_for(timeout=30_000)
        yield notebook
        notebook.run_code("examiner.gate.open(); panel.close()")
        assert notebook.errors == []


def test_an_endpoint_is_examined_by_keys_alone_and_the_reports_are_kept(
    notebook: NotebookPage, tmp_path: Path
) -> None:
    page = notebook.page
    shot(notebook, "empty")
    assert find(notebook, ".ewb-bound").inner_text() == "Asks at most 200 requests."
    assert find(notebook, ".ewb-tools").is_hidden()
    notebook.run_code("examiner.gate.shut()")
    find(notebook, ".ewb-url").fill("http://127.0.0.1:9/v1")
    page.keyboard.press("Tab")
    page.keyboard.type(KEY)
    page.keyboard.press("Tab")
    page.keyboard.type("a-model")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.ewb-finding').length === 2")
    expect(find(notebook, ".ewb-status[data-phase=examining]")).to_have_text("The parity…")
    assert find(notebook, ".ewb-key").input_value() == ""
    assert find(notebook, ".ewb-key").get_attribute("placeholder") == "as given before"
    assert find(notebook, ".ewb-go").is_disabled()
    find(notebook, ".ewb-finding summary").first.press("Enter")
    assert "2 expected" in find(notebook, ".ewb-evidence").first.inner_text()
    shot(notebook, "running")

    notebook.run_code("examiner.gate.open()")
    wait_phase(notebook, "done")
    assert find(notebook, ".ewb-diagnosis h3").inner_text() == "Wrong"
    assert find(notebook, ".ewb-says").inner_text().startswith("The end token is missing.")
    assert find(notebook, ".ewb-finding[open]").count() == 1, "what was opened stays open"
    words = [" ".join(mark.split()) for mark in find(notebook, ".ewb-mark").all_inner_texts()]
    assert words == ["✓ ok", "✗ wrong", "✗ wrong", "? not told", "! to know", "✓ ok"]
    find(notebook, ".ewb-runfacts summary").press("Enter")
    assert "87 of at most 200 requests" in find(notebook, ".ewb-runfacts").inner_text()
    shot(notebook, "wrong")
    assert notebook.run_code("print(examiner.asked[0]['key'][:3], examiner.asked[0]['model'])") == (
        "sk- a-model\n"
    )
    for form, start in (("markdown", "# "), ("html", "<!doctype"), ("json", "{")):
        with page.expect_download() as info:
            find(notebook, f".ewb-export-{form}").press("Enter")
        target = tmp_path / info.value.suggested_filename
        info.value.save_as(target)
        content = target.read_text(encoding="utf-8")
        assert content.startswith(start) and "end_token_missing" in content
    assert KEY not in json.dumps(notebook.save())


def test_cancel_and_an_error_are_said_and_nothing_is_lost(notebook: NotebookPage) -> None:
    notebook.run_code("examiner.gate.shut()")
    find(notebook, ".ewb-url").fill("http://127.0.0.1:9/v1")
    find(notebook, ".ewb-go").click()
    notebook.page.wait_for_function("() => document.querySelectorAll('.ewb-finding').length === 2")
    find(notebook, ".ewb-stop").press("Enter")
    assert "no verdict" in wait_phase(notebook, "cancelled")
    assert find(notebook, ".ewb-finding").count() == 2
    notebook.page.wait_for_function("() => document.activeElement.classList.contains('ewb-go')")
    find(notebook, ".ewb-reference").select_option("golden")
    find(notebook, ".ewb-go").click()
    assert "say which: golden.json" in wait_phase(notebook, "error")
    find(notebook, ".ewb-deep").check()
    assert find(notebook, ".ewb-bound").inner_text() == "Asks at most 600 requests."
    shot(notebook, "error")


def test_what_a_server_says_is_text_and_fits_the_page(notebook: NotebookPage) -> None:
    notebook.run_code(HURT)
    find(notebook, ".ewb-url").fill("http://127.0.0.1:9/v1")
    find(notebook, ".ewb-go").click()
    wait_phase(notebook, "done")
    for summary in find(notebook, ".ewb-finding summary").all():
        summary.click()
    shown = find(notebook, ".ewb-diagnosis").inner_text()
    assert "<script>alert(1)</script>" in shown and "onerror" in shown
    state: dict[str, Any] = notebook.page.evaluate(
        "() => ({ pwned: window.pwned ?? null,"
        " images: document.querySelectorAll('.ewb-doctor img, .ewb-doctor script').length,"
        " wide: [...document.querySelectorAll('.ewb-doctor .ewb-card')]"
        ".filter((card) => card.scrollWidth > card.clientWidth + 1).length })"
    )
    assert state == {"pwned": None, "images": 0, "wide": 0}
    shot(notebook, "hostile")
