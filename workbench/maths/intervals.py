"""How far a score can be trusted: items are drawn again, with replacement (Efron 1979).

A draw is kept as counts, how often each item came up, so that one statistic of weighted items
serves for the score itself (every count 1) and for all its draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError

Counts: TypeAlias = NDArray[np.float64]
"""(b, n): how often each of n items came up in each of b draws."""
Statistic: TypeAlias = Callable[[Counts], NDArray[np.float64]]
"""From (b, n) counts to (b,) scores; NaN where a draw leaves it without meaning."""
Seed: TypeAlias = int | Sequence[int]

DRAW_CELLS = 2**20
"""Counts held at once: 8 MB, however many items and draws there are."""


def draw_items(
    n: int, draws: int, *, seed: Seed, blocks: NDArray[np.int64] | None = None
) -> Iterator[Counts]:
    """Draw n of n items with replacement, ``draws`` times over.

    The same n, draws, seed and blocks give the same items, so that the scores of two embedders on
    one task can be subtracted draw by draw.

    Args:
        n: Items.
        draws: How many.
        seed: Of numpy's default generator.
        blocks: (n,) the number of each item's block, from 0 without a gap: items of one block come
            up together, as many blocks as there are. For items that depend on each other, of which
            n single ones would promise more than they hold.

    Yields:
        (b, n) float64 counts; b in all is ``draws``. Without blocks each row sums to n.

    Raises:
        InputError: n or draws is below 1.
    """
    if n < 1 or draws < 1:
        raise InputError(
            f"draws={draws!r} from n={n!r} items were asked for; allowed is 1 or more of each."
        )
    units = n if blocks is None else int(blocks.max()) + 1
    generator = np.random.default_rng(seed)
    step = max(1, DRAW_CELLS // n)
    for first in range(0, draws, step):
        b = min(step, draws - first)
        drawn = generator.integers(0, units, size=(b, units))
        drawn += units * np.arange(b)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=b * units).reshape(b, units)
        yield (counts if blocks is None else counts[:, blocks]).astype(np.float64)


def draw_statistic(
    statistic: Statistic,
    n: int,
    draws: int,
    *,
    seed: Seed,
    blocks: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """A statistic of each draw, (draws,) float64; see ``draw_items``."""
    parts = [statistic(counts) for counts in draw_items(n, draws, seed=seed, blocks=blocks)]
    return np.concatenate(parts)


def draw_means(
    values: ArrayLike,
    draws: int,
    *,
    seed: Seed,
    blocks: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Means of several columns over the same draws; see ``draw_items``.

    Args:
        values: (n, m), one column a measure.
        draws: How many.
        seed: As there.
        blocks: As there.

    Returns:
        (draws, m) float64.
    """
    columns = np.asarray(values, dtype=np.float64)
    parts = [
        counts @ columns / counts.sum(axis=1, keepdims=True)
        for counts in draw_items(len(columns), draws, seed=seed, blocks=blocks)
    ]
    return np.concatenate(parts)  # (draws, m)


def percentile_interval(values: ArrayLike, level: float) -> tuple[float, float] | None:
    """The middle ``level`` of the draws, as (low, high); draws that are NaN are left out.

    None where fewer than half of the draws are numbers: the rest would not be what was drawn.

    Raises:
        InputError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"level={level!r} was asked for; allowed is above 0 and below 1.")
    drawn = np.asarray(values, dtype=np.float64)
    finite = drawn[np.isfinite(drawn)]
    if not len(finite) or 2 * len(finite) < len(drawn):
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
