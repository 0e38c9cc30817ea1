"""Where the right documents of queries stand among all, exact, a block of queries at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.maths.similarity import GRID, top_columns
from workbench.maths.vectors import Matrix


@dataclass(frozen=True)
class Standing:
    """Where the right documents of one query stand.

    Attributes:
        right: (r,) int64, its right documents, best cosine first.
        scores: (r,) float32, their cosines.
        ranks: (r,) int64 from 1, ascending. A wrong document of the same cosine stands before a
            right one, and of right ones the lower grade: an embedder that cannot tell texts apart
            gains nothing by it. Cosines are the same where they round to one multiple of ``GRID``.
        auc: The chance that a right document scores above a wrong one, equal ones counting half;
            NaN where there is no wrong one.
        top: (k,) int64, the documents of the highest cosines, ties by place.
        top_scores: (k,) float32, their cosines.
    """

    right: NDArray[np.int64]
    scores: Matrix
    ranks: NDArray[np.int64]
    auc: float
    top: NDArray[np.int64]
    top_scores: Matrix


def rank_block(
    queries: Matrix,
    corpus: Matrix,
    right: Sequence[NDArray[np.int64]],
    grades: Sequence[NDArray[np.float64]],
    left_out: Sequence[NDArray[np.int64]],
    *,
    k: int,
) -> list[Standing]:
    """Rank the corpus for each of b queries; takes 4·b·m bytes, and eight more a cell for the top.

    Args:
        queries: (b, dim) float32, unit rows.
        corpus: (m, dim) float32, unit rows.
        right: For each query its right documents, one at least.
        grades: Their grades.
        left_out: For each query the documents that are neither right nor wrong; none of ``right``.
        k: Documents to keep, at most m.
    """
    block = queries @ corpus.T  # (b, dim) x (dim, m) -> (b, m)
    np.multiply(block, GRID, out=block)
    np.rint(block, out=block)
    for row, out in enumerate(left_out):
        block[row, out] = -np.inf
    top = top_columns(block, min(k, len(corpus)))  # (b, k)
    rows = zip(block, right, grades, left_out, top, strict=True)
    return [_stand(scores, good, grade, out, best) for scores, good, grade, out, best in rows]


def _stand(
    scores: Matrix,
    right: NDArray[np.int64],
    grades: NDArray[np.float64],
    left_out: NDArray[np.int64],
    top: NDArray[np.int64],
) -> Standing:
    order = np.lexsort((grades, -scores[right]))  # best first; of equals the lower grade
    held = scores[right[order]]  # (r,), descending
    above, at_least = _count(scores, held)  # all documents, right ones too
    right_above, right_at_least = _count(held, held)
    beaten_by = at_least - right_at_least  # wrong ones, equals against the model
    ties = beaten_by - (above - right_above)
    wrong = len(scores) - len(right) - len(left_out)
    lost = float((beaten_by - ties / 2).mean())
    top = top[np.isfinite(scores[top])]
    return Standing(
        right=right[order],
        scores=held / GRID,
        ranks=beaten_by + np.arange(1, len(right) + 1),
        auc=1 - lost / wrong if wrong else float("nan"),
        top=top,
        top_scores=scores[top] / GRID,
    )


def _count(scores: Matrix, held: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of ``held``, descending, how many scores are above it, and how many at least it."""
    ascending = held[::-1]

    def count(places: NDArray[np.int64]) -> NDArray[np.int64]:
        # places: for each score, how many of ``held`` it passes
        passing = np.bincount(places, minlength=len(held) + 1)
        counted: NDArray[np.int64] = np.cumsum(passing[:0:-1])
        return counted  # the highest of ``held`` first

    return (
        count(np.searchsorted(ascending, scores, side="left")),
        count(np.searchsorted(ascending, scores, side="right")),
    )
