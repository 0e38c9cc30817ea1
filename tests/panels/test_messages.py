"""What the page sends: samples, files, previews, orders, colours, and what makes no sense."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import OWN, QUERY, TEMPLATE, FakeCatalogue
from workbench.figures import KIND_NAMES
from workbench.texts import sample_names


@pytest.mark.parametrize(
    "content",
    [
        {"do": "no such thing"},
        {},
        {"do": "embed"},
        {"do": "kind", "index": "seven", "kind": "zh"},
        {"do": "upload", "name": "a.txt", "column": ""},
        {"do": "export"},
        {"do": ["a", "list"]},
    ],
    ids=["unknown", "empty", "without its texts", "no number", "no file", "no format", "a list"],
)
def test_a_message_that_makes_no_sense_is_said_and_does_no_harm(
    open_panel: Open, content: dict[str, Any]
) -> None:
    browser = open_panel()
    before = browser.panel.view
    browser.panel._handle_custom_msg(content, [])
    browser.rest()
    assert browser.panel.status["phase"] == "error"
    assert browser.panel.status["message"]
    assert browser.panel.view is before
    browser.press_and_wait("still\nalive")
    assert browser.panel.texts == ("still", "alive")


def test_a_sample_fills_the_box_and_is_embedded_with_its_kinds_and_topics(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    assert browser.panel.options["samples"] == list(sample_names())
    browser.send("sample", name="mixed")
    browser.rest()
    assert len(browser.panel.texts) == 131
    assert set(browser.panel.table["kinds"]) == {"zh", "en", "code", "mixed"}
    assert "fruit" in browser.panel.table["labels"]
    assert browser.panel.options["source"] == "sample mixed · 131 texts"


def test_a_sample_is_embedded_under_the_instruction_that_is_set(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=QUERY)
    browser.send("sample", name="starter")
    browser.rest()
    assert all(s.startswith("Query: ") for s in catalogue.embedders["near"].calls[-1])


def test_an_unknown_sample_is_said(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("sample", name="no such sample")
    assert browser.panel.status["phase"] == "error"
    assert "no such sample" in browser.panel.status["message"]


def test_a_file_from_the_browser_is_read_and_embedded(open_panel: Open) -> None:
    browser = open_panel()
    content = 'text,lang\n苹果,zh\n"a, b",en\n'.encode()
    browser.send("upload", name="fruit.csv", column="", buffers=[content])
    browser.rest()
    browser.rest()
    assert browser.panel.texts == ("苹果", "a, b")
    assert browser.panel.table["kinds"] == ["zh", "en"]
    assert browser.panel.options["source"] == "fruit.csv · 2 texts"


def test_a_file_whose_column_is_not_clear_asks_for_it(open_panel: Open) -> None:
    browser = open_panel()
    before = browser.panel.view
    content = b"one,two\nx,y\n"
    browser.send("upload", name="pairs.csv", column="", buffers=[content])
    browser.rest()
    assert browser.panel.status["phase"] == "error"
    assert "'one', 'two'" in browser.panel.status["message"]
    assert browser.panel.options["file"] == "pairs.csv"
    assert browser.panel.view is before
    browser.send("upload", name="pairs.csv", column="two", buffers=[content])
    browser.rest()
    browser.rest()
    assert browser.panel.texts == ("y",)


def test_a_pasted_table_is_taken_apart_by_the_column_of_the_press(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait("one,two\nx,y\n", mode="csv", column="two")
    assert browser.panel.texts == ("y",)


def test_a_preview_is_the_exact_prefix(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("preview", spec="near", prompt=OWN)
    prefix = TEMPLATE.replace("{task}", "Find the fruit")
    asked = {"spec": "near", "prompt": OWN}
    assert browser.panel.preview == {"prefix": prefix, "note": "", "error": "", "asked": asked}


def test_a_text_too_long_to_show_whole_says_so(open_panel: Open) -> None:
    browser = open_panel(["a" * 2_000, "b" * 2_001])
    assert browser.panel.table["texts"] == ["a" * 2_000, "b" * 2_000 + "…"]


def test_the_page_gets_the_kinds_names_of_the_figures(open_panel: Open) -> None:
    assert open_panel().panel.options["kinds"] == KIND_NAMES


def test_a_preview_says_where_the_model_has_no_template(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("preview", spec="lexical", prompt=OWN)
    assert browser.panel.preview["prefix"] == "Find the fruit: "
    assert "no instruction template" in browser.panel.preview["note"]


def test_a_preview_of_a_role_the_model_lacks_is_an_error(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("preview", spec="lexical", prompt=QUERY)
    assert "no prompt for" in browser.panel.preview["error"]


def test_the_clustered_order_shows_the_same_cells_elsewhere(open_panel: Open) -> None:
    browser = open_panel(["apple", "x", "apples", "xx"])
    given = browser.panel.matrix
    browser.send("order", order="clustered")
    browser.rest()
    clustered = browser.panel.matrix
    assert given["rows"]["order"] == [0, 1, 2, 3]
    order = clustered["rows"]["order"]
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(0) - order.index(2)) == 1, "like beside like"
    assert browser.panel.options["order"] == "clustered"


def test_an_order_asked_for_holds_for_the_runs_that_follow(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("order", order="clustered")
    browser.press_and_wait("a\nx\nab\nxy")
    assert browser.panel.view is not None
    assert browser.panel.view.order is not None
    assert browser.panel.matrix["rows"]["order"] == browser.panel.view.order.tolist()


@pytest.mark.parametrize("colour", ["cluster", "label", "kind"])
def test_the_map_is_coloured_as_asked(open_panel: Open, colour: str) -> None:
    browser = open_panel()
    browser.send("colour", colour=colour)
    browser.rest()
    names = [trace["name"] for trace in browser.panel.map["figure"]["data"]]
    expected = {"cluster": "cluster", "label": "no label", "kind": "Chinese"}[colour]
    assert any(expected in name for name in names), names
    points = sum(trace["x"]["shape"][0] for trace in browser.panel.map["figure"]["data"])
    assert points == len(FRUIT)


def test_the_page_gets_plotly_once_it_asks(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("send_plotly")
    browser.rest()
    (content, (packed,)) = browser.sent[-1]
    assert content == {"type": "plotly"}
    assert b"plotly.js v" in gzip.decompress(packed)[:200]
    assert len(packed) < 2_000_000


def test_a_warning_names_the_share_of_unknown_tokens_and_offers_a_model(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    assert browser.panel.banner["message"] == ""
    catalogue.embedders["near"].unknown = 0.8
    browser.press_and_wait("水果\n苹果")
    banner = browser.panel.banner
    assert "80% of the tokens of the 2 Chinese texts" in banner["message"]
    assert banner["spec"] == "far"
    assert "1.2 GB" in banner["action"]


def test_what_was_noticed_is_told_by_line(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait("a\n\nb\na")
    assert [(issue["line"], issue["what"]) for issue in browser.panel.issues] == [
        (2, "empty"),
        (4, "duplicate"),
    ]


def test_scores_are_those_of_the_nearest(open_panel: Open) -> None:
    browser = open_panel()
    table, made = browser.panel.table, browser.panel.embeddings
    assert made is not None
    scores = np.frombuffer(table["scores"]["buffer"], np.float32).reshape(table["scores"]["shape"])
    near = np.frombuffer(table["neighbours"]["buffer"], np.int32).reshape(scores.shape)
    full = made.vectors @ made.vectors.T
    np.testing.assert_allclose(
        scores, np.take_along_axis(full, near.astype(np.int64), 1), atol=1e-6
    )
    np.fill_diagonal(full, -2)
    np.testing.assert_array_equal(near[:, 0], full.argmax(axis=1))
