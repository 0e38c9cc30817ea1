"""Texts with the group each belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from workbench.contracts import Clustering
from workbench.texts.tasks.layouts import GROUPED
from workbench.texts.tasks.origin import Origin, open_origin, take_paste
from workbench.texts.tasks.problems import counted
from workbench.texts.tasks.sealing import seal
from workbench.texts.tasks.tables import TableChoice, read_cells


def read_clustering(
    path: str | Path, *, name: str | None = None, **choice: Unpack[TableChoice]
) -> Clustering:
    """Read texts with their groups: columns called text and label or topic, or ``group ⇥ text``.

    ``columns`` are the text's and the group's, in this order.

    Raises:
        InputError: The file, its columns or some of its rows cannot be used, or all texts are of
            one group; names lines.
    """
    return _clustering(open_origin(path, "read_clustering", name=name, options=choice), choice)


def parse_clustering(
    text: str, *, name: str = "pasted", **choice: Unpack[TableChoice]
) -> Clustering:
    """Like ``read_clustering``, from what was pasted.

    Raises:
        InputError: As there.
    """
    return _clustering(take_paste(text, name=name, options=choice), choice)


def _clustering(origin: Origin, choice: TableChoice) -> Clustering:
    problems = origin.problems
    cells = read_cells(origin.text, problems, GROUPED, choice, suffix=origin.suffix)
    texts, labels = cells.columns
    for line, label in zip(cells.lines, labels, strict=True):
        if not label.strip():
            problems.add(line, "the group is empty. Name one, or take the line out.")
    problems.check()
    groups = set(labels)
    if len(groups) == 1:
        raise problems.refuse(
            f"all {len(texts):,} texts are of the group {labels[0]!r}. Add texts of another."
        )
    if len(groups) == len(texts):
        raise problems.refuse(
            f"its {len(texts):,} texts are each of a group of their own, so nothing can be found "
            "again. A group stands in the first column, or in one called label or topic."
        )
    notes = ["Groups are the file's own.", *cells.notes]
    if again := len(texts) - len(set(texts)):
        notes.append(f"{counted(again, 'text is', 'texts are')} there again.")
    return seal(Clustering(origin.source.name, texts, labels, origin.source), notes)
