"""Tables as text to rows of fields: tabs, commas, and quotes that may or may not mean something."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.texts.tasks.opening import split_numbered
from workbench.texts.tasks.problems import Problems, counted, shorten

_QUOTED = re.compile(r'"(?:[^"]|"")*""(?:[^"]|"")*"')


@dataclass(frozen=True)
class Row:
    """A record: the line it begins on, from 1, and its fields to the letter."""

    line: int
    fields: Sequence[str]


def split_rows(
    text: str,
    problems: Problems,
    *,
    suffix: str = "",
    delimiter: str | None = None,
    quotes: bool | None = None,
) -> tuple[list[Row], list[str]]:
    """The rows of a table, and what is to be said about them.

    Args:
        text: The file's content.
        problems: Names the file in messages.
        suffix: ".tsv" means tabs; elsewhere a tab in the first row does, whatever the name:
            STSBenchmark's files are called .csv.
        delimiter: What stands between fields; None: found out.
        quotes: A field may stand between double quotes; None: yes, unless tabs are between fields,
            where quotes are data, as in all public sets with tabs.

    Raises:
        InputError: A quote that is not closed, a delimiter that is none, no rows.
    """
    if delimiter is not None and len(delimiter) != 1:
        raise problems.refuse(
            f"delimiter={delimiter!r} is no single character. Pass '\\t', ',' or ';'."
        )
    first = next((line for _, line in split_numbered(text) if line.strip()), "")
    delimiter = delimiter or _find_delimiter(first, suffix)
    quotes = delimiter != "\t" if quotes is None else quotes
    if quotes:
        rows, empty = _split_quoted(text, delimiter, problems)
    else:
        rows, empty = _split_plain(text, delimiter)
    if not rows:
        raise problems.refuse("it holds no rows, only empty lines.")
    notes = (
        [f"{counted(empty, 'empty line was', 'empty lines were')} passed over."] if empty else []
    )
    return rows, notes + ([] if quotes else _note_quoted(rows))


def _find_delimiter(first: str, suffix: str) -> str:
    return "\t" if suffix == ".tsv" or "\t" in first or "," not in first else ","


def _split_plain(text: str, delimiter: str) -> tuple[list[Row], int]:
    rows, empty = [], 0
    for number, line in split_numbered(text):
        if line:
            rows.append(Row(number, line.split(delimiter)))
        else:
            empty += 1
    return rows, empty


def _split_quoted(text: str, delimiter: str, problems: Problems) -> tuple[list[Row], int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, empty, line = [], 0, 1
    try:
        for fields in reader:
            if fields:
                rows.append(Row(line, fields))
            else:
                empty += 1
            line = reader.line_num + 1
    except csv.Error as exc:
        raise problems.fail(
            line,
            f"the row that begins here cannot be taken apart: {exc}. A quote inside a quoted field "
            "is written twice; quotes=False takes all quotes as data.",
        ) from exc
    return rows, empty


def _note_quoted(rows: Sequence[Row]) -> list[str]:
    """Fields that look as if quotes were meant: some program wrote them so."""
    found = [row for row in rows if any(_QUOTED.fullmatch(field) for field in row.fields)]
    if not found:
        return []
    return [
        f"{counted(len(found), 'row has', 'rows have')} a field in double quotes with doubled ones "
        f"inside (first on line {found[0].line}); they were kept to the letter, and quotes=True "
        "takes them off."
    ]


def show(row: Row) -> str:
    """A row as messages show it."""
    count = len(row.fields)
    return f"{count} column{'' if count == 1 else 's'} ({shorten(list(row.fields), 80)})"
