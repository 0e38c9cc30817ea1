"""What an evaluation found, as the page shows it: words and numbers as text, nothing as markup."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    Difference,
    EmbedderResult,
    Evaluation,
    Failure,
    Prompt,
    Score,
    TaskKind,
    TaskResult,
    size_words,
)
from workbench.figures.evaluation import cost_times
from workbench.figures.evaluation_frame import MINUS, interval_words
from workbench.panels.wire import Payload

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
        "brackets": _bracket_words(embedders),
        "differences": [_difference_payload(one) for one in evaluation.differences],
        "cost": [_cost_row(one) for one in embedders if one.cost is not None],
        "failures": [_failures(one.label, found) for one in embedders for found in one.tasks],
        "record": [_record(one) for one in embedders],
        "winnable": _winnable(embedders, tasks),
        "lost": list(lost),
        "code": code,
    }


def verdict_words(difference: Difference) -> str:
    """What a difference comes to, in a sentence that needs no statistics to be read."""
    if difference.verdict == "the same":
        return "the same on every item"
    if difference.verdict == "not separable":
        if difference.interval is None:
            return "not separable: too few items for an interval"
        return "not separable: the interval includes 0"
    higher = difference.first if difference.verdict == "higher" else difference.second
    return f"{higher} is higher"


def _bracket_words(embedders: Sequence[EmbedderResult]) -> str:
    """What the brackets beside the scores are."""
    scores = (score for one in embedders for found in one.tasks for score in found.scores)
    interval = next((score.interval for score in scores if score.interval is not None), None)
    if interval is None:
        return ""
    return (
        f"In brackets: {interval.level:.0%} of {interval.draws:,} bootstrap draws lie there, so "
        "far would the score move with other items of the same kind."
    )


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
        "metric": first.metric + ("" if first.higher_is_better else " (lower is better)"),
        "group": first.group,
        "main": first.main,
        "n": " / ".join(f"{n:,}" for n in sizes),
        "note": first.note,
        "cells": [
            None if place not in cells else _score_cell(cells[place]) for place in range(embedders)
        ],
    }


def _score_cell(score: Score) -> Payload:
    value = f"{score.value:.3f}".replace("-", MINUS)
    interval = interval_words(score.interval).strip()
    return {"value": value, "interval": interval or "no interval: too few items"}


def _difference_payload(difference: Difference) -> Payload:
    counted = difference.wins >= 0
    return {
        "task": difference.task,
        "metric": difference.metric,
        "pair": f"{difference.first} {MINUS} {difference.second}",
        "value": _signed(difference.value),
        "interval": interval_words(difference.interval).strip(),
        "apart": difference.verdict in ("higher", "lower"),
        "verdict": verdict_words(difference),
        "counts": (
            f"{difference.wins:,} / {difference.losses:,} / {difference.ties:,}" if counted else "–"
        ),
    }


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", MINUS)


def _cost_row(one: EmbedderResult) -> Payload:
    cost = one.cost
    assert cost is not None
    single = cost_times(cost, "single") * 1000  # (calls,) ms
    batch = cost_times(cost, "batch") * 1000
    return {
        "label": one.label,
        "cells": [
            _quantile_words(single),
            _quantile_words(batch),
            f"{cost.texts:,}" + (f" ({cost.tokens:,} tokens)" if cost.tokens >= 0 else ""),
            _memory_words(cost.weights_bytes),
            _memory_words(cost.peak_cpu_bytes),
            _memory_words(cost.peak_gpu_bytes),
            f"{cost.vector_bytes:,} bytes",
        ],
        "notes": list(cost.notes),
    }


def _quantile_words(milliseconds: NDArray[np.float64]) -> str:
    if not milliseconds.size:
        return "–"
    median, late = np.percentile(milliseconds, [50, 95])
    return f"{median:.3g} / {late:.3g}"


def _memory_words(size: int | None) -> str:
    return "–" if size is None else size_words(size)


def _failures(label: str, found: TaskResult) -> Payload:
    return {
        "label": label,
        "task": found.task,
        "failed": found.failed,
        "n": found.n,
        "rows": [_failure_payload(one, found.kind) for one in found.failures],
    }


def _failure_payload(failure: Failure, kind: TaskKind) -> Payload:
    pair = kind in ("sts", "pairs")
    words = ("first text", "second text", "") if pair else ("asked", "expected", "found instead")
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
    info = one.info
    dim = f"{info.dim}" if info.dim == info.native_dim else f"{info.dim} of {info.native_dim}"
    facts = [
        ("loaded as", one.asked or "handed in as an object"),
        ("model", info.name),
        ("revision", info.revision or "not known"),
        ("where", info.base_url or info.device or info.backend),
        ("type", info.dtype or "not known"),
        ("dimensions", dim),
        ("longest text", f"{info.max_tokens:,} tokens" if info.max_tokens else "no known limit"),
        *(("note", note) for note in info.notes),
    ]
    tasks = [{"task": found.task, "facts": _task_facts(found)} for found in one.tasks]
    return {"label": one.label, "facts": [list(pair) for pair in facts], "tasks": tasks}


def _task_facts(found: TaskResult) -> list[list[str]]:
    tokens = f", {found.tokens:,} tokens" if found.tokens >= 0 else ""
    facts = [
        *((f"before a {role}", _prompt_words(prompt)) for role, prompt in found.prompts.items()),
        ("embedded", f"{found.texts:,} texts{tokens} in {found.seconds:.1f} s"),
        (
            "truncated",
            f"{found.truncated:,} of {found.texts:,} texts" if found.truncated else "none",
        ),
        ("answers", found.source.note),
        ("content", f"sha256 {found.source.sha256[:16]}" if found.source.sha256 else ""),
        *(("note", note) for note in found.notes),
    ]
    return [list(pair) for pair in facts if pair[1]]


def _prompt_words(prompt: Prompt) -> str:
    words = repr(prompt.prefix) if prompt.prefix else "nothing"
    return f"{words} ({prompt.note})" if prompt.note else words


def _winnable(embedders: Sequence[EmbedderResult], tasks: Sequence[str]) -> list[str]:
    """Tasks whose main score is a mean over items, on which two embedders can be held together."""
    counts = dict.fromkeys(tasks, 0)
    for one in embedders:
        for found in one.tasks:
            counts[found.task] += bool(found.items)
    return [task for task, count in counts.items() if count > 1]
