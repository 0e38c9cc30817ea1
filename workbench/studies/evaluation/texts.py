"""The texts of a task, by the role they are embedded in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from workbench.contracts import (
    Bitext,
    Clustering,
    CodeSearch,
    LabelledPairs,
    Retrieval,
    ScoredPairs,
    Task,
)


def texts_by_role(task: Task) -> dict[str, tuple[str, ...]]:
    """Different texts of each role, in the order they are first met."""
    queries: Sequence[str] = ()
    documents: Sequence[str] = ()
    if isinstance(task, ScoredPairs | LabelledPairs | Bitext):
        return {"text": _different((*task.a, *task.b))}
    if isinstance(task, Clustering):
        return {"text": _different(task.texts)}
    if isinstance(task, Retrieval):
        queries, documents = tuple(task.queries.values()), tuple(task.corpus.values())
    elif isinstance(task, CodeSearch):
        queries = [text for each in task.functions for text in each.descriptions.values()]
        documents = [function.code for function in task.functions]
    else:
        queries = task.queries
        documents = [*chain.from_iterable(task.positives), *chain.from_iterable(task.negatives)]
    return {"query": _different(queries), "document": _different(documents)}


def count_texts(task: Task) -> int:
    """How many different texts a task has, those of two roles counted in each."""
    return sum(map(len, texts_by_role(task).values()))


def _different(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
