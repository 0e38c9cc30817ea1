"""Where the passages of a search come from: a paste, a file, a corpus with ids, a task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from workbench.contracts import Retrieval
from workbench.errors import InputError
from workbench.panels.sources import (
    BOX_CHARACTERS,
    Source,
    TextsArgument,
    sample_source,
    source_from,
)
from workbench.texts import join_texts, read_texts_from_bytes

PassagesArgument: TypeAlias = "TextsArgument | Mapping[str, str] | Retrieval"

BUILTIN = "retrieval-zh-en"
"""The built-in task that has a corpus, and queries to try."""


@dataclass(frozen=True)
class Passages:
    """What is searched.

    Attributes:
        texts: n of them, to the letter.
        ids: One each.
        name: What to call them.
        issues: What was noticed, a sentence each.
        queries: To try; a task has some.
    """

    texts: tuple[str, ...]
    ids: tuple[str, ...]
    name: str = ""
    issues: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()

    @property
    def box(self) -> str:
        """They as they could be pasted; "" where they are too many for a text box."""
        pasted = join_texts(self.texts)
        return pasted if len(pasted) <= BOX_CHARACTERS else ""

    @property
    def words(self) -> str:
        """Name and count."""
        count = f"{len(self.texts):,} passages"
        return f"{self.name} · {count}" if self.name else count


def passages_from(given: PassagesArgument) -> Passages:
    """What ``wb.search_panel(passages)`` was given.

    Raises:
        InputError: It is nothing of the kind, or cannot be read.
    """
    if isinstance(given, Retrieval):
        queries = tuple(given.queries.values())
        return Passages(
            tuple(given.corpus.values()), tuple(given.corpus), given.name, queries=queries
        )
    if isinstance(given, Mapping):
        for key, text in given.items():
            if not (isinstance(key, str) and isinstance(text, str) and text.strip()):
                raise InputError(f"passages[{key!r}] is {text!r:.60}; ids and passages are texts.")
        return Passages(tuple(given.values()), tuple(given), "mapping")
    return passages_of(source_from(given))


def passages_of(source: Source) -> Passages:
    """Passages from parsed texts, numbered from 1."""
    parsed = source.parsed
    texts = tuple(item.text for item in parsed.items)
    ids = tuple(str(number) for number in range(1, len(texts) + 1))
    return Passages(texts, ids, source.name, tuple(issue.message for issue in parsed.issues))


def sample_passages(name: str) -> Passages:
    """One of the project's sample files as passages; ``BUILTIN``: its corpus.

    Raises:
        InputError: There is none of that name, or the sample data is not whole.
    """
    if name == BUILTIN:
        from workbench.texts.tasks.builtin import builtin_task

        return passages_from(cast(Retrieval, builtin_task(BUILTIN)))
    return passages_of(sample_source(name))


def read_passages(name: str, content: bytes) -> Passages:
    """Passages from the content of a file; of a corpus.jsonl with its ids, and titles before texts.

    Raises:
        InputError: It cannot be read.
    """
    if name.endswith(".jsonl") and content.lstrip().startswith(b'{"_id"'):
        return _read_corpus(name, content)
    parsed = read_texts_from_bytes(name, content)
    return passages_of(Source(parsed, "", name))


def _read_corpus(name: str, content: bytes) -> Passages:
    found: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            key, text = str(record["_id"]), f"{record.get('title') or ''} {record['text']}"
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise InputError(
                f"Line {number} of {name!r} is {line[:60]!r}; an object with _id and text is "
                "needed, as in a BEIR corpus."
            ) from exc
        if key in found:
            raise InputError(
                f"Line {number} of {name!r} has the id {key!r}, which is there before."
            )
        found[key] = text.removeprefix(" ")
    return Passages(tuple(found.values()), tuple(found), name)
