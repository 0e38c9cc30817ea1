"""What is written reads back to the letter and to the bit, with its recipe beside it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.studies.toys import make_embeddings, make_info
from workbench.contracts import Embeddings, Prompt, TextItem
from workbench.errors import InputError
from workbench.studies import (
    compare,
    export_html,
    recipe_of,
    save_embeddings,
    save_neighbours,
)

TEXTS = (
    "苹果，又脆又甜",
    ' leading, "quoted" and trailing ',
    "=1+1",
    "two\nlines\r\nand\rreturns",
    "tab\tand \u2028 separator",
    "",
    "nul \x00 end\x00",
    "👩‍💻 e\u0301",
)
ITEMS = [TextItem(text, "mixed", i + 1, "标签" if i else "") for i, text in enumerate(TEXTS)]
VECTORS = np.random.default_rng(0).normal(size=(len(TEXTS), 5)).astype(np.float32)
PROMPT = Prompt.from_prefix("Instruct: 找\nQuery:")


def made() -> Embeddings:
    return make_embeddings(VECTORS, prompt=PROMPT, info=make_info(dim=5, revision="abc"))


def check_recipe(recipe: dict[str, Any]) -> None:
    assert recipe["prompt"]["prefix"] == "Instruct: 找\nQuery:"
    assert recipe["embedder"]["name"] == "toy"
    assert recipe["embedder"]["revision"] == "abc"
    assert recipe["embedder"]["prompts"] == {"query": "Query: "}
    assert (recipe["n"], recipe["dim"]) == (8, 5)


def read_sidecar(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        path.with_name(f"{path.name}.recipe.json").read_text(encoding="utf-8")
    )
    return found


def test_npz_reads_back(tmp_path: Path) -> None:
    path = save_embeddings(tmp_path / "out.npz", ITEMS, made())
    with np.load(path) as file:
        assert np.array_equal(file["vectors"], VECTORS)
        assert file["vectors"].dtype == np.float32
        assert np.array_equal(file["tokens"], made().tokens)
        assert [TextItem(**row) for row in json.loads(bytes(file["items"]))] == ITEMS
        check_recipe(json.loads(bytes(file["recipe"])))


def test_parquet_reads_back(tmp_path: Path) -> None:
    import pandas as pd

    path = save_embeddings(tmp_path / "out.parquet", ITEMS, made())
    frame = pd.read_parquet(path)
    assert tuple(frame["text"]) == TEXTS
    assert np.array_equal(np.stack(list(frame["vector"])), VECTORS)
    assert frame["tokens"].isna().tolist() == [True] + [False] * 7
    assert frame["truncated"].tolist() == made().truncated.tolist()
    check_recipe(frame.attrs["recipe"])


def test_csv_reads_back(tmp_path: Path) -> None:
    path = save_embeddings(tmp_path / "out.csv", ITEMS, made())
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(row["text"] for row in rows) == TEXTS
    read = np.array([[row[f"v{c}"] for c in range(5)] for row in rows]).astype(np.float32)
    assert np.array_equal(read, VECTORS)
    assert [row["tokens"] for row in rows[:2]] == ["", "0"]
    check_recipe(read_sidecar(path))


def test_jsonl_reads_back(tmp_path: Path) -> None:
    path = save_embeddings(tmp_path / "out.jsonl", ITEMS, made())
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert tuple(row["text"] for row in rows) == TEXTS
    assert np.array_equal(np.array([row["vector"] for row in rows], dtype=np.float32), VECTORS)
    assert rows[0]["tokens"] is rows[0]["unknown"] is None
    check_recipe(read_sidecar(path))


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".csv", ".jsonl"])
def test_no_texts_can_be_written(tmp_path: Path, suffix: str) -> None:
    empty = make_embeddings(np.empty((0, 5)))
    assert save_embeddings(tmp_path / f"out{suffix}", [], empty).exists()


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_half_a_character_survives_where_the_format_can_hold_it(
    tmp_path: Path, suffix: str
) -> None:
    item = TextItem("half \ud83d", "other", 1)
    path = save_embeddings(tmp_path / f"out{suffix}", [item], make_embeddings(np.ones((1, 2))))
    if suffix == ".npz":
        with np.load(path) as file:
            found = json.loads(bytes(file["items"]))[0]
    else:
        found = json.loads(path.read_text(encoding="utf-8"))
    assert found["text"] == item.text


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_half_a_character_is_refused_by_row_where_it_cannot(tmp_path: Path, suffix: str) -> None:
    items = [TextItem("whole", "en", 1), TextItem("half \ud83d", "other", 2)]
    with pytest.raises(InputError, match="Text 1 holds half a character"):
        save_embeddings(tmp_path / f"out{suffix}", items, make_embeddings(np.ones((2, 2))))


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.npz, \.parquet, \.csv, \.jsonl"):
        save_embeddings(tmp_path / "out.xlsx", ITEMS, made())


def test_a_file_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = save_embeddings(tmp_path / "out.npz", ITEMS, made())
    with pytest.raises(InputError, match="there already"):
        save_embeddings(path, ITEMS, made())
    assert save_embeddings(path, ITEMS, made(), overwrite=True) == path


def test_texts_and_vectors_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="7 texts were given for 8 vectors"):
        save_embeddings(tmp_path / "out.npz", ITEMS[:7], made())


def test_a_recipe_can_be_written_as_json() -> None:
    check_recipe(json.loads(json.dumps(recipe_of(made()))))


def test_neighbours_are_a_table(tmp_path: Path) -> None:
    comparison = compare(VECTORS, k=2)
    path = save_neighbours(tmp_path / "near.csv", ITEMS, comparison)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    first = rows[0]
    assert first["text"] == TEXTS[0]
    assert first["neighbour"] == TEXTS[int(comparison.indices[0, 0])]
    assert np.float32(first["cosine"]) == comparison.scores[0, 0]


def test_a_page_of_figures_needs_no_network_and_runs_no_text(tmp_path: Path) -> None:
    from workbench.figures import matrix_figure

    hostile = "</script><script>alert(1)</script>"
    figure = matrix_figure(np.eye(2), [hostile, "b"])
    path = export_html(
        tmp_path / "page.html",
        [(hostile, figure), ("again", figure)],
        title=hostile,
        paragraphs=[hostile],
    )
    page = path.read_text(encoding="utf-8")
    assert hostile not in page
    assert "alert(1)" in page
    assert "cdn.plot.ly" not in page.split("</script>")[-1]
    assert 'src="http' not in page
    assert page.count("plotly.js v") == 1
