"""Tasks that nothing can be measured on are refused before anything is embedded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from workbench.contracts import (
    Bitext,
    Clustering,
    CodeSearch,
    LabelledPairs,
    Reranking,
    Retrieval,
    ScoredPairs,
    Task,
)
from workbench.errors import InputError

NAMED = 3
"""Offenders that a message names."""


def check_tasks(tasks: Sequence[Task]) -> None:
    """Look at what all tasks are made of.

    Raises:
        InputError: There is no task, two have one name, or one of them cannot be measured; the
            message has the task's name and the items.
    """
    if not tasks:
        raise InputError("There is nothing to evaluate on: no task was given. Pass one or more.")
    for name, times in Counter(task.name for task in tasks).items():
        if times > 1:
            raise InputError(
                f"{times} tasks are named {name!r}; scores are found by the task's name, so give "
                "each its own."
            )
    for task in tasks:
        _check_task(task)


def _check_task(task: Task) -> None:
    if isinstance(task, ScoredPairs):
        _check_scored(task)
    elif isinstance(task, LabelledPairs):
        _check_labelled(task)
    elif isinstance(task, Retrieval):
        _check_retrieval(task)
    elif isinstance(task, Bitext):
        _check_rows(task, "texts", a=task.a, b=task.b)
    elif isinstance(task, CodeSearch):
        _check_code(task)
    elif isinstance(task, Clustering):
        _check_clustering(task)
    else:
        _check_reranking(task)


def _check_scored(task: ScoredPairs) -> None:
    _check_rows(task, "pairs", a=task.a, b=task.b, scores=task.scores)
    _refuse(
        task,
        "pairs have a score that is no finite number",
        (
            f"pair {at}: {score!r} ({task.a[at - 1][:40]!r})"
            for at, score in enumerate(task.scores, 1)
            if not math.isfinite(score)
        ),
        "Give every pair a number.",
    )
    if len(set(task.scores)) == 1:
        _fail(
            task,
            f"all {len(task.scores):,} scores are {task.scores[0]!r}; a correlation needs pairs of "
            "different scores",
        )


def _check_labelled(task: LabelledPairs) -> None:
    _check_rows(task, "pairs", a=task.a, b=task.b, labels=task.labels)
    _check_classes(task, task.labels, "pairs that mean the same and pairs that do not are needed")


def _check_clustering(task: Clustering) -> None:
    _check_rows(task, "texts", texts=task.texts, labels=task.labels)
    _check_classes(task, task.labels, "texts of two groups or more are needed")


def _check_retrieval(task: Retrieval) -> None:
    if not task.queries or not task.corpus:
        _fail(task, f"it has {len(task.queries):,} queries and {len(task.corpus):,} documents")
    _refuse(
        task,
        "judgements name a document that is not in the corpus",
        (
            f"query {query!r} → document {document!r}"
            for query, documents in task.relevant.items()
            for document in documents
            if document not in task.corpus
        ),
        "Add the document, or take the line out.",
    )
    _refuse(
        task,
        "judgements name a query that is not there",
        (f"query {query!r}" for query in task.relevant if query not in task.queries),
        "Add the query, or take the line out.",
    )
    _refuse(
        task, "judgements have a grade that is no number above 0", _bad_grades(task.relevant), ""
    )
    if not any(task.relevant.get(query) for query in task.queries):
        _fail(task, f"none of its {len(task.queries):,} queries has a document that answers it")


def _bad_grades(relevant: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for query, documents in relevant.items():
        for document, grade in documents.items():
            if not math.isfinite(grade) or grade <= 0:
                yield f"query {query!r} → document {document!r}: {grade!r}"


def _check_code(task: CodeSearch) -> None:
    if not task.functions:
        _fail(task, "it has no functions")
    seen = Counter(function.id for function in task.functions)
    _refuse(
        task,
        "ids belong to several functions",
        (f"{name!r} ({times} times)" for name, times in seen.items() if times > 1),
        "Give each function its own.",
    )
    groups = {function.group or f"only {function.id}" for function in task.functions}
    if len(groups) == 1:
        _fail(
            task,
            f"all its functions do the same (group {task.functions[0].group!r}), so none is wrong",
        )
    grouped = len(groups) < len(task.functions)
    if not grouped and not any(function.descriptions for function in task.functions):
        _fail(task, "no function has a description, or another of its group: nothing is searched")


def _check_reranking(task: Reranking) -> None:
    _check_rows(
        task, "queries", queries=task.queries, positives=task.positives, negatives=task.negatives
    )
    for side, words in ((task.positives, "no right"), (task.negatives, "no wrong")):
        _refuse(
            task,
            f"queries have {words} candidate",
            (
                f"query {at} ({task.queries[at - 1][:40]!r})"
                for at, texts in enumerate(side, 1)
                if not texts
            ),
            "Nothing can be told apart there: take these queries out.",
        )


def _check_rows(task: Task, unit: str, **columns: Sequence[object]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{count:,} {name}" for name, count in lengths.items())
        _fail(task, f"it has {found}; one of each is needed for every item")
    if not all(lengths.values()):
        _fail(task, f"it has no {unit}")


def _check_classes(task: Task, labels: Sequence[object], needed: str) -> None:
    if len(set(labels)) == 1:
        _fail(task, f"all {len(labels):,} labels are {labels[0]!r}; {needed}")


def _refuse(task: Task, what: str, offenders: Iterator[str], mend: str) -> None:
    found = list(offenders)
    if found:
        more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        named = "; ".join(found[:NAMED])
        _fail(task, f"{len(found):,} {what}: {named}{more}. {mend}".rstrip(" ."))


def _fail(task: Task, why: str) -> None:
    raise InputError(
        f"The {task.kind} task {task.name!r} ({task.source.name}) cannot be evaluated: {why}."
    )
