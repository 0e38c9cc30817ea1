"""How far two pictures of the same texts agree on who is near whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.maths.similarity import GRID, neighbours, row_blocks, top_columns
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows


def neighbour_overlap(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Share of each row's neighbours that are the same on both sides, whatever their order.

    Args:
        before: (n, k) indices, each once in its row.
        after: (n, k) indices.

    Returns:
        (n,) float64, |both| / k, 0 to 1; 1 where k is 0: nothing was lost.

    Raises:
        InputError: The shapes differ.
    """
    old, new = np.asarray(before), np.asarray(after)
    if old.shape != new.shape or old.ndim != 2:
        raise InputError(
            f"Neighbours of shape {old.shape!r} were compared with neighbours of shape "
            f"{new.shape!r}; both must be (n, k), of the same texts and the same k."
        )
    if old.shape[1] == 0:
        return np.ones(len(old))
    shared = np.zeros(len(old))
    for column in range(old.shape[1]):
        shared += (new == old[:, column, None]).any(axis=1)  # (n, k) -> (n,)
    share: NDArray[np.float64] = shared / old.shape[1]
    return share


def map_neighbours(points: ArrayLike, k: int) -> NDArray[np.int64]:
    """The k nearest other points of each point on a map, exact, ties by index.

    Args:
        points: (n, 2).
        k: Where it is above n - 1 all n - 1 others are returned.

    Returns:
        (n, min(k, n - 1)) int64, nearest first.
    """
    place = as_matrix(points, name="points")
    n = len(place)
    k = min(k, max(n - 1, 0))
    nearest = np.empty((n, k), dtype=np.int64)
    if k == 0:
        return nearest
    for rows in row_blocks(n, n):
        closeness = np.zeros((rows.stop - rows.start, n), dtype=np.float32)
        for axis in place.T:  # differences, not |a|² + |b|² - 2ab, which cancels for close points
            closeness -= np.square(axis[rows, None] - axis[None, :])  # (b, n)
        closeness[np.arange(len(closeness)), np.arange(rows.start, rows.stop)] = -np.inf
        nearest[rows] = top_columns(closeness, k)
    return nearest


def preservation(
    vectors: ArrayLike, points: ArrayLike, k: int, *, scores: Matrix | None = None
) -> Matrix:
    """Share of each point's k nearest on the map that are among its k true neighbours.

    True means by cosine of the vectors. Texts that tie with the k-th true neighbour count as
    true, so a map is not blamed for how a tie was broken.

    Args:
        vectors: (n, dim).
        points: (n, 2), the map.
        k: Capped at n - 1, where every map is perfect: take k well below n.
        scores: (n, k or more), the cosines of ``neighbours(vectors, k or more)`` where they are
            known already; saves a second search.

    Returns:
        (n,) float32, 0 to 1; 1 where there is no other point.
    """
    unit = normalize_rows(as_matrix(vectors))
    near = map_neighbours(points, k)  # (n, k)
    if len(near) != len(unit):
        raise InputError(
            f"{len(unit):,} vectors were compared with a map of {len(near):,} points; pass the "
            "map of the same texts."
        )
    if near.shape[1] == 0:
        return np.ones(len(unit), dtype=np.float32)
    k = near.shape[1]
    true = scores if scores is not None else neighbours(unit, k)[1]
    worst_true = true[:, k - 1] - 1 / GRID  # (n,), one step of rounding allowed
    kept = np.zeros(len(unit), dtype=np.float32)
    for column in near.T:  # (n,)
        kept += np.einsum("ij,ij->i", unit, unit[column]) >= worst_true
    return kept / np.float32(k)
