"""Pasted text to items: lines, blocks, JSON lines, CSV and TSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from workbench.contracts import Issue
from workbench.errors import InputError
from workbench.texts.collecting import ParsedTexts, collect, is_empty, report_empty
from workbench.texts.splitting import split_lines, split_texts
from workbench.texts.tables import Table, texts_from_table

SplitMode: TypeAlias = Literal["lines", "blocks", "jsonl", "csv", "tsv"]
SPLIT_MODES: tuple[SplitMode, ...] = get_args(SplitMode)


def parse_texts(
    pasted: str,
    *,
    mode: SplitMode = "lines",
    column: str | None = None,
    kind_column: str | None = None,
    label_column: str | None = None,
) -> ParsedTexts:
    """Take pasted text apart, to the letter; what is left out or odd is reported.

    Args:
        pasted: What the user pasted, or the decoded content of a file.
        mode: "lines": a text a line; "blocks": texts between empty lines; in both a fenced block is
            one text. "jsonl": a string or an object a line. "csv", "tsv": a header, then a text a
            record.
        column: Column of the texts, for the last three; None: found by its name.
        kind_column: Column of the kinds; None: "kind" or "lang", if there is one.
        label_column: Column of the labels; None: "label", else "topic", if there is one.

    Raises:
        InputError: Not a string, an unknown mode, a bad line of JSON or CSV, or a column that is
            missing or cannot be chosen.
    """
    if not isinstance(pasted, str):
        raise InputError(f"parse_texts takes one string; found {type(pasted).__name__}.")
    if mode not in SPLIT_MODES:
        raise InputError(f"mode={mode!r} is unknown. Choose one of {', '.join(SPLIT_MODES)}.")
    if mode in ("lines", "blocks"):
        asked = {"column": column, "kind_column": kind_column, "label_column": label_column}
        for argument, value in asked.items():
            if value is not None:
                raise InputError(f"{argument}={value!r} needs columns, and mode={mode!r} has none.")
        drafts, issues = split_texts(pasted, blocks=mode == "blocks")
        return collect(drafts, issues=issues)
    pasted = pasted.removeprefix("\ufeff")  # the mark of an encoding, not of the first column
    table, issues = _read_json_lines(pasted) if mode == "jsonl" else _read_csv(pasted, mode)
    if not table.lines:
        return ParsedTexts((), tuple(issues), table.columns)
    return texts_from_table(
        table, column=column, kind_column=kind_column, label_column=label_column, issues=issues
    )


def table_from_json(values: Sequence[object], *, lines: Sequence[int]) -> Table:
    """Strings, or objects whose keys are the columns, as a table.

    Raises:
        InputError: Something else, or strings beside objects.
    """
    for line, value in zip(lines, values, strict=True):
        if not isinstance(value, str | dict):
            raise InputError(
                f"Line {line} holds {json.dumps(value):.60}; a string or an object is needed."
            )
        if type(value) is not type(values[0]):
            raise InputError(
                f"Line {line} holds {_name(value)} and line {lines[0]} {_name(values[0])}; "
                "use one of the two throughout."
            )
    rows = [value if isinstance(value, dict) else {"text": value} for value in values]
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    return Table(columns, lines, lambda name: [row.get(name) for row in rows])


def _name(value: object) -> str:
    return "a string" if isinstance(value, str) else "an object"


def _read_json_lines(pasted: str) -> tuple[Table, list[Issue]]:
    values: list[object] = []
    lines: list[int] = []
    empty: list[int] = []
    for line in split_lines(pasted):
        text = pasted[line.start : line.end]
        if is_empty(text):
            empty.append(line.number)
            continue
        values.append(read_json(text, first_line=line.number))
        lines.append(line.number)
    return table_from_json(values, lines=lines), list(report_empty(empty))


def read_json(text: str, *, first_line: int = 1) -> object:
    """Parse JSON.

    Raises:
        InputError: It is none; names line, column and cause.
    """
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as exc:
        line = first_line + exc.lineno - 1
        raise InputError(
            f"Line {line}, column {exc.colno} is not JSON: {exc.msg}. Found {text[:60]!r}."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise InputError(f"Line {first_line} is not JSON that can be read: {exc}.") from exc
    return value


def _read_csv(pasted: str, mode: SplitMode) -> tuple[Table, list[Issue]]:
    records, empty = _read_records(pasted, mode)
    if not records:
        return Table((), (), lambda _: ()), list(report_empty(empty))
    _, header = records.pop(0)
    trailing = len(header) > 1 and header[-1] == ""
    if trailing:  # every record ends with a separator: there is no last, nameless column
        header.pop()
    for line, record in records:
        if trailing and len(record) == len(header) + 1 and record[-1] == "":
            record.pop()
        if len(record) != len(header):
            raise InputError(
                f"Line {line} has {len(record)} fields where {len(header)} are expected "
                f"({', '.join(map(repr, header))}). Put a field that holds "
                f"{'a tab' if mode == 'tsv' else 'a comma'} between double quotes."
            )

    def read_column(name: str) -> list[object]:
        position = header.index(name)
        return [record[position] for _, record in records]

    table = Table(tuple(header), [line for line, _ in records], read_column)
    return table, list(report_empty(empty))


def _read_records(pasted: str, mode: SplitMode) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Records with their first lines, and the numbers of empty lines but one at the very end."""
    reader = csv.reader(
        io.StringIO(pasted, newline=""), delimiter="\t" if mode == "tsv" else ",", strict=True
    )
    records: list[tuple[int, list[str]]] = []
    empty: list[int] = []
    line = 1
    try:
        for record in reader:
            if record:
                records.append((line, record))
            else:
                empty.append(line)
            line = reader.line_num + 1
    except csv.Error as exc:
        raise InputError(
            f"The record that begins on line {line} is not {mode.upper()}: {exc}. A quote inside a "
            "quoted field is written twice; longer fields than the limit fit in JSON lines."
        ) from exc
    if empty and empty[-1] == line - 1:
        empty.pop()
    return records, empty
