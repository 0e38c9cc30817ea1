"""What goes to the browser: numbers as bytes, right to what is promised, nothing JSON lacks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets.widget import _remove_buffers
from numpy.typing import NDArray

from tests.panels.conftest import Open
from tests.panels.fakes import QUERY, FakeCatalogue
from workbench.errors import InputError
from workbench.panels.state import Unrelated
from workbench.panels.wire import encode_array, encode_cells

PARTS = (
    "table",
    "matrix",
    "map",
    "changes",
    "percentiles",
    "issues",
    "banner",
    "status",
    "options",
)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</textarea><script>alert(2)</script>",
    "{{7*7}} %{z} $e^x$ &amp; <b>bold</b>",
    "a\tb\u202ec\u0000d",
    '=HYPERLINK("http://x")',
    "  spaces at both ends  ",
    "e\u0301 cafe\u0301 \ufeff",
    "𝔘𝔫𝔦 👩‍👩‍👧",
]


def decode(encoded: dict[str, Any]) -> NDArray[Any]:
    """What the page's own decoding gives."""
    flat = np.frombuffer(encoded["buffer"], f"<{encoded['dtype']}")
    array: NDArray[Any] = flat.reshape(encoded["shape"])
    if "scale" in encoded:
        low, step = encoded["scale"]
        array = (low + array * np.float64(step)).astype(np.float32)
    return array


def assert_sendable(state: dict[str, Any]) -> int:
    """JSON without NaN beside buffers, as a comm needs it; returns the bytes."""
    plain, paths, buffers = _remove_buffers(state)
    text = json.dumps(plain, allow_nan=False)
    assert len(paths) == len(buffers)
    assert all(isinstance(part, memoryview | bytes | bytearray) for part in buffers)
    return len(text) + sum(memoryview(part).nbytes for part in buffers)


def test_a_matrix_on_the_wire_is_right_to_3e_5() -> None:
    cells = np.random.default_rng(0).uniform(-1, 1, (57, 91)).astype(np.float32)
    cells[0, 0], cells[-1, -1] = -1, 1
    encoded = encode_cells(cells)
    assert memoryview(encoded["buffer"]).nbytes == 2 * cells.size
    np.testing.assert_allclose(decode(encoded), cells, atol=3e-5)


@pytest.mark.parametrize(
    "cells",
    [np.full((3, 3), 0.25), np.zeros((0, 0)), np.ones((1, 1)), np.full((2, 2), -1e-9)],
    ids=["constant", "empty", "one", "tiny"],
)
def test_a_matrix_without_a_range_is_right_too(cells: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(decode(encode_cells(cells)), cells, atol=3e-5)


@pytest.mark.parametrize("dtype", ["int64", "int32", "float64", "float32"])
def test_an_array_on_the_wire_keeps_its_values_and_shape(dtype: str) -> None:
    array = np.arange(12, dtype=dtype).reshape(3, 4)[:, ::2]
    np.testing.assert_array_equal(decode(encode_array(array)), array)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 60, 700])
def test_every_part_can_be_sent_for_any_number_of_texts(open_panel: Open, n: int) -> None:
    browser = open_panel([f"text {i}" for i in range(n)])
    assert browser.panel.status["phase"] == "done", browser.panel.status
    browser.press_and_wait(prompt=QUERY)
    for order, colour in (("clustered", "cluster"), ("given", "label")):
        browser.send("order", order=order)
        browser.send("colour", colour=colour)
        browser.rest()
        assert browser.panel.status["phase"] == "done", browser.panel.status["details"]
        assert_sendable(browser.panel.get_state())
    assert decode(browser.panel.map["points"]).shape == (n, 2)
    assert decode(browser.panel.table["scores"]).shape == (n, min(10, n - 1))


def test_no_texts_leave_an_empty_panel_that_can_be_sent(open_panel: Open) -> None:
    browser = open_panel([])
    assert browser.panel.status["phase"] == "error"
    assert browser.panel.view is None
    assert browser.panel.figure("matrix") is None
    assert_sendable(browser.panel.get_state())


def test_the_matrix_shown_is_the_cosines_of_the_texts(open_panel: Open) -> None:
    panel = open_panel().panel
    assert panel.embeddings is not None
    full = panel.embeddings.vectors @ panel.embeddings.vectors.T
    np.testing.assert_allclose(decode(panel.matrix["figure"]["data"][0]["z"]), full, atol=3e-5)
    assert not panel.matrix["aggregated"]


