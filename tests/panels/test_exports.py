"""Files for the browser and for code: they open, and hold what is on screen."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.panels.conftest import FRUIT, Open
from tests.panels.fakes import QUERY, Browser
from workbench.errors import InputError
from workbench.panels.exports import MIME

TEXTS = [*FRUIT, 'a,b\n"quoted"', "<b>bold</b>"]


def export(browser: Browser, what: str) -> tuple[str, str, bytes]:
    browser.send("export", what=what)
    browser.rest()
    content, buffers = browser.sent[-1]
    assert content["type"] == "file", browser.panel.status
    return content["name"], content["mime"], bytes(buffers[0])


def vectors_of(browser: Browser) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert browser.panel.embeddings is not None
    return browser.panel.embeddings.vectors


def test_npz_reads_back(open_panel: Open) -> None:
    browser = open_panel(TEXTS)
    name, mime, content = export(browser, "npz")
    assert (name, mime) == ("embeddings.npz", "application/octet-stream")
    with np.load(io.BytesIO(content)) as file:
        np.testing.assert_array_equal(file["vectors"], vectors_of(browser))
        assert [item["text"] for item in json.loads(bytes(file["items"]))] == TEXTS


def test_parquet_reads_back(open_panel: Open) -> None:
    browser = open_panel(TEXTS)
    _, _, content = export(browser, "parquet")
    frame = pd.read_parquet(io.BytesIO(content))
    assert frame["text"].tolist() == TEXTS
    np.testing.assert_array_equal(np.stack(frame["vector"].tolist()), vectors_of(browser))
    assert frame.attrs["recipe"]["embedder"]["name"] == "fake/near"


@pytest.mark.parametrize("what", ["csv", "jsonl"])
def test_a_format_with_a_recipe_beside_it_comes_as_a_zip_of_both(
    open_panel: Open, what: str
) -> None:
    browser = open_panel(TEXTS)
    browser.press_and_wait(prompt=QUERY)
    name, mime, content = export(browser, what)
    assert (name, mime) == (f"embeddings-{what}.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [f"embeddings.{what}", f"embeddings.{what}.recipe.json"]
        text = archive.read(f"embeddings.{what}").decode()
        recipe = json.loads(archive.read(f"embeddings.{what}.recipe.json"))
    assert recipe["prompt"]["prefix"] == "Query: "
    rows = (
        list(csv.DictReader(io.StringIO(text, newline="")))
        if what == "csv"
        else [json.loads(line) for line in text.splitlines()]
    )
    assert [row["text"] for row in rows] == TEXTS
    first = [rows[0][f"v{c}"] for c in range(16)] if what == "csv" else rows[0]["vector"]
    np.testing.assert_array_equal(numbers(first), vectors_of(browser)[0])


def numbers(values: Sequence[str | float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([float(value) for value in values], np.float32)


def test_neighbours_read_back(open_panel: Open) -> None:
    browser = open_panel(TEXTS)
    name, _, content = export(browser, "neighbours.csv")
    assert name == "embeddings.neighbours.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert len(rows) == len(TEXTS) * (len(TEXTS) - 1)
    assert rows[0]["text"] == TEXTS[0]
    assert browser.panel.view is not None
    near = int(browser.panel.view.comparison.indices[0, 0])
    assert (rows[0]["neighbour"], rows[0]["rank"]) == (TEXTS[near], "1")


def test_the_page_holds_the_figures_and_no_text_as_markup(open_panel: Open) -> None:
    browser = open_panel(TEXTS)
    name, mime, content = export(browser, "html")
    assert (name, mime) == ("embeddings.html", "text/html")
    page = content.decode()
    assert "<h2>Similarity</h2>" in page
    assert "<h2>Map</h2>" in page
    assert "<h2>Difference</h2>" not in page, "nothing was toggled yet"
    assert "<b>bold</b>" not in page
    assert "bold" in page
    browser.press_and_wait(prompt=QUERY)
    assert "<h2>Difference</h2>" in export(browser, "html")[2].decode()


def test_an_export_of_nothing_and_an_unknown_format_are_said(open_panel: Open) -> None:
    browser = open_panel([])
    browser.send("export", what="npz")
    assert "nothing to export yet" in browser.panel.status["message"]
    browser = open_panel()
    browser.send("export", what="xlsx")
    browser.rest()
    assert "'xlsx' was asked for" in browser.panel.status["message"]
    assert all(kind in browser.panel.status["message"] for kind in MIME if kind != "zip")
    assert browser.sent == []


def test_save_in_code_writes_what_is_on_screen_and_keeps_what_is_there(
    open_panel: Open, tmp_path: Path
) -> None:
    panel = open_panel(TEXTS).panel
    path = panel.save(tmp_path / "vectors.npz")
    with np.load(path) as file:
        assert file["vectors"].shape == (len(TEXTS), 16)
    with pytest.raises(InputError, match="overwrite=True"):
        panel.save(path)
    assert panel.save(path, overwrite=True) == path
    with pytest.raises(InputError, match=r"\.parquet"):
        panel.save(tmp_path / "vectors.xlsx")


def test_save_in_code_before_the_first_picture_is_an_error(
    open_panel: Open, tmp_path: Path
) -> None:
    panel = open_panel([]).panel
    with pytest.raises(InputError, match="nothing to save yet"):
        panel.save(tmp_path / "vectors.npz")


def test_figures_in_code_are_those_on_screen(open_panel: Open) -> None:
    browser = open_panel(TEXTS)
    panel = browser.panel
    matrix, chart = panel.figure(), panel.figure("map")
    assert matrix is not None
    assert chart is not None
    assert matrix.data[0].z.shape == (len(TEXTS), len(TEXTS))
    assert sum(len(trace.x) for trace in chart.data) == len(TEXTS)
    assert panel.figure("changes") is None
    browser.press_and_wait(prompt=QUERY)
    assert panel.figure("changes") is not None
    with pytest.raises(InputError, match="matrix, map, changes"):
        panel.figure("no such figure")


def test_the_repr_is_one_sentence_whatever_is_on_screen(open_panel: Open) -> None:
    browser = open_panel()
    before = repr(browser.panel)
    browser.press_and_wait("other\ntexts")
    assert repr(browser.panel) == before == "Explorer: run this cell to see it."
