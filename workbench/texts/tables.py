"""Texts from data with columns: which column holds them, which their kinds and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.contracts import KINDS, Issue, Kind
from workbench.errors import InputError
from workbench.texts.collecting import Draft, ParsedTexts, collect

# Compared without regard to case. "text" wins over the others, which must stand alone.
TEXT_COLUMNS = (
    *("text", "文本", "texts", "content", "sentence", "passage", "query", "question", "document"),
    *("doc", "body", "chunk", "内容", "句子", "正文", "段落", "问题", "文档", "查询"),
)
_KIND_COLUMNS = ("kind", "lang")
_LABEL_COLUMNS = ("label", "topic")


@dataclass(frozen=True)
class Table:
    """Columns, however they came.

    Attributes:
        columns: Their names.
        lines: First line of each row in its file, from 1; else the row's number.
        read_column: The values of one column, a row each.
    """

    columns: tuple[str, ...]
    lines: Sequence[int]
    read_column: Callable[[str], Sequence[object]]


def texts_from_table(
    table: Table,
    *,
    column: str | None = None,
    kind_column: str | None = None,
    label_column: str | None = None,
    issues: Sequence[Issue] = (),
) -> ParsedTexts:
    """Take the texts, kinds and labels out of a table.

    Args:
        table: The columns.
        column: The one with the texts. None: the only one, else one named like a text column.
        kind_column: The one with kinds. None: "kind" or "lang", if there is one.
        label_column: The one with labels. None: "label", else "topic", if there is one.
        issues: Those noticed before.

    Raises:
        InputError: A named column is missing, two have one name, or it is unclear which to take.
    """
    repeated = sorted({name for name in table.columns if table.columns.count(name) > 1})
    if repeated:
        raise InputError(f"Columns need distinct names; more than one is called {repeated[0]!r}.")
    column, noticed = _choose_column(table, column)
    kinds, kind_issues = _read_kinds(table, kind_column, column)
    labels = _read_labels(table, label_column, column)
    found = [*issues, *noticed, *kind_issues]
    drafts = []
    values = table.read_column(column)
    for line, value, kind, label in zip(table.lines, values, kinds, labels, strict=True):
        if isinstance(value, str):
            drafts.append(Draft(value, line, kind, label))
        else:
            found.append(_report_missing(line, column, value))
    return collect(drafts, issues=found, columns=table.columns, column=column)


def texts_from_frame(
    frame: Any,  # noqa: ANN401 - a pandas DataFrame, which this room does not import
    *,
    column: str | None = None,
    kind_column: str | None = None,
    label_column: str | None = None,
) -> ParsedTexts:
    """Take the texts out of a pandas DataFrame; ``line`` is the row's number from 1.

    Raises:
        InputError: See ``texts_from_table``, or ``frame`` is no DataFrame.
    """
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        raise InputError(
            f"texts_from_frame takes a pandas DataFrame; found {type(frame).__name__}. "
            "For a list of strings no parsing is needed."
        )
    names = [str(name) for name in frame.columns]

    def read_column(name: str) -> list[object]:
        values: list[object] = frame.iloc[:, names.index(name)].tolist()
        return values

    table = Table(tuple(names), range(1, len(frame) + 1), read_column)
    return texts_from_table(
        table, column=column, kind_column=kind_column, label_column=label_column
    )


def _choose_column(table: Table, column: str | None) -> tuple[str, list[Issue]]:
    columns = table.columns
    if column is not None:
        return _require(column, columns, argument="column"), []
    known = sorted(
        (name for name in columns if _fold(name) in TEXT_COLUMNS),
        key=lambda name: TEXT_COLUMNS.index(_fold(name)),
    )
    if len(columns) == 1:
        return columns[0], [] if known else [_report_header(columns[0])]
    if len(known) == 1 or (known and _fold(known[0]) in TEXT_COLUMNS[:2]):
        return known[0], []
    which = (
        f"Several columns could hold the texts: {_list(known)}."
        if known
        else f"No column is named like a text column ({', '.join(TEXT_COLUMNS[:6])} …)."
    )
    raise InputError(f"{which} Pass column= with one of the columns: {_list(columns)}.")


def _report_header(name: str) -> Issue:
    return Issue(
        1, "header", f"{name!r} was taken as the name of the only column, and not as a text."
    )


def _require(name: str, columns: Sequence[str], *, argument: str) -> str:
    if name not in columns:
        raise InputError(f"{argument}={name!r} is not among the columns: {_list(columns)}.")
    return name


def _read_kinds(
    table: Table, kind_column: str | None, text_column: str
) -> tuple[list[Kind | None], list[Issue]]:
    if kind_column is not None:
        _require(kind_column, table.columns, argument="kind_column")
    else:
        kind_column = _find_column(table, _KIND_COLUMNS, text_column)
    if kind_column is None:
        return [None] * len(table.lines), []
    allowed: dict[object, Kind] = {kind: kind for kind in KINDS}
    kinds: list[Kind | None] = []
    wrong: dict[str, list[int]] = {}
    for line, value in zip(table.lines, table.read_column(kind_column), strict=True):
        kinds.append(allowed.get(_fold(value)) if isinstance(value, str) else None)
        if kinds[-1] is None and not _is_missing(value) and value != "":
            wrong.setdefault(repr(value), []).append(line)
    return kinds, [_report_kind(kind_column, value, lines) for value, lines in wrong.items()]


def _report_kind(column: str, value: str, lines: Sequence[int]) -> Issue:
    where = f"line {lines[0]}" + (f" and {len(lines) - 1} more" if len(lines) > 1 else "")
    return Issue(
        lines[0],
        "kind",
        f"Column {column!r} holds {value} ({where}), which is none of {', '.join(KINDS)}; the kind "
        "was guessed instead.",
    )


def _read_labels(table: Table, label_column: str | None, text_column: str) -> list[str]:
    if label_column is not None:
        _require(label_column, table.columns, argument="label_column")
    else:
        label_column = _find_column(table, _LABEL_COLUMNS, text_column)
    if label_column is None:
        return [""] * len(table.lines)
    return ["" if _is_missing(v) else str(v) for v in table.read_column(label_column)]


def _find_column(table: Table, known: Sequence[str], text_column: str) -> str | None:
    """The column of the first known name, whatever its case, that does not hold the texts."""
    others = [name for name in table.columns if name != text_column]
    found = (name for wanted in known for name in others if _fold(name) == wanted)
    return next(found, None)


def _report_missing(line: int, column: str, value: object) -> Issue:
    if _is_missing(value):
        found = f"has no value in column {column!r}"
    else:
        found = (
            f"holds {value!r:.60} ({type(value).__name__}) in column {column!r}, which is no text"
        )
    return Issue(line, "missing", f"Line {line} {found}; it was left out.")


def _is_missing(value: object) -> bool:
    """None, NaN, or pandas.NA, which cannot be compared."""
    return value is None or repr(value) in ("nan", "<NA>", "NaT")


def _fold(name: str) -> str:
    return name.strip().lower()


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
