"""An evaluation as one table: a row a score, a difference or a figure of cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from workbench.contracts import Difference, EmbedderResult, Evaluation, Interval, Score, TaskResult
from workbench.studies.evaluation.words import Clock, cost_times

COLUMNS = (
    *("what", "embedder", "against", "task", "kind", "metric", "group", "main", "value"),
    *("low", "high", "level", "draws", "n", "higher_is_better", "verdict"),
    *("wins", "losses", "ties", "note"),
)
_CLOCKS: tuple[Clock, ...] = ("single", "batch")


def to_csv(evaluation: Evaluation) -> str:
    """One table with a header; ``what`` says whether a row is a score, a difference or a cost.

    Numbers are whole, not rounded; a cell is empty where nothing is known. Costs are in ms and
    bytes, as ``metric`` says. It is data: a label that begins with ``=`` stays as it is, so let a
    spreadsheet import it as text.
    """
    file = io.StringIO()
    rows = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    for one in evaluation.embedders:
        for found in one.tasks:
            rows.writerows(_score(one.label, found, score) for score in found.scores)
    rows.writerows(map(_difference, evaluation.differences))
    for one in evaluation.embedders:
        rows.writerows(
            {"what": "cost", "embedder": one.label, "metric": metric, "value": value, "n": n}
            for metric, value, n in _costs(one)
            if value is not None
        )
    return file.getvalue().encode("utf-8", "replace").decode("utf-8")


def _score(label: str, found: TaskResult, score: Score) -> dict[str, Any]:
    return {
        "what": "score",
        "embedder": label,
        "task": found.task,
        "kind": found.kind,
        "metric": score.metric,
        "group": score.group,
        "main": _yes(score.main),
        "value": score.value,
        **_ends(score.interval),
        "n": score.n,
        "higher_is_better": _yes(score.higher_is_better),
        "note": score.note,
    }


def _difference(one: Difference) -> dict[str, Any]:
    counted = one.wins >= 0
    counts = {"wins": one.wins, "losses": one.losses, "ties": one.ties} if counted else {}
    return {
        "what": "difference",
        "embedder": one.first,
        "against": one.second,
        "task": one.task,
        "metric": one.metric,
        "group": one.group,
        "main": _yes(True),
        "value": one.value,
        **_ends(one.interval),
        "verdict": one.verdict,
        **counts,
    }


def _ends(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {}
    return {
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "draws": interval.draws,
    }


def _costs(one: EmbedderResult) -> Iterator[tuple[str, float | None, int | str]]:
    """(metric, value, number of timings) each."""
    cost = one.cost
    if cost is None:
        return
    for clock in _CLOCKS:
        times = cost_times(cost, clock) * 1000  # (calls,) ms a text
        for name, percent in (("median", 50), ("p95", 95)):
            value = float(np.percentile(times, percent)) if times.size else None
            yield f"ms a text, {clock}, {name}", value, len(times)
    yield "texts", cost.texts, ""
    yield "tokens", cost.tokens if cost.tokens >= 0 else None, ""
    yield "weights bytes", cost.weights_bytes, ""
    yield "peak cpu bytes", cost.peak_cpu_bytes, ""
    yield "peak gpu bytes", cost.peak_gpu_bytes, ""
    yield "vector bytes", cost.vector_bytes, ""


def _yes(value: bool) -> str:
    return "yes" if value else "no"
