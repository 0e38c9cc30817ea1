"""How far two measurements of the same items agree: Pearson's and Spearman's coefficient.

``weights`` are (b, n) counts of ``intervals.draw_items``, one coefficient a row; None is one row
of ones. A coefficient is that of the items as often as they were drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.maths.intervals import Counts

_NO_SPREAD = 1e-15
"""Share of the whole spread below which a draw is one value over and over, rounding apart."""


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1, ascending; equal values share the mean of their ranks. (n,) float64."""
    numbers = _as_numbers(values, "values")
    ranks: NDArray[np.float64] = _drawn_ranks(numbers, np.ones((1, len(numbers))))[0]
    return ranks


def pearson(a: ArrayLike, b: ArrayLike, weights: Counts | None = None) -> NDArray[np.float64]:
    """Pearson's correlation, (b,) float64; NaN where a or b does not vary.

    Raises:
        InputError: The lengths differ, or a value is not finite.
    """
    left, right, counts = _checked(a, b, weights)
    x, y = left - left.mean(), right - right.mean()  # centred first: no digits are lost
    total = counts.sum(axis=1)  # (b,)
    mean_x, mean_y = counts @ x / total, counts @ y / total
    return _ratio(
        counts @ (x * y) / total - mean_x * mean_y,
        counts @ x**2 / total - mean_x**2,
        counts @ y**2 / total - mean_y**2,
        float(np.mean(x**2)) * float(np.mean(y**2)),
    )


def spearman(a: ArrayLike, b: ArrayLike, weights: Counts | None = None) -> NDArray[np.float64]:
    """Spearman's rank correlation, (b,) float64; NaN where a or b does not vary.

    Every draw is ranked anew: its items, as often as they came up, with average ranks for equal
    values, copies of one item included. Values are sorted once; the ranks of a draw follow from
    how many items came up below.

    Raises:
        InputError: The lengths differ, or a value is not finite.
    """
    left, right, counts = _checked(a, b, weights)
    total = counts.sum(axis=1)  # (b,)
    middle = (total[:, None] + 1) / 2  # mean of all ranks
    x = _drawn_ranks(left, counts) - middle  # (b, n)
    y = _drawn_ranks(right, counts) - middle
    return _ratio(
        (counts * x * y).sum(axis=1) / total,
        (counts * x**2).sum(axis=1) / total,
        (counts * y**2).sum(axis=1) / total,
        1.0,
    )


def _drawn_ranks(values: NDArray[np.float64], counts: Counts) -> NDArray[np.float64]:
    """(b, n) average ranks of the values among the items of each draw."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])  # of each run of equals
    runs = np.add.reduceat(counts[:, order], starts, axis=1)  # (b, runs), items drawn of each
    rank = np.cumsum(runs, axis=1) - runs + (runs + 1) / 2
    ranks = np.empty(counts.shape)
    ranks[:, order] = np.repeat(rank, np.diff(np.r_[starts, len(values)]), axis=1)
    return ranks


def _ratio(
    together: NDArray[np.float64],
    alone_x: NDArray[np.float64],
    alone_y: NDArray[np.float64],
    whole: float,
) -> NDArray[np.float64]:
    spread = np.maximum(alone_x, 0) * np.maximum(alone_y, 0)
    varies = spread > _NO_SPREAD * whole
    ratio = np.divide(
        together,
        np.sqrt(spread),
        out=np.full(len(together), np.nan),
        where=varies,
    )
    clipped: NDArray[np.float64] = np.clip(ratio, -1, 1)
    return clipped


def _checked(
    a: ArrayLike, b: ArrayLike, weights: Counts | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], Counts]:
    left, right = _as_numbers(a, "a"), _as_numbers(b, "b")
    if len(left) != len(right):
        raise InputError(
            f"{len(left):,} values were compared with {len(right):,}; one of each is needed for "
            "every item."
        )
    return left, right, np.ones((1, len(left))) if weights is None else weights


def _as_numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not len(numbers):
        raise InputError(
            f"{name} has shape {numbers.shape!r}; a row of one or more values is needed."
        )
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        raise InputError(
            f"{name}[{place}] is {float(numbers[place])!r}; every value must be finite."
        )
    return numbers
