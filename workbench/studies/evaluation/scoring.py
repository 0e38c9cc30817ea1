"""Scores with their intervals, drawn alike for every embedder of an evaluation."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import Failure, Interval, Score
from workbench.maths.intervals import (
    Statistic,
    draw_means,
    draw_statistic,
    percentile_interval,
)

MEAN_RANK = "mean rank"
"""Metric that is better where it is lower: the mean rank of the first right document."""
FEW = 20
"""Below this many items an interval is itself a rough guess."""


@dataclass(frozen=True)
class Drawing:
    """How items of one task are drawn.

    Attributes:
        task: Its name; with ``seed`` and the number of items it decides which items come up.
        level: Share of draws inside an interval.
        draws: How many.
        seed: Of the evaluation.
        blocks: (n,) block of each item, where some are drawn together; see ``draw_items``.
    """

    task: str
    level: float = 0.95
    draws: int = 2_000
    seed: int = 0
    blocks: NDArray[np.int64] | None = None

    def in_blocks(self, names: Sequence[str] | NDArray[np.int64]) -> Drawing:
        """The same for n items of which those of one name are drawn together."""
        return replace(self, blocks=np.unique(names, return_inverse=True)[1].astype(np.int64))

    def score(self, metric: str, statistic: Statistic, n: int, *, centred: bool = False) -> Score:
        """One score of n items with its interval.

        Args:
            metric: Its name.
            statistic: From counts of items to scores.
            n: Items.
            centred: Shift the draws so that their mean is the score, within 0 to 1: for a
                statistic that copies of an item raise, whose draws would all lie above it.
        """
        value = float(statistic(np.ones((1, n)))[0])
        drawn = draw_statistic(statistic, n, self.draws, seed=self._seed(n), blocks=self.blocks)
        if centred:
            drawn = np.clip(drawn - np.nanmean(drawn) + value, 0, 1)
        return self._score(metric, value, drawn, n)

    def means(self, values: Mapping[str, ArrayLike]) -> list[Score]:
        """Scores that are means over the same n items, by metric: (n,) a metric."""
        columns = np.stack([np.asarray(v, dtype=np.float64) for v in values.values()], axis=1)
        n = len(columns)
        drawn = draw_means(columns, self.draws, seed=self._seed(n), blocks=self.blocks)
        # (draws, metrics)
        return [
            self._score(metric, float(columns[:, place].mean()), drawn[:, place].copy(), n)
            for place, metric in enumerate(values)
        ]

    def _score(self, metric: str, value: float, drawn: NDArray[np.float64], n: int) -> Score:
        units = n if self.blocks is None else int(self.blocks.max()) + 1
        ends = percentile_interval(drawn, self.level) if units >= 2 else None
        interval = None if ends is None else Interval(*ends, self.level, self.draws)
        better = metric != MEAN_RANK
        return Score(metric, value, interval, n, drawn, higher_is_better=better)

    def _seed(self, n: int) -> tuple[int, int, int]:
        return self.seed, zlib.crc32(self.task.encode()), n


@dataclass(frozen=True)
class Found:
    """What one embedder did on one task, before it is put among the others.

    Attributes:
        n: Items.
        scores: One is main.
        failures: Worst first, all of them or those that were kept.
        failed: How many items failed.
        items: As in ``TaskResult``.
        notes: What was noticed.
    """

    n: int
    scores: tuple[Score, ...]
    failures: tuple[Failure, ...]
    failed: int
    items: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()


def mark_main(scores: list[Score], metric: str) -> list[Score]:
    """The scores with the first of that metric as the one that stands for the task."""
    place = next(place for place, score in enumerate(scores) if score.metric == metric)
    return [*scores[:place], replace(scores[place], main=True), *scores[place + 1 :]]


def in_group(scores: list[Score], group: str) -> list[Score]:
    """The scores, said to be over one part."""
    return [replace(score, group=group) for score in scores]


def note_draws(score: Score) -> tuple[str, ...]:
    """What a reader must know of the interval of a task's main score."""
    notes = []
    if score.n < FEW:
        notes.append(
            f"only {score.n:,} items: an interval drawn from so few is a rough guess, and rather "
            "too narrow"
        )
    if score.n >= 2 and np.ptp(score.draws) == 0:
        notes.append(
            f"{score.metric} is {score.value:.3f} whichever items are drawn, so the interval has "
            f"no width; of further items up to some {min(1, 3 / score.n):.0%} may differ all the "
            "same (rule of three)"
        )
    return tuple(notes)
