"""Where a task comes from, and the hash of what is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from workbench.contracts import Source, Task

T = TypeVar("T", bound=Task)


def seal(task: T, notes: Iterable[str] = ()) -> T:
    """The task with the hash of its content in its source, and notes behind the source's own."""
    note = " ".join(filter(None, (task.source.note, *notes)))
    source: Source = replace(task.source, sha256=hash_task(task), note=note)
    sealed: T = replace(task, source=source)
    return sealed


def hash_task(task: Task) -> str:
    """SHA-256 of a task's kind and content, whatever it is called and wherever it came from.

    Of JSON without spaces; the order of texts counts, since the draws of an interval follow it.
    """
    content = {
        field.name: _plain(getattr(task, field.name))
        for field in fields(task)
        if field.name not in ("name", "source")
    }
    text = json.dumps(
        [task.kind, content], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return [[key, _plain(inner)] for key, inner in value.items()]
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


def make_source(
    name: str, *, reader: str, path: str | None, options: Mapping[str, object], note: str = ""
) -> Source:
    """A source whose options are text: words as they are, anything else as JSON; None: not told."""
    told = tuple(
        (key, value if isinstance(value, str) else json.dumps(value))
        for key, value in options.items()
        if value is not None
    )
    return Source(name, reader=reader, path=path, options=told, note=note)
