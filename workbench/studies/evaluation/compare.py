"""Differences between embedders, from draws of the same items."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Difference, EmbedderResult, Interval, TaskResult
from workbench.contracts.evaluation import Verdict
from workbench.maths.intervals import percentile_interval

FEWEST_ITEMS = 6
"""Below so many items nothing is separable: one embedder may win them all and chance would do as
much more often than once in twenty (a sign test: 2 · 0.5⁵ = 0.06). An interval drawn from so few
leaves out 0 far too easily."""
TIE = 1e-9
"""Values of one item closer than this are a tie: rounding, no difference."""


def compare_embedders(
    embedders: Sequence[EmbedderResult], *, level: float = 0.95
) -> tuple[Difference, ...]:
    """The difference of the main scores, for every pair of embedders on every task both finished.

    Task by task in the order of the first embedder that has it, pairs in the order given. Pairs are
    not corrected for their number: of twenty pairs of equals one will look separable at 95 %.
    """
    tasks = dict.fromkeys(result.task for embedder in embedders for result in embedder.tasks)
    found = []
    for task in tasks:
        for first, second in combinations(embedders, 2):
            a, b = _find(first, task), _find(second, task)
            if a is not None and b is not None:
                found.append(_compare(first.label, a, second.label, b, level))
    return tuple(found)


def _find(embedder: EmbedderResult, task: str) -> TaskResult | None:
    return next((result for result in embedder.tasks if result.task == task), None)


def _compare(first: str, a: TaskResult, second: str, b: TaskResult, level: float) -> Difference:
    one, two = a.main, b.main
    drawn = one.draws - two.draws  # paired: draw by draw the same items
    ends = percentile_interval(drawn, level) if one.n >= 2 else None
    wins, losses, ties = _count_wins(a, b)
    return Difference(
        task=a.task,
        metric=one.metric,
        group=one.group,
        first=first,
        second=second,
        value=one.value - two.value,
        interval=None if ends is None else Interval(*ends, level, len(drawn)),
        verdict=_judge(drawn, ends if one.n >= FEWEST_ITEMS else None),
        wins=wins,
        losses=losses,
        ties=ties,
    )


def _judge(drawn: NDArray[np.float64], ends: tuple[float, float] | None) -> Verdict:
    if not drawn.any():
        return "the same"
    if ends is None or ends[0] <= 0 <= ends[1]:
        return "not separable"
    return "higher" if ends[0] > 0 else "lower"


def _count_wins(a: TaskResult, b: TaskResult) -> tuple[int, int, int]:
    if not a.items or a.items.keys() != b.items.keys():
        return -1, -1, -1
    better = 1 if a.main.higher_is_better else -1
    gains = np.array([better * (value - b.items[item]) for item, value in a.items.items()])
    wins, losses = int((gains > TIE).sum()), int((gains < -TIE).sum())
    return wins, losses, len(gains) - wins - losses
