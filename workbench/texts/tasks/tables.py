"""The columns of a task out of a table: found by name or place, each row with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from workbench.texts.tasks.layouts import SPLITS, Form, Layout, fold
from workbench.texts.tasks.problems import Problems, listed
from workbench.texts.tasks.rows import Row, show, split_rows


class TableChoice(TypedDict, total=False):
    """How a table is read, where it cannot be found out or is found out wrongly.

    Attributes:
        columns: Names or places (from 0) of the columns, one for each thing that is needed.
        delimiter: What stands between fields; None: a tab if the first row has one, else a comma.
        header: Whether the first row holds names; "auto": if the names are known ones.
        quotes: Whether a field may stand between double quotes; None: not in tables with tabs.
        where: "column=value": take these rows only.
    """

    columns: Sequence[str | int] | None
    delimiter: str | None
    header: Literal["auto"] | bool
    quotes: bool | None
    where: str | None


@dataclass(frozen=True)
class Cells:
    """The columns that a task needs.

    Attributes:
        lines: Of each row, from 1.
        columns: For each role the fields, one a row.
        notes: What is to be said about them, a sentence each.
    """

    lines: list[int]
    columns: tuple[tuple[str, ...], ...]
    notes: list[str]


@dataclass(frozen=True)
class _Plan:
    """Where the columns are: names (empty without a header), places, and what a row must be."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    form: Form


def check_choice(choice: TableChoice, problems: Problems) -> TableChoice:
    """The choice without what was not chosen.

    Raises:
        InputError: An option that there is not, or a header that is neither.
    """
    for key in choice:
        if key not in TableChoice.__annotations__:
            known = ", ".join(TableChoice.__annotations__)
            raise problems.refuse(f"{key}= is no option of a table. There are: {known}.")
    header = choice.get("header", "auto")
    if not isinstance(header, bool) and header != "auto":
        raise problems.refuse(f"header={header!r} is none of True, False and 'auto'.")
    return choice


def read_cells(
    text: str, problems: Problems, layout: Layout, choice: TableChoice, *, suffix: str = ""
) -> Cells:
    """Take the columns of a layout out of a table; unusable texts and widths go to ``problems``.

    Raises:
        InputError: The columns cannot be found, or no row is left.
    """
    check_choice(choice, problems)
    rows, notes = split_rows(
        text,
        problems,
        suffix=suffix,
        delimiter=choice.get("delimiter"),
        quotes=choice.get("quotes"),
    )
    plan = _plan(rows, layout, choice, problems)
    if plan.names:
        names = ", ".join(map(repr, plan.names))
        notes.append(f"Line {rows[0].line} was taken as the header: {names}.")
        rows = rows[1:]
    rows = [row for row in rows if _is_whole(row, plan, problems)]
    rows, said = _choose_rows(rows, plan, choice.get("where"), problems)
    for row in rows:
        for role in layout.texts:
            problems.check_text(row.line, f"the text {layout.roles[role]!r}", _at(row, plan, role))
    if not rows:
        problems.check()
        raise problems.refuse("it holds no rows behind its header.")
    columns = tuple(
        tuple(_at(row, plan, role) for row in rows) for role in range(len(layout.roles))
    )
    return Cells([row.line for row in rows], columns, notes + said)


def _at(row: Row, plan: _Plan, role: int) -> str:
    return row.fields[plan.places[role]]


def _plan(rows: Sequence[Row], layout: Layout, choice: TableChoice, problems: Problems) -> _Plan:
    columns, header = choice.get("columns"), choice.get("header", "auto")
    first = rows[0]
    if columns is not None:
        return _plan_columns(first, list(columns), layout, header, problems)
    form = next((form for form in layout.forms if form.takes(len(first.fields))), None)
    places = layout.match(first.fields) if header in (True, "auto") else None
    if places is None and header is True and form is not None:
        places = form.places
    width = len(first.fields)
    if places is not None:
        return _Plan(tuple(first.fields), places, _exactly(width))
    if form is None or header is True:
        raise problems.fail(
            first.line,
            f"{show(first)} where {' or '.join(form.says for form in layout.forms)} are known, "
            f"and its fields are no known names of columns. Pass columns= with the names or places "
            f"(from 0) of {', '.join(layout.roles)}, or delimiter= where another character stands "
            "between fields.",
        )
    return _Plan((), form.places, form)


