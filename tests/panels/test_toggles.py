"""One thing toggled: what is set against what, and what survives it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import NONE, OWN, QUERY, FakeCatalogue
from workbench.maths import similarity
from workbench.panels.state import Layout


def test_only_the_instruction_toggled_gives_a_change_with_both_labels(open_panel: Open) -> None:
    browser = open_panel()
    old = browser.panel.embeddings
    browser.press_and_wait(prompt=QUERY)
    view, changes = browser.panel.view, browser.panel.changes
    assert view is not None
    assert view.change is not None
    assert old is not None
    assert (view.before, view.label) == ("Near, no instruction", "Near, query instruction")
    assert changes["title"] == "Near, no instruction → Near, query instruction"
    difference = similarity(view.embeddings.vectors) - similarity(old.vectors)
    np.testing.assert_allclose(view.change.difference.mean, difference, atol=1e-6)
    assert changes["fresh"]


def test_toggling_back_sets_the_change_the_other_way_round(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=QUERY)
    there = browser.panel.view
    browser.press_and_wait(prompt=NONE)
    back = browser.panel.view
    assert there is not None
    assert back is not None
    assert there.change is not None
    assert back.change is not None
    assert (back.before, back.label) == (there.label, there.before)
    np.testing.assert_allclose(
        back.change.difference.mean, -there.change.difference.mean, atol=1e-6
    )


def test_instructions_that_begin_alike_are_two(open_panel: Open) -> None:
    browser = open_panel()
    long = "Given a web search query, retrieve relevant passages that answer the "
    browser.press_and_wait(prompt={"choice": "own", "own": long + "query"})
    first = browser.panel.view
    browser.press_and_wait(prompt={"choice": "own", "own": long + "riddle"})
    second = browser.panel.view
    assert first is not None
    assert second is not None
    assert second.change is not None
    assert second.change is not first.change
    assert second.change.max_abs > 0.01, "the vectors did change"


def test_the_same_press_again_keeps_the_change_on_screen(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=QUERY)
    change = browser.panel.view and browser.panel.view.change
    browser.press_and_wait(prompt=QUERY)
    assert browser.panel.view is not None
    assert browser.panel.view.change is change
    assert not browser.panel.changes["fresh"]


def test_another_model_on_the_same_texts_gives_a_change(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(spec="other")
    view = browser.panel.view
    assert view is not None
    assert view.change is not None
    assert (view.before, view.label) == ("Near, no instruction", "Other, no instruction")
    assert "two models spread their cosines differently" in browser.panel.changes["about"].lower()


def test_other_texts_give_no_change(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=QUERY)
    browser.press_and_wait("other\ntexts", prompt=NONE)
    assert browser.panel.view is not None
    assert browser.panel.view.change is None
    assert browser.panel.changes == {}


def test_the_map_after_a_toggle_starts_from_the_old_points(open_panel: Open) -> None:
    browser = open_panel()
    before = browser.panel.view
    browser.press_and_wait(prompt=QUERY)
    after = browser.panel.view
    assert before is not None
    assert after is not None
    assert before.projection is not None
    assert after.projection is not None
    assert not before.projection.started
    assert after.projection.started
    assert browser.panel.map["same"]


def test_the_map_of_other_texts_starts_afresh(open_panel: Open) -> None:
    browser = open_panel()
    maps: list[Any] = []
    browser.panel.observe(lambda change: maps.append(change["new"]), "map")
    browser.press_and_wait("quite\nother\ntexts\nhere")
    view = browser.panel.view
    assert view is not None
    assert view.projection is not None
    assert not view.projection.started
    assert not maps[0]["same"]


def test_the_first_picture_of_a_toggle_is_the_old_map(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    seen: list[bytes] = []
    browser.panel.observe(
        lambda change: seen.append(bytes(change["new"]["points"]["buffer"])), "map"
    )
    old = bytes(browser.panel.map["points"]["buffer"])
    browser.press_and_wait(prompt=QUERY)
    assert seen[0] == old, "points glide from where they were"
    assert seen[-1] != old


def test_umap_follows_the_first_picture_by_pca(open_panel: Open) -> None:
    browser = open_panel()
    assert browser.panel.map["method"] == "pca"
    browser.send("layout", method="umap")
    browser.rest()
    assert browser.panel.map["method"] == "umap"
    assert browser.panel.options["layout"]["method"] == "umap"


def test_a_layout_out_of_range_is_said_without_a_traceback(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("layout", n_neighbors=1)
    browser.rest()
    status = browser.panel.status
    assert status["phase"] == "error"
    assert "a whole number of neighbours from 2" in status["message"]
    assert status["details"] == ""
    assert browser.panel.map["method"] == "pca", "the map on screen stays"


def test_a_layout_asked_for_holds_for_the_runs_that_follow(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("layout", seed=7)
    browser.press_and_wait("a\nb\nc\nd")
    assert browser.panel.session.layout == Layout(method="pca", seed=7)
    assert browser.panel.view is not None
    assert browser.panel.view.projection is not None
    assert browser.panel.view.projection.seed == 7


def test_the_selection_outlives_a_toggle_and_not_other_texts(open_panel: Open) -> None:
    browser = open_panel()
    browser.panel.set_state({"selection": [1, 2]})
    browser.press_and_wait(prompt=QUERY)
    assert browser.panel.selection == [1, 2]
    browser.press_and_wait("other\ntexts")
    assert browser.panel.selection == []


def test_a_corrected_kind_holds_here_and_in_all_runs_that_follow(open_panel: Open) -> None:
    browser = open_panel()
    at = FRUIT.index("screwdriver")
    assert browser.panel.table["kinds"][at] == "en"
    browser.send("kind", index=at, kind="code")
    browser.rest()
    assert browser.panel.table["kinds"][at] == "code"
    browser.press_and_wait(prompt=QUERY)
    assert browser.panel.table["kinds"][at] == "code"
    browser.press_and_wait("first\nscrewdriver")
    assert browser.panel.table["kinds"] == ["en", "code"]


def test_a_corrected_kind_keeps_everything_else_on_screen(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait(prompt=QUERY)
    before = browser.panel.view
    browser.send("kind", index=0, kind="mixed")
    after = browser.panel.view
    assert before is not None
    assert after is not None
    assert (after.serial, after.change, after.embeddings) == (
        before.serial,
        before.change,
        before.embeddings,
    )


@pytest.mark.parametrize(("index", "kind"), [(0, "no such kind"), (99, "zh"), (-1, "zh")])
def test_a_kind_that_cannot_be_corrected_changes_nothing(
    open_panel: Open, index: int, kind: str
) -> None:
    browser = open_panel()
    before = browser.panel.table["kinds"]
    browser.send("kind", index=index, kind=kind)
    assert browser.panel.table["kinds"] == before


def test_kinds_and_labels_of_a_frame_hold_for_unedited_texts(
    open_panel: Open,
) -> None:
    frame = pd.DataFrame(
        {"text": ["apple", "x = 1"], "kind": ["code", "zh"], "label": ["fruit", "maths"]}
    )
    browser = open_panel(frame)
    assert browser.panel.table["kinds"] == ["code", "zh"]
    assert browser.panel.table["labels"] == ["fruit", "maths"]
    browser.press_and_wait(prompt=OWN)
    assert browser.panel.table["labels"] == ["fruit", "maths"]
    browser.press_and_wait(browser.panel.text + "\nbanana")
    assert browser.panel.table["texts"] == ["apple", "x = 1", "banana"]
    assert browser.panel.table["labels"] == ["fruit", "maths", ""]
    assert browser.panel.table["kinds"] == ["code", "zh", "en"]


def test_the_way_of_splitting_counts_for_what_was_handed_in_as_well(open_panel: Open) -> None:
    browser = open_panel("one\ntwo\n\nthree")
    assert list(browser.panel.texts) == ["one", "two", "three"]
    browser.press_and_wait(mode="blocks")
    assert list(browser.panel.texts) == ["one\ntwo", "three"]


def test_embed_in_code_splits_the_box_as_the_panel_does(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait("one\ntwo\n\nthree", mode="blocks")
    browser.panel.set_state({"text": "one\ntwo\n\nfour"})
    browser.panel.embed()
    assert browser.panel.texts == ("one\ntwo", "four")
