"""A similarity matrix too large to draw, as a grid of block means, lows and highs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.maths.similarity import similarity
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows


@dataclass(frozen=True)
class SimilaritySummary:
    """An (n, n) matrix, rows and columns in ``order``, cut into s × s cells.

    Attributes:
        mean: (s, s) float32, mean of each cell's values.
        low: (s, s) float32, the lowest value in each cell.
        high: (s, s) float32, the highest.
        edges: (s + 1,) int64: cell i holds positions ``edges[i]`` to ``edges[i + 1]``.
        order: (n,) int64: the text at each position.
    """

    mean: Matrix
    low: Matrix
    high: Matrix
    edges: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def exact(self) -> bool:
        """Whether each cell is one pair of texts."""
        return len(self.mean) == len(self.order)


def summarize_similarity(
    vectors: ArrayLike, *, order: ArrayLike | None = None, max_side: int = 600
) -> SimilaritySummary:
    """Cosines of all pairs as at most ``max_side``² cells.

    Never holds more than one strip of cells, n²/s values (2.7 MB at 20,000 vectors), besides
    the normalised vectors and the result.

    Args:
        vectors: (n, dim).
        order: (n,) permutation, the text at each position; None: as given.
        max_side: Most cells along a side.

    Raises:
        InputError: ``order`` is no permutation, or ``max_side`` is below 1.
    """
    unit = normalize_rows(as_matrix(vectors))
    positions = check_order(order, len(unit))
    edges = cell_edges(len(unit), max_side)
    if len(edges) - 1 == len(unit):
        cells = similarity(unit)[np.ix_(positions, positions)]  # (n, n)
        return SimilaritySummary(cells, cells, cells, edges, positions)
    return summarize_strips(_similarity_strips(unit[positions], edges), edges, positions)


def similarity_window(
    vectors: ArrayLike, *, rows: slice, columns: slice, order: ArrayLike | None = None
) -> Matrix:
    """One rectangle of the matrix in full: cosines of ``order[rows]`` with ``order[columns]``."""
    matrix = as_matrix(vectors)
    positions = check_order(order, len(matrix))
    return similarity(matrix[positions[rows]], matrix[positions[columns]])


def cell_edges(n: int, max_side: int) -> NDArray[np.int64]:
    """Borders of min(n, max_side) cells over n positions whose sizes differ by 1 at most."""
    if max_side < 1:
        raise InputError(f"max_side={max_side!r} cells were asked for; allowed is 1 or more.")
    side = min(n, max_side)
    if side == 0:
        return np.zeros(1, dtype=np.int64)
    return np.arange(side + 1, dtype=np.int64) * n // side


def check_order(order: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """``order`` as (n,) int64; None means 0 to n - 1.

    Raises:
        InputError: It is not a permutation of 0 to n - 1.
    """
    if order is None:
        return np.arange(n, dtype=np.int64)
    positions = np.asarray(order, dtype=np.int64)
    if positions.shape != (n,) or not np.array_equal(np.sort(positions), np.arange(n)):
        raise InputError(
            f"order has shape {positions.shape!r} and is not a permutation of 0 to {n - 1}; "
            "each text must come once."
        )
    return positions


def summarize_strips(
    strips: Iterator[Matrix], edges: NDArray[np.int64], order: NDArray[np.int64]
) -> SimilaritySummary:
    """Gather strips of a symmetrical matrix into a summary.

    Args:
        strips: For cell row i the values of its positions against positions ``edges[i]`` and on,
            (edges[i + 1] - edges[i], n - edges[i]); what lies to the left follows by symmetry.
        edges: (s + 1,).
        order: (n,).
    """
    side = len(edges) - 1
    mean, low, high = (np.zeros((side, side), dtype=np.float32) for _ in range(3))
    sizes = np.diff(edges)  # (s,)
    for i, strip in enumerate(strips):
        starts = edges[i:-1] - edges[i]  # (s - i,)
        low[i, i:] = np.minimum.reduceat(strip.min(axis=0), starts)
        high[i, i:] = np.maximum.reduceat(strip.max(axis=0), starts)
        totals = np.add.reduceat(strip.sum(axis=0), starts, dtype=np.float64)
        mean[i, i:] = totals / (sizes[i] * sizes[i:])
    mean, low, high = (cells + np.triu(cells, 1).T for cells in (mean, low, high))
    return SimilaritySummary(mean, low, high, edges, order)


def _similarity_strips(unit: Matrix, edges: NDArray[np.int64]) -> Iterator[Matrix]:
    """Strips for ``summarize_strips``; a row's cosine with itself is exactly 1."""
    for first, last in pairwise(edges):
        strip = np.clip(unit[first:last] @ unit[first:].T, -1, 1)  # (b, n - first)
        own = np.arange(last - first)
        strip[own, own] = unit[first:last].any(axis=1)
        yield strip
