"""Results as files: vectors with their recipe, neighbours as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from workbench.contracts import Embeddings, TextItem, one_import
from workbench.errors import InputError
from workbench.studies.comparison import Comparison

SUFFIXES = (".npz", ".parquet", ".csv", ".jsonl")


def recipe_of(embeddings: Embeddings) -> dict[str, Any]:
    """How the vectors were made: the embedder and the exact prefix, ready for JSON."""
    info = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in vars(embeddings.info).items()
    }
    return {
        "embedder": info,
        "prompt": asdict(embeddings.prompt),
        "n": len(embeddings),
        "dim": int(embeddings.vectors.shape[1]),
    }


def save_embeddings(
    path: str | Path,
    items: Sequence[TextItem],
    embeddings: Embeddings,
    *,
    overwrite: bool = False,
) -> Path:
    """Write texts to the letter, vectors, token counts, flags and the recipe.

    ==========  ===================================================  ========================
    suffix      what is in it                                        the recipe
    ==========  ===================================================  ========================
    .npz        vectors, tokens, truncated, unknown; ``items``, JSON   ``recipe``, JSON
                of the texts as bytes: ``json.loads(bytes(f["items"]))``
    .parquet    a row a text, ``vector`` a list of float32           ``DataFrame.attrs["recipe"]``
    .csv        a row a text, a column a component (v0, v1, …)       ``<name>.recipe.json`` beside
    .jsonl      an object a text, ``vector`` a list                  ``<name>.recipe.json`` beside
    ==========  ===================================================  ========================

    A CSV is data: a text that begins with ``=`` stays as it is, so let a spreadsheet import it as
    text. Read it with an encoding of UTF-8.

    Args:
        path: Where to; the suffix chooses the format.
        items: The n texts.
        embeddings: Their vectors.
        overwrite: Replace a file that is there.

    Returns:
        The path written.

    Raises:
        InputError: Unknown suffix, an existing file, different lengths, or a text with half a
            character (a lone surrogate) where the format cannot hold one.
    """
    target = Path(path)
    writers: dict[str, Callable[..., None]] = dict(
        zip(SUFFIXES, (_write_npz, _write_parquet, _write_csv, _write_jsonl), strict=True)
    )
    writer = writers.get(target.suffix.lower())
    if writer is None:
        raise InputError(
            f"{target.name!r} was asked for; its suffix must be one of {', '.join(SUFFIXES)}."
        )
    if len(items) != len(embeddings):
        raise InputError(f"{len(items):,} texts were given for {len(embeddings):,} vectors.")
    check_free(target, overwrite=overwrite)
    writer(target, items, embeddings)
    return target


def save_neighbours(
    path: str | Path,
    items: Sequence[TextItem],
    comparison: Comparison,
    *,
    overwrite: bool = False,
) -> Path:
    """Write every text's neighbours as CSV: text, rank, neighbour, cosine, and both indices.

    Raises:
        InputError: An existing file, or different lengths.
    """
    target = Path(path)
    if len(items) != len(comparison):
        raise InputError(f"{len(items):,} texts were given for {len(comparison):,} vectors.")
    check_free(target, overwrite=overwrite)
    with target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["index", "text", "rank", "neighbour_index", "neighbour", "cosine"])
        for i, item in enumerate(items):
            near = zip(comparison.indices[i].tolist(), comparison.scores[i], strict=True)
            for rank, (j, score) in enumerate(near, start=1):
                rows.writerow([i, _utf8(item.text, i), rank, j, _utf8(items[j].text, j), score])
    return target


def check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse to write over a file unasked."""
    if target.exists() and not overwrite:
        raise InputError(f"{target} is there already. Choose another name, or pass overwrite=True.")


def _records(items: Sequence[TextItem], embeddings: Embeddings) -> Iterator[dict[str, Any]]:
    """Everything about each text but its vector; None where the backend cannot tell."""
    for i, item in enumerate(items):
        tokens, unknown = int(embeddings.tokens[i]), float(embeddings.unknown[i])
        yield {
            "text": item.text,
            "kind": item.kind,
            "line": item.line,
            "label": item.label,
            "tokens": tokens if tokens >= 0 else None,
            "truncated": bool(embeddings.truncated[i]),
            "unknown": unknown if unknown == unknown else None,  # noqa: PLR0124  (NaN)
        }


def _utf8(text: str, row: int) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InputError(
            f"Text {row} holds half a character ({text[exc.start]!r}), which UTF-8 cannot hold. "
            "Save as .npz or .jsonl, which can, or mend the text."
        ) from exc
    return text


def _write_npz(target: Path, items: Sequence[TextItem], embeddings: Embeddings) -> None:
    def as_bytes(value: object) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)

    with target.open("wb") as file:
        np.savez_compressed(
            file,
            vectors=embeddings.vectors,
            tokens=embeddings.tokens,
            truncated=embeddings.truncated,
            unknown=embeddings.unknown,
            items=as_bytes([asdict(item) for item in items]),
            recipe=as_bytes(recipe_of(embeddings)),
        )


def _write_parquet(target: Path, items: Sequence[TextItem], embeddings: Embeddings) -> None:
    with one_import("pandas"):
        import pandas as pd

    for row, item in enumerate(items):
        _utf8(item.text, row)
        _utf8(item.label, row)
    columns = list(_COLUMNS)
    frame = pd.DataFrame.from_records(list(_records(items, embeddings)), columns=columns)
    frame = frame.astype({"tokens": "Int64", "unknown": "float32"})
    frame["vector"] = list(embeddings.vectors)
    frame.attrs["recipe"] = recipe_of(embeddings)
    frame.to_parquet(target, index=False)


def _write_csv(target: Path, items: Sequence[TextItem], embeddings: Embeddings) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*_COLUMNS, *(f"v{c}" for c in range(embeddings.vectors.shape[1]))])
        for i, record in enumerate(_records(items, embeddings)):
            _utf8(record["text"], i)
            _utf8(record["label"], i)
            rows.writerow([*record.values(), *embeddings.vectors[i]])
    _write_recipe(target, embeddings)


def _write_jsonl(target: Path, items: Sequence[TextItem], embeddings: Embeddings) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for i, record in enumerate(_records(items, embeddings)):
            # shortest decimals that read back as the same float32
            vector = ", ".join(str(value) for value in embeddings.vectors[i])
            file.write(f'{json.dumps(record)[:-1]}, "vector": [{vector}]}}\n')
    _write_recipe(target, embeddings)


def _write_recipe(target: Path, embeddings: Embeddings) -> None:
    text = json.dumps(recipe_of(embeddings), indent=2)
    target.with_name(f"{target.name}.recipe.json").write_text(text + "\n", encoding="utf-8")


_COLUMNS = ("text", "kind", "line", "label", "tokens", "truncated", "unknown")
