"""What is on screen belongs to what is on screen, and what was chosen or left out is said."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import QUERY, FakeCatalogue, wait_until
from workbench.errors import Cancelled, ModelError
from workbench.maths import preservation
from workbench.panels import session, views
from workbench.panels.state import Unrelated
from workbench.studies import Projection, compare


def sixty_texts() -> Unrelated:
    texts = [f"{at} unrelated" for at in range(60)]
    return Unrelated(texts, ["en"] * 60, [str(at) for at in range(60)])


def test_the_map_before_is_judged_by_the_new_vectors(
    open_panel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = open_panel()
    before = browser.panel.view
    assert before is not None and before.projection is not None

    def cancelled(*_: object, **__: object) -> Projection:
        raise Cancelled(0, 200, "epochs")

    monkeypatch.setattr(session, "project", cancelled)
    browser.press_and_wait(prompt=QUERY)
    view = browser.panel.view
    assert view is not None and view.projection is not None
    np.testing.assert_array_equal(view.projection.points, before.projection.points)
    expected = preservation(view.embeddings.vectors, view.projection.points, 10)
    np.testing.assert_allclose(view.projection.preservation, expected)
    assert "points of the map before" in view.projection.notes[0]
    said = browser.panel.status["message"]
    assert said.endswith("The map was cancelled: it is as it was before.")


def test_while_the_map_is_drawn_the_panel_is_busy_and_cancel_stops_it(
    open_panel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = threading.Event()

    def slow(vectors: object, *, cancel: threading.Event, **_: object) -> Projection:
        reached.set()
        assert cancel.wait(10)
        raise Cancelled(3, 200, "epochs")

    browser = open_panel()
    monkeypatch.setattr(session, "project", slow)
    browser.press("one\ntwo\nthree\nfour")
    assert reached.wait(10)
    wait_until(lambda: browser.panel.status["phase"] == "mapping")
    assert browser.panel.busy
    browser.send("cancel")
    browser.rest()
    assert browser.panel.status["phase"] == "done"
    assert browser.panel.texts == ("one", "two", "three", "four")


def test_cancel_is_heeded_while_texts_are_compared(
    open_panel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = open_panel()
    signals: list[object] = []

    def watched(*args: object, cancel: object = None, **kwargs: object) -> object:
        signals.append(cancel)
        return compare(*args, cancel=cancel, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(views, "compare", watched)
    browser.press_and_wait("one\ntwo")
    assert isinstance(signals[0], threading.Event)


def test_what_a_model_chose_for_the_user_stands_in_the_status(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    embedder = catalogue.embedders["near"]
    embedder.info = replace(embedder.info, notes=("its tokenizer appends no end token",))
    browser = open_panel()
    assert ["note", "its tokenizer appends no end token"] in browser.panel.status["facts"]


def test_how_the_matrix_was_ordered_is_said(open_panel: Open) -> None:
    browser = open_panel()
    browser.send("order", order="clustered")
    browser.rest()
    assert "ordered by optimal leaves" in browser.panel.matrix["note"]


def test_a_window_too_large_to_show_in_full_stays_a_summary(
    open_panel: Open, many: list[str]
) -> None:
    browser = open_panel(many)
    browser.send("zoom", rows=[0, 900], columns=[0, 900])
    browser.rest()
    assert browser.panel.matrix["aggregated"]
    browser.send("zoom", rows=[0, 600], columns=[0, 100])
    browser.rest()
    assert browser.panel.matrix["figure"]["data"][0]["z"]["shape"] == [600, 100]


def test_an_aggregated_difference_says_that_its_cells_are_means(
    open_panel: Open, many: list[str]
) -> None:
    browser = open_panel(many[:700])
    browser.press_and_wait(prompt=QUERY)
    assert "700 texts as 600 mean cells a side" in browser.panel.changes["note"]


def test_percentiles_that_fail_do_not_make_the_run_fail(
    open_panel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ModelError("the model was unloaded")

    monkeypatch.setattr("workbench.panels.yardstick.measure_background", broken)
    browser = open_panel(unrelated=sixty_texts)
    assert browser.panel.status["phase"] == "done"
    assert "could not be measured: the model was unloaded" in browser.panel.percentiles["why"]


def test_percentiles_of_a_slow_model_are_measured_when_asked_for(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].seconds = 1_000.0
    browser = open_panel(unrelated=sixty_texts)
    assert "percent" not in browser.panel.percentiles
    browser.send("measure")
    browser.rest()
    assert browser.panel.percentiles["percent"]["shape"] == [len(FRUIT), len(FRUIT) - 1]
    assert browser.panel.status["phase"] == "done"


def test_a_cancelled_run_by_code_is_no_answer(open_panel: Open, catalogue: FakeCatalogue) -> None:
    browser = open_panel()
    embedder = catalogue.embedders["near"]
    embedder.gate.shut()

    def cancel() -> None:
        embedder.gate.reached.wait(10)
        browser.panel.cancel()

    stopper = threading.Thread(target=cancel)
    stopper.start()
    with pytest.raises(Cancelled):
        browser.panel.embed(prompt="query")
    stopper.join(10)


def test_a_kind_corrected_while_a_run_is_on_its_way_stays_corrected(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    browser = open_panel()
    embedder = catalogue.embedders["near"]
    embedder.gate.shut()
    browser.press(prompt=QUERY)
    assert embedder.gate.reached.wait(10)
    browser.send("kind", index=0, kind="code")
    embedder.gate.open()
    browser.rest()
    assert browser.panel.table["kinds"][0] == "code"
