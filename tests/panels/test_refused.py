"""Texts that a server refuses, and servers that go away: what is kept, and what is said."""

from __future__ import annotations

import pytest

from tests.panels.conftest import Open
from tests.panels.fakes import QUERY, FakeCatalogue
from workbench.contracts import PartialError
from workbench.errors import UnreachableError
from workbench.panels.reports import begin_sentence

TOO_LONG = "24,001 tokens; the server takes 1,024"


def test_refused_texts_are_left_out_by_line_with_the_reason_and_the_others_shown(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].refuses = {"long": TOO_LONG, "longer": TOO_LONG}
    browser = open_panel()
    browser.press_and_wait("a\n\nlong\nb\nlonger\nc")
    panel = browser.panel
    assert panel.texts == ("a", "b", "c")
    assert panel.table["lines"] == [1, 4, 6]
    assert panel.embeddings is not None and panel.embeddings.vectors.shape[0] == 3
    assert [(issue["line"], issue["what"]) for issue in panel.issues] == [
        (2, "empty"), (3, "refused"), (5, "refused"),
    ]  # fmt: skip
    assert panel.issues[1]["message"] == f"The text on line 3 was refused and left out: {TOO_LONG}"
    assert panel.status["phase"] == "done"
    assert panel.status["message"].startswith(
        "3 texts embedded. 2 of 5 texts were refused, see below."
    )


def test_a_toggle_on_texts_of_which_some_are_refused_still_shows_what_it_changed(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].refuses = {"long": TOO_LONG}
    browser = open_panel()
    browser.press_and_wait("a\nlong\nb\nc")
    browser.press_and_wait("a\nlong\nb\nc", prompt=QUERY)
    assert browser.panel.view is not None and browser.panel.view.change is not None
    assert len(browser.panel.view.change) == 3


def test_where_every_text_is_refused_the_first_reason_is_the_error(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].refuses = {"x": TOO_LONG, "y": TOO_LONG}
    browser = open_panel()
    before = browser.panel.view
    browser.press_and_wait("x\ny")
    assert browser.panel.status["phase"] == "error"
    said = browser.panel.status["message"]
    assert said.startswith(f"2 of 2 texts were refused: {TOO_LONG}")
    assert browser.panel.view is before


def test_a_server_that_dies_is_an_error_that_says_what_came_and_that_it_is_kept(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    embedder = catalogue.embedders["near"]
    browser = open_panel()
    before = browser.panel.view
    embedder.refuses = {"a": TOO_LONG}
    embedder.before_gate = 3
    embedder.breaks = UnreachableError("Nothing listens there any more.")
    browser.press_and_wait("a\nb\nc\nd\ne")
    status = browser.panel.status
    assert status["phase"] == "error" and not status["details"]
    assert status["message"].startswith(
        "2 of 5 texts came through: Nothing listens there any more. 1 of 5 texts were refused: "
        f"{TOO_LONG} They are kept: press Embed to ask for the rest."
    )
    assert browser.panel.view is before
    assert isinstance(browser.panel.session.failure, PartialError)
    embedder.refuses = {}
    browser.press_and_wait("a\nb\nc\nd\ne")
    assert browser.panel.texts == ("a", "b", "c", "d", "e")


def test_code_that_embeds_gets_the_partial_result(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    catalogue.embedders["near"].breaks = UnreachableError("Gone.")
    with pytest.raises(PartialError) as caught:
        browser.panel.embed(["a", "b"])
    assert caught.value.rows.tolist() == [0]


def test_a_reason_that_sends_the_texts_back_is_cut(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].refuses = {"long": "input was: " + "word " * 9_000}
    browser = open_panel()
    browser.press_and_wait("a\nlong")
    (issue,) = browser.panel.issues
    assert len(issue["message"]) < 400 and issue["message"].endswith("…")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nothing listens there", "Nothing listens there"),
        ("http://127.0.0.1:9/v1 answers 401", "http://127.0.0.1:9/v1 answers 401"),
        ("bge-m3 is not served", "bge-m3 is not served"),
        ("", ""),
    ],
)
def test_a_reason_begins_as_a_sentence_unless_it_begins_with_a_name(words: str, said: str) -> None:
    assert begin_sentence(words) == said
