"""JSON lines: an object a line, its fields looked at before they are used."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.texts.tasks.opening import split_numbered
from workbench.texts.tasks.problems import Problems, listed, shorten

Record = dict[str, object]


def read_records(text: str, problems: Problems) -> Iterator[tuple[int, Record]]:
    """The objects of a file with their lines; what is none goes to ``problems``."""
    for line, content in split_numbered(text):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as exc:
            problems.add(line, f"this is not JSON: {exc}. Found {shorten(content)}.")
            continue
        if isinstance(value, dict):
            yield line, value
        else:
            problems.add(line, f"{shorten(value)} is no object. Write {{...}}, one a line.")


def first_record(text: str) -> Record:
    """The first object of a file, to see what it holds; empty where there is none."""
    return next((record for _, record in read_records(text, Problems())), {})


def take_string(record: Record, field: str, line: int, problems: Problems) -> str:
    """A field that must be a string; "" after a problem was noted."""
    value = record.get(field)
    if isinstance(value, str):
        return value
    if field in record:
        problems.add(line, f"{field!r} is {shorten(value)}, and a string is needed.")
    else:
        problems.add(line, f"there is no {field!r} among {listed(list(record))}.")
    return ""


def take_text(record: Record, field: str, line: int, problems: Problems) -> str:
    """A field that must be a text for an embedder; "" after a problem was noted."""
    before = len(problems)
    value = take_string(record, field, line, problems)
    if len(problems) == before:
        problems.check_text(line, repr(field), value)
    return value


def take_texts(record: Record, field: str, line: int, problems: Problems) -> tuple[str, ...]:
    """A field that must be a list of texts, one at least; a string stands for a list of one."""
    value = record.get(field)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
        problems.add(line, f"{field!r} is {shorten(value)}, and a list of strings is needed.")
        return ()
    if not values:
        problems.add(line, f"{field!r} is an empty list. Give one text or more.")
    for text in values:
        problems.check_text(line, f"a text of {field!r}", text)
    return tuple(values)
