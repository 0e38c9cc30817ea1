"""Which reader a file, a folder or a paste is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbench.contracts import Source, Task, TaskKind
from workbench.errors import InputError
from workbench.texts.tasks.beir import read_beir
from workbench.texts.tasks.bitext import parse_bitext, read_bitext
from workbench.texts.tasks.builtin import builtin_names, builtin_task
from workbench.texts.tasks.candidates import parse_reranking, read_reranking
from workbench.texts.tasks.clustering import parse_clustering, read_clustering
from workbench.texts.tasks.functions import parse_code, read_code
from workbench.texts.tasks.objects import first_record
from workbench.texts.tasks.opening import open_text, suffix_of
from workbench.texts.tasks.pairs import (
    parse_labelled_pairs,
    parse_scored_pairs,
    read_labelled_pairs,
    read_scored_pairs,
)

Reader = Callable[..., Task]

_READERS: Mapping[TaskKind, Reader] = {
    "sts": read_scored_pairs,
    "pairs": read_labelled_pairs,
    "retrieval": read_beir,
    "bitext": read_bitext,
    "code": read_code,
    "clustering": read_clustering,
    "reranking": read_reranking,
}
_PARSERS: Mapping[TaskKind, Reader] = {
    "sts": parse_scored_pairs,
    "pairs": parse_labelled_pairs,
    "bitext": parse_bitext,
    "code": parse_code,
    "clustering": parse_clustering,
    "reranking": parse_reranking,
}
_BY_NAME: Mapping[str, Reader] = {
    getattr(reader, "__name__", ""): reader for reader in _READERS.values()
}
_AS_JSON = ("columns", "header", "quotes", "descriptions")
"""Options that ``make_source`` writes as JSON; the others are words."""
_SHAPES: Mapping[frozenset[str], TaskKind] = {
    frozenset({"query", "positive", "negative"}): "reranking",
    frozenset({"code", "group"}): "code",
    frozenset({"text", "label"}): "clustering",
}


def read_task(
    path: str | Path,
    *,
    kind: TaskKind | None = None,
    name: str | None = None,
    **options: Any,  # noqa: ANN401  (each reader has its own)
) -> Task:
    """Read a task: a built-in one by its name, a BEIR folder, or a file.

    Without a kind, a file is taken for what its first line looks like: objects by their fields, a
    table for labelled pairs where every label is 0 or 1, else for scored pairs.

    Args:
        path: A name, a folder or a file.
        kind: Whose reader is to be used; None: see above.
        name: Of the task; None: the file's.
        options: For the reader: ``columns``, ``delimiter``, ``header``, ``split``, ``instruction``.

    Raises:
        InputError: It is none of these, or its reader refuses it; names lines.
    """
    if str(path) in builtin_names() and not Path(path).exists():
        task = builtin_task(str(path))
        if kind not in (None, task.kind):
            raise InputError(f"{path} is a built-in task of kind {task.kind!r}, not {kind!r}.")
        return task
    if not Path(path).exists():
        raise InputError(
            f"{str(path)!r} is no file, no folder and no built-in task. Built in are: "
            f"{', '.join(builtin_names())}."
        )
    if kind is not None and kind not in _READERS:
        raise InputError(f"kind={kind!r} is not known. Kinds: {', '.join(_READERS)}.")
    if kind is not None:
        return _READERS[kind](path, name=name, **options)
    if Path(path).is_dir():
        return read_beir(path, name=name, **options)
    if suffix_of(path) in (".jsonl", ".json"):
        return _READERS[_guess(path)](path, name=name, **options)
    return _read_pairs(path, name=name, **options)


def parse_task(
    text: str,
    *,
    kind: TaskKind,
    name: str = "pasted",
    **options: Any,  # noqa: ANN401
) -> Task:
    """A task from what was pasted, an item a line.

    Raises:
        InputError: Retrieval, which needs a folder of three files; or the lines cannot be used.
    """
    parser = _PARSERS.get(kind)
    if parser is None:
        raise InputError(
            f"kind={kind!r} cannot be pasted: {', '.join(_PARSERS)} can. Retrieval needs a BEIR "
            "folder (corpus.jsonl, queries.jsonl, qrels/test.tsv): name its path."
        )
    return parser(text, name=name, **options)


def read_source(source: Source) -> Task:
    """Read a task again by where it came from.

    Raises:
        InputError: It was pasted or made in code, or is not what it was: both hashes are named.
    """
    if source.reader == "builtin_task":
        task: Task = builtin_task(source.name)
    elif source.reader in _BY_NAME and source.path is not None:
        options = {
            key: json.loads(value) if key in _AS_JSON else value for key, value in source.options
        }
        task = _BY_NAME[source.reader](source.path, name=source.name, **options)
    else:
        raise InputError(
            f"{source.name!r} was pasted or made in code ({source.reader!r}): nothing can read it "
            "again. Pass the task itself."
        )
    if source.sha256 and task.source.sha256 != source.sha256:
        raise InputError(
            f"{source.name!r} is not what it was: its content had SHA-256 {source.sha256[:16]}…, "
            f"and has {task.source.sha256[:16]}… now. Bring back the file, or evaluate anew."
        )
    return task


def _guess(path: str | Path) -> TaskKind:
    fields = set(first_record(open_text(path)))
    for shape, kind in _SHAPES.items():
        if shape <= fields:
            return kind
    return "bitext"


def _read_pairs(path: str | Path, **options: Any) -> Task:  # noqa: ANN401
    try:
        return read_labelled_pairs(path, **options)
    except InputError as exc:
        refused = exc
    try:
        scored = read_scored_pairs(path, **options)
    except InputError as exc:
        raise InputError(
            f"{exc}\n(It was read as scored pairs, since no kind was given. Pass kind= one of "
            f"{', '.join(_READERS)}; on the command line --kind.)"
        ) from exc
    if set(scored.scores) <= {0.0, 1.0}:  # labels they are, and it says what is wrong with them
        raise refused
    return scored
