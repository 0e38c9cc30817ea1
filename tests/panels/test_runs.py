"""A press of Embed: which texts it embeds, what replaces it, how it ends."""

from __future__ import annotations

import threading

import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import NONE, OWN, QUERY, FakeCatalogue, wait_until
from workbench.errors import ModelError


def test_the_first_picture_needs_no_press(open_panel: Open, catalogue: FakeCatalogue) -> None:
    panel = open_panel().panel
    assert panel.status["phase"] == "done"
    assert panel.texts == tuple(FRUIT)
    assert [len(call) for call in catalogue.embedders["near"].calls] == [6]


def test_the_texts_of_the_press_are_embedded_whatever_the_trait_says(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    browser.panel.set_state({"text": "an older state\nof the box"})
    browser.press_and_wait("what stood\nin the box\n at the press ")
    assert catalogue.embedders["near"].calls[-1] == ("what stood", "in the box", " at the press ")
    assert browser.panel.table["texts"] == ["what stood", "in the box", " at the press "]


def test_a_second_press_replaces_the_first_and_never_runs_beside_it(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser, embedder = open_panel(), catalogue.embedders["near"]
    embedder.gate.shut()
    browser.press("first\nfirst b")
    assert embedder.gate.reached.wait(10)
    for at in range(5):
        browser.press(f"second {at}\nsecond {at} b")
    embedder.gate.open()
    browser.rest()
    assert browser.panel.texts == ("second 4", "second 4 b")
    assert embedder.most_running == 1
    assert embedder.calls[-1] == ("second 4", "second 4 b")
    assert ("second 3", "second 3 b") not in embedder.calls[1:-2]
    assert browser.panel.view is not None
    assert browser.panel.view.serial == 2, "the replaced press must not reach the screen"


def test_cancel_keeps_the_view_and_says_how_far_it_got(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser, embedder = open_panel(), catalogue.embedders["near"]
    before = browser.panel.view
    embedder.before_gate = 3
    embedder.gate.shut()
    browser.press("a\nb\nc\nd\ne")
    assert embedder.gate.reached.wait(10)
    assert browser.panel.busy
    browser.send("cancel")
    browser.rest()
    status = browser.panel.status
    assert (status["phase"], status["done"], status["total"]) == ("cancelled", 3, 5)
    assert "after 3 of 5 texts" in status["message"]
    assert "the result before" in status["message"]
    assert browser.panel.view is before
    assert not browser.panel.busy


def test_cancel_while_the_model_loads_ends_the_run(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel(wait=False)
    assert catalogue.load_gate.reached.wait(10)
    browser.send("cancel")
    browser.rest()
    assert browser.panel.status["phase"] == "cancelled"
    assert browser.panel.view is None
    assert catalogue.loads == []


def test_a_run_after_a_cancelled_one_works(open_panel: Open, catalogue: FakeCatalogue) -> None:
    browser, embedder = open_panel(), catalogue.embedders["near"]
    embedder.gate.shut()
    browser.press("a\nb")
    assert embedder.gate.reached.wait(10)
    browser.send("cancel")
    browser.rest()
    embedder.gate.open()
    browser.press_and_wait("c\nd")
    assert browser.panel.texts == ("c", "d")
    assert browser.panel.status["phase"] == "done"


@pytest.mark.parametrize("where", ["embed", "load"])
def test_an_exception_that_escapes_is_an_error_with_a_traceback(
    open_panel: Open, catalogue: FakeCatalogue, where: str
) -> None:
    browser = open_panel()
    before, failure = browser.panel.view, ZeroDivisionError("on purpose")
    if where == "load":
        catalogue.load_failure = failure
    else:
        catalogue.embedders["near"].failure = failure
    browser.press_and_wait("a\nb")
    status = browser.panel.status
    assert status["phase"] == "error"
    assert status["message"].startswith("ZeroDivisionError: on purpose")
    assert "Traceback" in status["details"]
    assert "fakes.py" in status["details"], "the traceback must reach to where it was raised"
    assert browser.panel.view is before


def test_an_error_raised_on_purpose_has_a_message_and_no_traceback(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    catalogue.load_failure = ModelError("the weights are broken")
    browser.press_and_wait("a\nb")
    assert browser.panel.status["phase"] == "error"
    assert browser.panel.status["message"].startswith("the weights are broken")
    assert browser.panel.status["details"] == ""


def test_a_run_after_a_failed_one_works(open_panel: Open, catalogue: FakeCatalogue) -> None:
    browser = open_panel()
    catalogue.embedders["near"].failure = MemoryError("too much")
    browser.press_and_wait("a\nb")
    assert browser.panel.status["phase"] == "error"
    browser.press_and_wait("c\nd")
    assert browser.panel.texts == ("c", "d")
    assert browser.panel.session.failure is None


def test_no_texts_are_an_error_that_keeps_the_view(open_panel: Open) -> None:
    browser = open_panel()
    before = browser.panel.view
    browser.press_and_wait(" \n\n")
    assert browser.panel.status["phase"] == "error"
    assert "no text was given" in browser.panel.status["message"]
    assert browser.panel.view is before


def test_the_phases_of_a_run_come_in_order(open_panel: Open) -> None:
    browser = open_panel()
    browser.statuses.clear()
    browser.press_and_wait("a\nb\nc")
    assert browser.phases() == ["loading", "embedding", "comparing", "mapping", "done"]
    assert not browser.panel.busy


def test_a_download_is_asked_for_and_nothing_is_loaded_until_agreed(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    browser.press_and_wait(spec="far")
    status = browser.panel.status
    assert status["phase"] == "consent"
    assert status["ask_bytes"] == 1_200_000_000
    assert "1.2 GB" in status["message"]
    assert catalogue.loads == ["near"]
    assert browser.panel.view is not None
    assert browser.panel.view.request.spec == "near"
    browser.press_and_wait(spec="far", agreed=True)
    assert catalogue.loads == ["near", "far"]
    assert browser.panel.view.request.spec == "far"


def test_declining_goes_back_to_the_embedder_on_screen(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    browser.press_and_wait(spec="far")
    assert browser.panel.options["spec"] == "far"
    browser.send("decline")
    assert browser.panel.options["spec"] == "near"
    assert browser.panel.status["phase"] == "idle"
    assert "far" not in catalogue.loads


def test_no_embedder_chosen_is_said(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(spec="")
    assert browser.panel.status["phase"] == "error"
    assert "No embedder is chosen" in browser.panel.status["message"]


def test_the_instruction_of_the_press_is_the_one_embedded(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser, embedder = open_panel(["apple"]), catalogue.embedders["near"]
    for prompt, string in (
        (QUERY, "Query: apple"),
        (OWN, "Instruct: Find the fruit\nQuery: apple"),
        ({"choice": "own", "own": "to the letter: "}, "to the letter: apple"),
        (NONE, "apple"),
    ):
        browser.press_and_wait(prompt=prompt)
        assert embedder.calls[-1] == (string,)


def test_the_panel_can_be_used_from_a_thread_that_is_not_the_main_one(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    caught: list[BaseException] = []

    def use() -> None:
        try:
            browser.press_and_wait("from\na subshell")
            browser.send("order", order="clustered")
            browser.send("kind", index=0, kind="code")
            browser.panel.set_state({"selection": [1]})
            browser.rest()
        except BaseException as exc:  # noqa: BLE001  (handed to the main thread)
            caught.append(exc)

    thread = threading.Thread(target=use, name="subshell")
    thread.start()
    thread.join(60)
    assert not caught
    assert browser.panel.texts == ("from", "a subshell")
    assert browser.panel.table["kinds"][0] == "code"
    assert browser.panel.selection == [1]
    wait_until(lambda: not browser.panel.busy)
