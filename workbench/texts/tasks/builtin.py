"""The project's own tasks, over its sample data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from workbench.contracts import Reranking, Retrieval, Source, Task
from workbench.errors import InputError
from workbench.texts.samples import sample_path
from workbench.texts.tasks.beir import read_beir
from workbench.texts.tasks.clustering import read_clustering
from workbench.texts.tasks.functions import read_code
from workbench.texts.tasks.objects import read_records
from workbench.texts.tasks.opening import open_text
from workbench.texts.tasks.pairs import read_labelled_pairs, read_scored_pairs
from workbench.texts.tasks.problems import Problems, counted
from workbench.texts.tasks.sealing import seal

INSTRUCTION = "Given a technical question, retrieve the passages that answer it"
_AUTHORS = "by the judgement of this project's authors, who wrote the texts"


class _BuiltIn(NamedTuple):
    read: Callable[[Path], Task]
    note: str


def builtin_names() -> tuple[str, ...]:
    """Names that ``builtin_task`` takes, in the order to offer them."""
    return tuple(_BUILT_IN)


def builtin_task(name: str) -> Task:
    """One of the project's own tasks.

    Raises:
        InputError: No built-in task has this name, or the sample data is not whole.
    """
    if name not in _BUILT_IN:
        raise InputError(f"No built-in task is called {name!r}. There are: {', '.join(_BUILT_IN)}.")
    read, note = _BUILT_IN[name]
    task = read(sample_path("mixed").parent)
    source = Source(name, reader="builtin_task", note=note)
    return seal(replace(task, name=name, source=source), _left_out(task))


def builtin_tasks() -> tuple[Task, ...]:
    """All of the project's own tasks, in the order to offer them.

    Raises:
        InputError: The sample data is not whole.
    """
    return tuple(map(builtin_task, _BUILT_IN))


def _left_out(task: Task) -> list[str]:
    return [task.source.note] if isinstance(task, Reranking) and task.source.note else []


def _retrieval(folder: Path) -> Retrieval:
    return read_beir(folder / "evaluation" / "retrieval", instruction=INSTRUCTION)


def _reranking(folder: Path) -> Reranking:
    """Of each query the passages that answer it, and the others on its topic that do not."""
    task = _retrieval(folder)
    topics = _read_topics(folder / "evaluation" / "retrieval" / "queries.jsonl")
    known = {topics[query] for query in task.queries}
    by_topic = {
        topic: [name for name in task.corpus if _topic_of(name, known) == topic] for topic in known
    }
    rows = []
    for query, text in task.queries.items():
        right = task.relevant[query]
        wrong = tuple(task.corpus[name] for name in by_topic[topics[query]] if name not in right)
        if wrong:
            rows.append((text, tuple(task.corpus[name] for name in right), wrong))
    without = len(task.queries) - len(rows)
    note = f"{counted(without, 'query has', 'queries have')} no wrong passage and were left out."
    source = Source("reranking", note=note if without else "")
    queries, positives, negatives = zip(*rows, strict=True)
    return Reranking("reranking", queries, positives, negatives, INSTRUCTION, source)


def _topic_of(document: str, known: Iterable[str]) -> str:
    """The longest topic whose words a passage's id has, hyphens around them; "" for none."""
    there = (topic for topic in known if f"-{topic}-" in f"-{document}-")
    return max(there, key=len, default="")


def _read_topics(path: Path) -> dict[str, str]:
    topics = {}
    for line, record in read_records(open_text(path), Problems(str(path))):
        metadata = record.get("metadata")
        topic = metadata.get("topic") if isinstance(metadata, dict) else None
        if not isinstance(topic, str):
            found = json.dumps(metadata)
            raise InputError(f"{path}:{line}: a topic is needed in 'metadata'; found {found}.")
        topics[str(record["_id"])] = topic
    return topics


_BUILT_IN: Mapping[str, _BuiltIn] = MappingProxyType(
    {
        "sts-zh": _BuiltIn(
            lambda folder: read_scored_pairs(folder / "evaluation" / "sts-zh.tsv"),
            f"Chinese pairs, scored from 0 to 5 {_AUTHORS}.",
        ),
        "sts-en": _BuiltIn(
            lambda folder: read_scored_pairs(folder / "evaluation" / "sts-en.tsv"),
            f"English pairs, scored from 0 to 5 {_AUTHORS}.",
        ),
        "pairs-zh-en": _BuiltIn(
            lambda folder: read_labelled_pairs(folder / "evaluation" / "pairs-zh-en.tsv"),
            "Pairs within and across Chinese and English that mean the same or do not, "
            f"{_AUTHORS}.",
        ),
        "retrieval-zh-en": _BuiltIn(
            _retrieval,
            "Technical questions over passages in Chinese and English; what answers is "
            f"{_AUTHORS}.",
        ),
        "code": _BuiltIn(
            lambda folder: read_code(folder / "evaluation" / "code.jsonl"),
            f"Functions with Chinese and English descriptions, grouped {_AUTHORS}.",
        ),
        "clustering": _BuiltIn(
            lambda folder: read_clustering(folder / "mixed.csv", columns=("text", "topic")),
            f"Short texts and code, one topic each, {_AUTHORS}.",
        ),
        "reranking": _BuiltIn(
            _reranking,
            "The questions of retrieval-zh-en, each with the passages that answer it and the "
            f"others on its topic, {_AUTHORS}.",
        ),
    }
)
