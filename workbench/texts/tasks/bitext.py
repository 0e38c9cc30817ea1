"""Translations from tables and JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from workbench.contracts import Bitext
from workbench.texts.tasks.layouts import TRANSLATED
from workbench.texts.tasks.objects import read_records, take_text
from workbench.texts.tasks.origin import Origin, open_origin, take_paste
from workbench.texts.tasks.problems import counted, listed
from workbench.texts.tasks.sealing import seal
from workbench.texts.tasks.tables import Cells, TableChoice, check_choice, read_cells


def read_bitext(
    path: str | Path, *, name: str | None = None, **choice: Unpack[TableChoice]
) -> Bitext:
    """Read translations: a table of two columns, or JSON lines with two fields.

    Fields and columns called zh and en, source and target and the like are found; for others pass
    ``columns``, the first of which is ``a``.

    Raises:
        InputError: The file, its columns or some of its rows cannot be used; names lines.
    """
    return _bitext(open_origin(path, "read_bitext", name=name, options=choice), choice)


def parse_bitext(text: str, *, name: str = "pasted", **choice: Unpack[TableChoice]) -> Bitext:
    """Like ``read_bitext``, from what was pasted.

    Raises:
        InputError: As there.
    """
    return _bitext(take_paste(text, name=name, options=choice), choice)


def _bitext(origin: Origin, choice: TableChoice) -> Bitext:
    problems = origin.problems
    if origin.suffix in (".jsonl", ".ndjson") or origin.text.lstrip().startswith("{"):
        cells = _read_fields(origin, check_choice(choice, problems))
    else:
        cells = read_cells(origin.text, problems, TRANSLATED, choice, suffix=origin.suffix)
    problems.check()
    if len(cells.lines) < 2:
        raise problems.refuse("it holds one pair; a translation is searched among others.")
    a, b = cells.columns
    notes = ["Translations are the file's own.", *cells.notes]
    for side, texts in (("first", a), ("second", b)):
        if again := len(texts) - len(set(texts)):
            notes.append(
                f"{counted(again, 'text', 'texts')} of the {side} side stand there again: which of "
                "them is found is chance."
            )
    return seal(Bitext(origin.source.name, a, b, origin.source), notes)


def _read_fields(origin: Origin, choice: TableChoice) -> Cells:
    """Two fields of JSON lines."""
    problems = origin.problems
    for option in choice:
        if option != "columns":
            raise problems.refuse(
                f"{option}= is for tables; of JSON lines only columns= is chosen."
            )
    records = list(read_records(origin.text, problems))
    problems.check()
    names = list(records[0][1]) if records else []
    fields = [str(column) for column in choice.get("columns") or ()]
    if not fields:
        places = TRANSLATED.match(names) or ((0, 1) if len(names) == 2 else ())
        fields = [names[place] for place in places]
    if len(fields) != 2:
        raise problems.refuse(
            f"which two fields are translations is not clear among {listed(names) or 'none'}. Pass "
            "columns= with their names."
        )
    lines, a, b = [], [], []
    for line, record in records:
        lines.append(line)
        a.append(take_text(record, fields[0], line, problems))
        b.append(take_text(record, fields[1], line, problems))
    notes = [f"Fields {fields[0]!r} and {fields[1]!r} were taken."]
    return Cells(lines, (tuple(a), tuple(b)), notes)