def _exactly(width: int) -> Form:
    return Form(width, width, (), f"{width}")


def _plan_columns(
    first: Row,
    columns: list[str | int],
    layout: Layout,
    header: Literal["auto"] | bool,
    problems: Problems,
) -> _Plan:
    if len(columns) != len(layout.roles) or len(set(columns)) != len(columns):
        raise problems.refuse(
            f"columns={columns!r} must be {len(layout.roles)} different ones, for "
            f"{', '.join(layout.roles)}."
        )
    named = header is True or (header == "auto" and _holds_names(first, columns, layout))
    places = tuple(_place(column, first, named, problems) for column in columns)
    width = len(first.fields)
    if max(places) >= width:
        raise problems.fail(
            first.line, f"{show(first)}, so there is no column {max(places)} (they count from 0)."
        )
    if named:
        return _Plan(tuple(first.fields), places, _exactly(width))
    needed = max(places) + 1
    return _Plan((), places, Form(needed, None, (), f"{needed} or more"))


def _holds_names(first: Row, columns: Sequence[str | int], layout: Layout) -> bool:
    by_name = any(isinstance(column, str) and not column.isdecimal() for column in columns)
    return by_name or layout.match(first.fields) is not None


def _place(column: str | int, first: Row, named: bool, problems: Problems) -> int:
    if isinstance(column, str):
        folded = [fold(name) for name in first.fields] if named else []
        if folded.count(fold(column)) == 1:
            return folded.index(fold(column))
        if not column.isdecimal():
            raise problems.fail(
                first.line,
                f"there is no one column {column!r} among {listed(first.fields)}. Names need a "
                "header; a place counts from 0.",
            )
    place = int(column)
    if place < 0:
        raise problems.refuse(f"column {place} is below 0; places count from 0.")
    return place


def _is_whole(row: Row, plan: _Plan, problems: Problems) -> bool:
    whole = plan.form.takes(len(row.fields))
    if not whole:
        problems.add(
            row.line,
            f"{show(row)} where {plan.form.says} are needed. A tab or a comma too many or too few "
            "stands in this line.",
        )
    return whole


def _choose_rows(
    rows: list[Row], plan: _Plan, where: str | None, problems: Problems
) -> tuple[list[Row], list[str]]:
    if where is None:
        return rows, _note_splits(rows, plan)
    column, equals, value = where.partition("=")
    folded = [fold(name) for name in plan.names]
    if not equals or fold(column) not in folded:
        raise problems.refuse(
            f"where={where!r} must be 'column=value' with a column of the header: "
            f"{listed(plan.names) or 'there is no header'}."
        )
    place = folded.index(fold(column))
    chosen = [row for row in rows if row.fields[place] == value]
    if not chosen and rows:
        found = sorted({row.fields[place] for row in rows})
        raise problems.refuse(f"no row has {where!r}; that column holds {listed(found)}.")
    return chosen, [f"{len(chosen):,} of {len(rows):,} rows were taken, those with {where}."]


def _note_splits(rows: Sequence[Row], plan: _Plan) -> list[str]:
    for place, name in enumerate(plan.names):
        values = {row.fields[place] for row in rows} if fold(name) in SPLITS else set()
        if len(values) > 1:
            held = listed(sorted(values))
            return [
                f"Column {name!r} holds {held}; rows of all of them were taken. "
                f"where='{name}=…' takes one."
            ]
    return []
