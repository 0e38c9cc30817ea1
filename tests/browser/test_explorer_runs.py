"""Long runs, runs that replace one another, and runs that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.browser.explorer_page import ExplorerPage

SLOW = """
import time
from dataclasses import replace
from workbench.contracts import Progress, check_cancel

class Slow:
    \"\"\"The model with a pause before each text, or with a fault.\"\"\"

    def __init__(self, inner):
        self.inner, self.pause_s, self.fault = inner, 0.0, None

    info = property(lambda self: self.inner.info)

    def resolve_prompt(self, prompt=None):
        return self.inner.resolve_prompt(prompt)

    def embed(self, texts, *, prompt=None, progress=None, cancel=None):
        for done in range(len(texts) if self.pause_s else 0):
            check_cancel(cancel, done=done, total=len(texts))
            if progress:
                progress(Progress("embed", done, len(texts)))
            time.sleep(self.pause_s)
        if self.fault:
            raise self.fault
        return self.inner.embed(texts, prompt=prompt, cancel=cancel)

    def unload(self):
        pass

plain, model = model, Slow(model)
"""
LINES = "\n".join(f"text number {n}" for n in range(200))


@pytest.fixture
def slow(warm_page: ExplorerPage) -> Iterator[ExplorerPage]:
    """A panel whose embedder takes 0.1 s a text once ``model.pause_s = 0.1`` is set."""
    warm_page.notebook.run_code(SLOW)
    warm_page.show()
    yield warm_page
    warm_page.close()
    warm_page.notebook.run_code("model = plain")
    errors = list(warm_page.notebook.errors)
    warm_page.notebook.errors.clear()
    assert not errors, "\n".join(errors)


def start(explorer: ExplorerPage, text: str) -> None:
    """Press Embed and wait until some texts are done."""
    explorer.put(text)
    explorer.find("button.ewb-go").click()
    explorer.wait_phase("embedding")
    explorer.page.wait_for_function(
        "() => document.querySelector('.ewb .ewb-progress').value > 1", timeout=30_000
    )


def test_a_cancelled_run_says_how_far_it_got_and_leaves_the_picture(slow: ExplorerPage) -> None:
    before = slow.serial
    slow.notebook.run_code("model.pause_s = 0.1")
    start(slow, LINES)
    slow.find("button.ewb-cancel").click()
    slow.wait_phase("cancelled", timeout_s=5)
    said = slow.status.inner_text()
    found = re.match(r"Cancelled after (\d+) of 200 texts\.", said)
    assert found and 0 < int(found[1]) < 200, said
    assert slow.serial == before
    assert len(slow.points()) == slow.python("len(panel.texts)") == 24
    assert slow.find("button.ewb-cancel").is_disabled()
    slow.notebook.run_code("model.pause_s = 0")
    slow.embed("after\nthe\ncancel")
    assert slow.python("panel.texts") == ["after", "the", "cancel"]


def test_a_real_model_stops_within_seconds(explorer: ExplorerPage) -> None:
    before = explorer.serial
    start(explorer, "\n".join(f"{n} " + "the quick brown fox jumps " * 20 for n in range(3000)))
    explorer.find("button.ewb-cancel").click()
    explorer.wait_phase("cancelled", timeout_s=10)
    assert re.match(r"Cancelled after [\d,]+ of 3,000 texts\.", explorer.status.inner_text())
    assert explorer.serial == before
    explorer.embed("short\ntexts")
    assert explorer.python("panel.texts") == ["short", "texts"]


def test_box_and_kernel_stay_alive_while_a_run_goes_on(slow: ExplorerPage) -> None:
    slow.notebook.run_code("model.pause_s = 0.1")
    start(slow, LINES)
    slow.box.fill("")
    slow.box.press_sequentially("typed meanwhile 打字", delay=20)
    assert slow.box.input_value() == "typed meanwhile 打字"
    assert slow.notebook.run_code("print(6 * 7)") == "42\n"
    slow.notebook.wait_until("panel.text == 'typed meanwhile 打字'", timeout_s=5)
    assert slow.box.input_value() == "typed meanwhile 打字"
    assert slow.status.get_attribute("data-phase") == "embedding"


def test_a_second_press_replaces_the_run_and_its_picture_stands(slow: ExplorerPage) -> None:
    before = slow.serial
    slow.notebook.run_code("model.pause_s = 0.1")
    start(slow, LINES)
    slow.notebook.run_code("model.pause_s = 0.02")
    slow.embed("the\nsecond\nrun")
    assert slow.python("panel.texts") == ["the", "second", "run"]
    assert slow.python("panel.wait(10)")
    assert slow.python("panel.texts") == ["the", "second", "run"]
    assert slow.serial == before + 1


def test_an_unexpected_exception_is_read_and_its_traceback_folds_out(slow: ExplorerPage) -> None:
    before = slow.serial
    slow.notebook.run_code("model.fault = ZeroDivisionError('苹果 <b>into</b> nothing')")
    slow.find("button.ewb-go").click()
    slow.wait_phase("error")
    assert "ZeroDivisionError: 苹果 <b>into</b> nothing" in slow.status.inner_text()
    trace = slow.find(".ewb-trace")
    assert not trace.is_visible()
    slow.find(".ewb-status summary").click()
    assert "Traceback (most recent call last)" in trace.inner_text()
    assert slow.serial == before and len(slow.points()) == 24
    slow.notebook.run_code("model.fault = None")
    slow.embed("all\nis\nwell")
    assert slow.python("panel.texts") == ["all", "is", "well"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("/no/such/directory", "/no/such/directory"),
        ("no-such-model", "no-such-model"),
        ("", "No embedder is chosen"),
    ],
    ids=["directory", "name", "nothing"],
)
def test_an_embedder_that_is_not_there_is_named_and_the_panel_goes_on(
    explorer: ExplorerPage, spec: str, said: str
) -> None:
    before = explorer.serial
    explorer.embedder.select_option("")
    explorer.spec.fill(spec)
    explorer.spec.press("Enter")
    explorer.wait_phase("error")
    message = explorer.status.inner_text()
    assert said in message and "Traceback" not in message
    assert not explorer.find(".ewb-status details").count()
    assert explorer.serial == before
    explorer.embedder.select_option("given")
    explorer.settled(before, method="")


def test_a_csv_with_ragged_rows_is_refused_by_its_line(explorer: ExplorerPage) -> None:
    explorer.find("select.ewb-mode").select_option("csv")
    explorer.box.fill("text,topic\napple,fruit\nhammer,tool,steel,3\n")
    explorer.find("button.ewb-go").click()
    explorer.wait_phase("error")
    assert re.search(r"[Ll]ine 3", explorer.status.inner_text())
    before = explorer.serial
    explorer.box.fill("text,topic\napple,fruit\nhammer,tool\n")
    explorer.find("button.ewb-go").click()
    explorer.settled(before, method="")
    assert explorer.python("panel.texts") == ["apple", "hammer"]


@pytest.mark.parametrize("text", ["", " \n\n  \n"], ids=["empty", "blank"])
def test_nothing_pasted_is_said(explorer: ExplorerPage, text: str) -> None:
    before = explorer.serial
    explorer.box.fill(text)
    explorer.find("button.ewb-go").click()
    explorer.wait_phase("error")
    assert "nothing to embed" in explorer.status.inner_text()
    assert explorer.serial == before


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_texts_have_a_picture(explorer: ExplorerPage, count: int) -> None:
    explorer.embed("\n".join(["苹果", "apple", "fruit"][:count]))
    assert len(explorer.points()) == count