def test_zooming_shows_true_cells_and_zooming_out_the_whole(
    open_panel: Open, many: list[str]
) -> None:
    browser = open_panel(many)
    whole = browser.panel.matrix
    assert whole["aggregated"]
    assert decode(whole["figure"]["data"][0]["z"]).shape == (600, 600)
    browser.send("zoom", part="matrix", rows=[40, 90], columns=[1_900, 2_000])
    browser.rest()
    window = browser.panel.matrix
    made = browser.panel.embeddings
    assert made is not None
    truth = made.vectors[40:90] @ made.vectors[1_900:].T
    np.testing.assert_allclose(decode(window["figure"]["data"][0]["z"]), truth, atol=3e-5)
    assert window["window"]
    assert not window["aggregated"]
    assert window["rows"]["order"] == list(range(40, 90))
    assert window["columns"]["order"][0] == 1_900
    assert (window["rows"]["first"], window["columns"]["first"]) == (40, 1_900)
    browser.send("zoom", part="matrix")
    browser.rest()
    assert not browser.panel.matrix["window"]
    assert browser.panel.matrix["serial"] == whole["serial"]


def test_a_cell_of_the_whole_matrix_is_the_mean_of_its_pairs(
    open_panel: Open, many: list[str]
) -> None:
    panel = open_panel(many).panel
    assert panel.embeddings is not None
    edges = panel.matrix["rows"]["edges"]
    cells = decode(panel.matrix["figure"]["data"][0]["z"])
    rows, columns = slice(edges[7], edges[8]), slice(edges[400], edges[401])
    truth = (panel.embeddings.vectors[rows] @ panel.embeddings.vectors[columns].T).mean()
    assert cells[7, 400] == pytest.approx(truth, abs=3e-5)


def test_the_parts_of_2000_texts_stay_small(open_panel: Open, many: list[str]) -> None:
    browser = open_panel(many)
    sizes = {part: assert_sendable({part: getattr(browser.panel, part)}) for part in PARTS}
    assert sizes["matrix"] < 1_000_000, sizes  # 600² cells in 2 bytes are 720,000
    assert sum(sizes.values()) < 3_000_000, sizes


def test_all_parts_of_a_run_carry_its_serial(open_panel: Open) -> None:
    pairs = Unrelated([f"t{i}" for i in range(12)], ["en"] * 12, [str(i) for i in range(12)])
    browser = open_panel(unrelated=lambda: pairs)
    browser.press_and_wait(prompt=QUERY)
    panel = browser.panel
    assert panel.view is not None
    parts = (panel.table, panel.matrix, panel.map, panel.changes, panel.percentiles)
    assert [part["serial"] for part in parts] == [panel.view.serial] * 5
    assert panel.view.serial == 2


def test_hostile_texts_reach_the_tables_to_the_letter(
    open_panel: Open, catalogue: FakeCatalogue
) -> None:
    panel = open_panel(HOSTILE).panel
    assert panel.table["texts"] == HOSTILE
    assert catalogue.embedders["near"].calls[0] == tuple(HOSTILE)
    assert_sendable(panel.get_state())


def test_hostile_texts_come_back_from_the_box_to_the_letter(open_panel: Open) -> None:
    browser = open_panel(HOSTILE)
    browser.press_and_wait(browser.panel.text + "\none more")
    assert browser.panel.table["texts"][:-1] == HOSTILE


def test_hostile_texts_are_escaped_wherever_plotly_reads_markup(open_panel: Open) -> None:
    browser = open_panel(HOSTILE)
    browser.press_and_wait(prompt=QUERY)
    figures = [getattr(browser.panel, part)["figure"] for part in ("matrix", "map", "changes")]
    for name in ("matrix", "map", "changes"):
        figure = browser.panel.figure(name)
        assert figure is not None
        figures.append(figure.to_plotly_json())
    seen = "\n".join(string for figure in figures for string in strings_in(figure))
    assert "&lt;img src=x onerror=alert(1)&gt;" in seen, "the texts must be there to be escaped"
    for raw in ("<img", "<script", "<b>bold", "$e^x$"):
        assert raw not in seen
    assert "%{z} " not in "\n".join(s for f in figures for s in templates_in(f))


def strings_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [s for inner in value.values() for s in strings_in(inner)]
    if isinstance(value, list | tuple):
        return [s for inner in value for s in strings_in(inner)]
    return [value] if isinstance(value, str) else []


def templates_in(figure: dict[str, Any]) -> list[str]:
    names = ("hovertemplate", "texttemplate")
    return [s for trace in figure["data"] for name in names for s in strings_in(trace.get(name))]


def test_half_a_character_is_refused_before_it_breaks_the_comm(open_panel: Open) -> None:
    with pytest.raises(InputError, match="half a character"):
        open_panel("fine\nhalf \ud83d")


def test_half_a_character_in_a_list_is_left_out_and_told(open_panel: Open) -> None:
    panel = open_panel(["fine", "half \ud83d"]).panel
    assert panel.table["texts"] == ["fine"]
    assert [issue["what"] for issue in panel.issues] == ["unreadable"]


def test_half_a_character_that_is_pasted_is_left_out_and_told(open_panel: Open) -> None:
    browser = open_panel()
    browser.press_and_wait("fine\nhalf \ud83d")
    assert browser.panel.table["texts"] == ["fine"]
    assert [issue["what"] for issue in browser.panel.issues] == ["unreadable"]
    plain, _, _ = _remove_buffers(browser.panel.get_state())
    json.dumps(plain, ensure_ascii=False).encode()
