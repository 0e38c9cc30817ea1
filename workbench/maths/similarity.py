"""Cosines between rows and the nearest rows by them, exact, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows

BLOCK_CELLS = 4_194_304
"""Cells of a similarity matrix held at once where work goes by blocks: 16 MB as float32. With the
int64 indices of a partial sort a block takes about 50 MB, however many vectors there are."""

GRID = np.float32(2**20)
"""Neighbours are ranked by cosines rounded to multiples of 2⁻²⁰ (1e-6), a little coarser than
float32 rounding, so that equal texts tie and ties fall to the lower index."""


def similarity(a: ArrayLike, b: ArrayLike | None = None) -> Matrix:
    """Cosine of every row of ``a`` with every row of ``b``, or of ``a`` with itself.

    A zero row has no direction: its cosines are 0, with itself too. Takes 4·n·m bytes, so ask for
    blocks of a large matrix with ``similarity_window`` or ``summarize_similarity``.

    Returns:
        (n, m) float32 in [-1, 1]. Without ``b`` it is exactly symmetrical and the diagonal is
        exactly 1 (0 for zero rows).

    Raises:
        InputError: The widths differ, or a row is not finite.
    """
    left = normalize_rows(as_matrix(a, name="a"))
    if b is None:
        scores = _clipped(left @ left.T)  # (n, dim) x (dim, n) -> (n, n)
        np.maximum(scores, scores.T.copy(), out=scores)
        np.fill_diagonal(scores, left.any(axis=1).astype(np.float32))
        return scores
    right = normalize_rows(as_matrix(b, name="b"))
    _check_widths(left, right)
    return _clipped(left @ right.T)  # (n, dim) x (dim, m) -> (n, m)


def pairwise(a: ArrayLike, b: ArrayLike) -> Matrix:
    """Cosine of each row of ``a`` with the row of ``b`` beside it, rounded to ``GRID``.

    Returns:
        (n,) float32 in [-1, 1]; 0 where a row is zero. Pairs of equal texts tie at exactly 1.

    Raises:
        InputError: The shapes differ, or a row is not finite.
    """
    left = normalize_rows(as_matrix(a, name="a"))
    right = normalize_rows(as_matrix(b, name="b"))
    if left.shape != right.shape:
        raise InputError(
            f"Vectors of shape {left.shape!r} were paired with vectors of shape {right.shape!r}; "
            "a pair needs one of each, of one width."
        )
    cosines = np.einsum("ij,ij->i", left, right, dtype=np.float64)  # (n, dim) twice -> (n,)
    return _clipped((np.rint(cosines * GRID) / GRID).astype(np.float32))


def neighbours(vectors: ArrayLike, k: int) -> tuple[NDArray[np.int64], Matrix]:
    """The k rows with the highest cosine to each row, itself excluded; exact.

    Args:
        vectors: (n, dim).
        k: At least 1; where it is above n - 1 all n - 1 others are returned.

    Returns:
        Indices (n, min(k, n - 1)) int64 and their cosines, float32, best first; equal cosines
        (see ``GRID``) in order of index.
    """
    unit = normalize_rows(as_matrix(vectors))
    return _top_k(unit, unit, min(_checked_k(k), max(len(unit) - 1, 0)), exclude_self=True)


def cross_neighbours(
    queries: ArrayLike, corpus: ArrayLike, k: int
) -> tuple[NDArray[np.int64], Matrix]:
    """The k rows of ``corpus`` with the highest cosine to each query, as ``neighbours`` does.

    Returns:
        Indices (n_queries, min(k, n_corpus)) int64 and their cosines, float32.

    Raises:
        InputError: The widths differ, or a row is not finite.
    """
    left = normalize_rows(as_matrix(queries, name="queries"))
    right = normalize_rows(as_matrix(corpus, name="corpus"))
    _check_widths(left, right)
    return _top_k(left, right, min(_checked_k(k), len(right)), exclude_self=False)


def row_blocks(n: int, columns: int) -> Iterator[slice]:
    """Slices of n rows, each at most ``BLOCK_CELLS`` cells of ``columns`` columns."""
    step = max(1, BLOCK_CELLS // max(columns, 1))
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))


def top_columns(scores: Matrix, k: int) -> NDArray[np.int64]:
    """Columns of the k highest values of each row, best first, ties by column.

    Args:
        scores: (b, m) float32.
        k: 1 to m.

    Returns:
        (b, k) int64.
    """
    m = scores.shape[1]
    if k < m:
        picked = np.argpartition(scores, m - k, axis=1)[:, m - k :]  # (b, m) -> (b, k)
        least = np.take_along_axis(scores, picked, axis=1).min(axis=1)  # (b,)
        crowded = np.flatnonzero((scores >= least[:, None]).sum(axis=1) > k)
        for row in crowded:  # a tie across the k-th place: the lower index wins
            picked[row] = np.argsort(-scores[row], kind="stable")[:k]
    else:
        picked = np.broadcast_to(np.arange(m), scores.shape)
    values = np.take_along_axis(scores, picked, axis=1)
    ranking = np.lexsort((picked, -values), axis=1)
    top: NDArray[np.int64] = np.take_along_axis(picked, ranking, axis=1).astype(np.int64)
    return top


def _top_k(
    left: Matrix, right: Matrix, k: int, *, exclude_self: bool
) -> tuple[NDArray[np.int64], Matrix]:
    """Top k columns of ``left @ right.T`` by blocks of rows."""
    n = len(left)
    indices = np.empty((n, k), dtype=np.int64)
    scores = np.empty((n, k), dtype=np.float32)
    if k == 0:
        return indices, scores
    for rows in row_blocks(n, len(right)):
        block = left[rows] @ right.T  # (b, dim) x (dim, m) -> (b, m)
        np.multiply(block, GRID, out=block)
        np.rint(block, out=block)
        if exclude_self:
            block[np.arange(len(block)), np.arange(rows.start, rows.stop)] = -np.inf
        indices[rows] = top_columns(block, k)
        scores[rows] = np.take_along_axis(block, indices[rows], axis=1) / GRID
    return indices, _clipped(scores)


def _clipped(scores: Matrix) -> Matrix:
    return np.clip(scores, -1, 1, out=scores)


def _checked_k(k: int) -> int:
    if k < 1:
        raise InputError(f"k={k!r} neighbours were asked for; allowed is 1 or more.")
    return int(k)


def _check_widths(left: Matrix, right: Matrix) -> None:
    if len(left) and len(right) and left.shape[1] != right.shape[1]:
        raise InputError(
            f"Vectors {left.shape[1]} wide were compared with vectors {right.shape[1]} wide. "
            "Cosines need one width: embed both sides with one embedder, or cut the longer ones "
            "with truncate_dim if they come from the same Matryoshka model."
        )
