"""What an evaluation found, as the page shows it: words and numbers as text, nothing as markup."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.contracts import (
    Difference,
    EmbedderResult,
    Evaluation,
    Failure,
    Score,
    TaskKind,
    TaskResult,
)
from workbench.panels.wire import Payload
from workbench.studies.evaluation.words import (
    MINUS,
    Facts,
    bracket_words,
    cost_times,
    count_words,
    embedder_facts,
    failure_names,
    interval_words,
    memory_words,
    metric_words,
    quantile_words,
    signed_words,
    task_facts,
    value_words,
    verdict_words,
)

SHOWN_CHARACTERS = 2_000
"""Of each text of a failure; the exported files have them whole."""


def result_payload(evaluation: Evaluation, *, lost: Sequence[str] = (), code: str = "") -> Payload:
    """Everything that is shown of an evaluation but its figures.

    Args:
        evaluation: What was found.
        lost: What could not be finished, a sentence each.
        code: Lines that do the same.
    """
    embedders = evaluation.embedders
    tasks = list(dict.fromkeys(found.task for one in embedders for found in one.tasks))
    return {
        "embedders": [one.label for one in embedders],
        "tasks": tasks,
        "scores": [row for task in tasks for row in _score_rows(embedders, task)],
        "brackets": bracket_words(embedders),
        "differences": [_difference_payload(one) for one in evaluation.differences],
        "cost": [_cost_row(one) for one in embedders if one.cost is not None],
        "failures": [_failures(one.label, found) for one in embedders for found in one.tasks],
        "record": [_record(one) for one in embedders],
        "winnable": _winnable(embedders, tasks),
        "lost": list(lost),
        "code": code,
    }


def _score_rows(embedders: Sequence[EmbedderResult], task: str) -> list[Payload]:
    """A row a score of the task, a cell an embedder; the main score first."""
    by_name: dict[tuple[str, str], dict[int, Score]] = {}
    for place, one in enumerate(embedders):
        for found in one.tasks:
            for score in found.scores if found.task == task else ():
                by_name.setdefault((score.group, score.metric), {})[place] = score
    rows = [_score_row(task, cells, len(embedders)) for cells in by_name.values()]
    return sorted(rows, key=lambda row: not row["main"])


def _score_row(task: str, cells: dict[int, Score], embedders: int) -> Payload:
    first = next(iter(cells.values()))
    sizes = sorted({score.n for score in cells.values()})
    return {
        "task": task,
        "metric": metric_words(first),
        "group": first.group,
        "main": first.main,
        "n": " / ".join(f"{n:,}" for n in sizes),
        "note": first.note,
        "cells": [
            None if place not in cells else _score_cell(cells[place]) for place in range(embedders)
        ],
    }


def _score_cell(score: Score) -> Payload:
    interval = interval_words(score.interval).strip()
    return {"value": value_words(score.value), "interval": interval or "no interval: too few items"}


def _difference_payload(difference: Difference) -> Payload:
    return {
        "task": difference.task,
        "metric": difference.metric,
        "pair": f"{difference.first} {MINUS} {difference.second}",
        "value": signed_words(difference.value),
        "interval": interval_words(difference.interval).strip(),
        "apart": difference.verdict in ("higher", "lower"),
        "verdict": verdict_words(difference),
        "counts": count_words(difference),
    }


def _cost_row(one: EmbedderResult) -> Payload:
    cost = one.cost
    assert cost is not None
    return {
        "label": one.label,
        "cells": [
            quantile_words(cost_times(cost, "single")),
            quantile_words(cost_times(cost, "batch")),
            f"{cost.texts:,}" + (f" ({cost.tokens:,} tokens)" if cost.tokens >= 0 else ""),
            memory_words(cost.weights_bytes),
            memory_words(cost.peak_cpu_bytes),
            memory_words(cost.peak_gpu_bytes),
            f"{cost.vector_bytes:,} bytes",
        ],
        "notes": list(cost.notes),
    }


def _failures(label: str, found: TaskResult) -> Payload:
    return {
        "label": label,
        "task": found.task,
        "failed": found.failed,
        "n": found.n,
        "rows": [_failure_payload(one, found.kind) for one in found.failures],
    }


def _failure_payload(failure: Failure, kind: TaskKind) -> Payload:
    words = failure_names(kind)
    texts = (failure.asked, failure.expected, failure.found)
    return {
        "item": failure.item,
        "says": failure.says,
        "texts": [[word, _cut(text)] for word, text in zip(words, texts, strict=True) if text],
    }


def _cut(text: str) -> str:
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}… ({len(text) - SHOWN_CHARACTERS:,} more characters)"


def _record(one: EmbedderResult) -> Payload:
    tasks = [{"task": found.task, "facts": _pairs(task_facts(found))} for found in one.tasks]
    return {"label": one.label, "facts": _pairs(embedder_facts(one)), "tasks": tasks}


def _pairs(facts: Facts) -> list[list[str]]:
    """As JSON has them."""
    return [list(pair) for pair in facts]


def _winnable(embedders: Sequence[EmbedderResult], tasks: Sequence[str]) -> list[str]:
    """Tasks whose main score is a mean over items, on which two embedders can be held together."""
    counts = dict.fromkeys(tasks, 0)
    for one in embedders:
        for found in one.tasks:
            counts[found.task] += bool(found.items)
    return [task for task, count in counts.items() if count > 1]
