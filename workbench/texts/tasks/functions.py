"""Functions with descriptions, for code search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from workbench.contracts import CodeFunction, CodeSearch
from workbench.texts.tasks.objects import Record, read_records, take_string, take_text
from workbench.texts.tasks.origin import Origin, open_origin, take_paste
from workbench.texts.tasks.problems import Problems, listed
from workbench.texts.tasks.sealing import seal

_OWN = ("id", "language", "group", "code")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]+)?")


def read_code(
    path: str | Path, *, name: str | None = None, descriptions: Sequence[str] | None = None
) -> CodeSearch:
    """Read functions from JSON lines: id, language, group, code, and a description a language.

    Args:
        path: The file; .gz is unpacked.
        name: Of the task; None: the file's.
        descriptions: Fields of descriptions; None: those with a name like "zh" or "en". Fields that
            are not used are named in the source's note.

    Raises:
        InputError: An id is there twice, a field is missing or empty, or there is nothing to
            search: no description and no two functions of a group; names lines.
    """
    options = {"descriptions": None if descriptions is None else list(descriptions)}
    return _code(open_origin(path, "read_code", name=name, options=options), descriptions)


def parse_code(
    text: str, *, name: str = "pasted", descriptions: Sequence[str] | None = None
) -> CodeSearch:
    """Like ``read_code``, from what was pasted.

    Raises:
        InputError: As there.
    """
    return _code(take_paste(text, name=name, options={}), descriptions)


def _code(origin: Origin, asked: Sequence[str] | None) -> CodeSearch:
    problems = origin.problems
    functions: list[CodeFunction] = []
    lines: dict[str, int] = {}
    unused: dict[str, None] = {}
    for line, record in read_records(origin.text, problems):
        fields = [field for field in record if field not in _OWN]
        chosen = [field for field in fields if _is_description(field, asked)]
        unused |= dict.fromkeys(field for field in fields if field not in chosen)
        function = _take_function(record, chosen, line, problems)
        if function.id in lines:
            problems.add(
                line,
                f"the id {function.id!r} is also on line {lines[function.id]:,}. Give each its "
                "own.",
            )
        lines.setdefault(function.id, line)
        functions.append(function)
    problems.check()
    if not functions:
        raise problems.refuse("it holds no functions.")
    if not any(function.descriptions for function in functions):
        groups = {function.group for function in functions}
        if len(groups) == len(functions):
            raise problems.refuse(
                "no function has a description and no two are of one group, so nothing is "
                "searched. Descriptions stand in fields like 'en'; descriptions= names others."
            )
    notes = ["Groups and descriptions are the file's own."]
    if unused:
        notes.append(f"Fields that were not used: {listed(list(unused))}.")
    return seal(CodeSearch(origin.source.name, tuple(functions), origin.source), notes)


def _is_description(field: str, asked: Sequence[str] | None) -> bool:
    return bool(_LANGUAGE.fullmatch(field)) if asked is None else field in asked


def _take_function(
    record: Record, descriptions: Sequence[str], line: int, problems: Problems
) -> CodeFunction:
    for field in ("id", "group"):
        if record.get(field) == "":
            problems.add(line, f"{field!r} is empty. Give one.")
    return CodeFunction(
        id=take_string(record, "id", line, problems),
        language=take_string(record, "language", line, problems),
        group=take_string(record, "group", line, problems),
        code=take_text(record, "code", line, problems),
        descriptions={field: take_text(record, field, line, problems) for field in descriptions},
    )
