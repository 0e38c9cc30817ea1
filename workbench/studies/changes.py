"""Before and after one change: which similarities and which neighbours it moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import CancelSignal, Embeddings, check_cancel
from workbench.errors import InputError
from workbench.maths.agreement import neighbour_overlap
from workbench.maths.similarity import neighbours
from workbench.maths.summary import SimilaritySummary, cell_edges, check_order, summarize_strips
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows


@dataclass(frozen=True)
class Change:
    """What one change did to the same n texts.

    Attributes:
        difference: Cosine after minus cosine before, cell by cell; see ``SimilaritySummary``.
        overlap: (n,) float64, share of each text's k nearest that stayed.
        gained: For each text its new neighbours, best first.
        lost: For each text the neighbours it no longer has, best first.
        before_scores: (n, k) float32, cosines of the neighbours before.
        after_scores: (n, k) float32, cosines of the neighbours after.
        mean_abs: Mean size of the difference over all pairs of different texts; 0 for n < 2.
        max_abs: The largest one.
        text_mean_abs: (n,) float32, the mean size of each text's differences.
        self_cosine: (n,) float32, cosine of each text's vector before with the one after; None
            where they do not share a space (``comparable``) or a width.
        order_by_change: (n,) int64, the most changed texts first: by neighbours lost, then by
            ``text_mean_abs``.
        k: Neighbours looked at.
        comparable: Both sides come from one model, so that a cosine means the same on both. Two
            models spread their cosines differently: trust the neighbours, not the differences.
        notes: What to know when reading this, a sentence each.
    """

    difference: SimilaritySummary
    overlap: NDArray[np.float64]
    gained: tuple[tuple[int, ...], ...]
    lost: tuple[tuple[int, ...], ...]
    before_scores: Matrix
    after_scores: Matrix
    mean_abs: float
    max_abs: float
    text_mean_abs: Matrix
    self_cosine: Matrix | None
    order_by_change: NDArray[np.int64]
    k: int
    comparable: bool
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.overlap)


def compare_change(
    before: ArrayLike,
    after: ArrayLike,
    *,
    k: int = 10,
    comparable: bool | None = None,
    order: ArrayLike | None = None,
    max_side: int = 600,
    cancel: CancelSignal | None = None,
) -> Change:
    """Compare the same texts before and after one thing was changed.

    Args:
        before: (n, dim) or an Embeddings.
        after: (n, dim') or an Embeddings, of the same texts in the same order.
        k: Neighbours to compare; n - 1 where there are fewer.
        comparable: Whether one model made both. None: two Embeddings tell it by their names;
            plain arrays are taken as comparable when their widths agree.
        order: (n,) permutation for ``difference``; None: as given.
        max_side: Most cells along a side of ``difference``.
        cancel: Looked at between steps.

    Raises:
        InputError: Not the same number of texts, or an argument is out of range.
        Cancelled: ``cancel`` was set.
    """
    old = normalize_rows(as_matrix(before, name="before"))
    new = normalize_rows(as_matrix(after, name="after"))
    if len(old) != len(new):
        raise InputError(
            f"{len(old):,} vectors before were compared with {len(new):,} after. Both must be of "
            "the same texts in the same order."
        )
    same_model = _is_comparable(before, after) if comparable is None else comparable
    positions = check_order(order, len(old))
    (old_near, old_scores), (new_near, new_scores) = neighbours(old, k), neighbours(new, k)
    difference, text_mean_abs, max_abs = _differences(old, new, positions, max_side, cancel)
    overlap = neighbour_overlap(old_near, new_near)
    return Change(
        difference=difference,
        overlap=overlap,
        gained=_missing_from(new_near, old_near),
        lost=_missing_from(old_near, new_near),
        before_scores=old_scores,
        after_scores=new_scores,
        mean_abs=float(text_mean_abs.mean()) if len(old) else 0.0,
        max_abs=max_abs,
        text_mean_abs=text_mean_abs,
        self_cosine=_self_cosine(old, new) if same_model else None,
        order_by_change=np.lexsort((-text_mean_abs, overlap)).astype(np.int64),
        k=old_near.shape[1],
        comparable=same_model,
        notes=_notes(old, new, same_model),
    )


def _self_cosine(old: Matrix, new: Matrix) -> Matrix | None:
    if old.shape != new.shape:
        return None
    cosines: Matrix = np.clip(np.einsum("ij,ij->i", old, new), -1, 1)
    return cosines


def _is_comparable(before: ArrayLike, after: ArrayLike) -> bool:
    if isinstance(before, Embeddings) and isinstance(after, Embeddings):
        return before.info.name == after.info.name and before.info.revision == after.info.revision
    return np.shape(before) == np.shape(after)


def _differences(
    old: Matrix,
    new: Matrix,
    order: NDArray[np.int64],
    max_side: int,
    cancel: CancelSignal | None,
) -> tuple[SimilaritySummary, Matrix, float]:
    """The difference in cells, each text's mean absolute one, and the largest."""
    n = len(old)
    edges = cell_edges(n, max_side)
    totals, largest = np.zeros(n), np.zeros(n)  # by position
    strips = _difference_strips(old[order], new[order], edges, totals, largest, cancel)
    difference = summarize_strips(strips, edges, order)
    text_mean_abs = np.empty(n, dtype=np.float32)
    text_mean_abs[order] = totals / max(n - 1, 1)
    return difference, text_mean_abs, float(largest.max(initial=0.0))


def _difference_strips(
    old: Matrix,
    new: Matrix,
    edges: NDArray[np.int64],
    totals: NDArray[np.float64],
    largest: NDArray[np.float64],
    cancel: CancelSignal | None,
) -> Iterator[Matrix]:
    """Strips for ``summarize_strips``; adds each text's |differences| up on the way."""
    for first, last in pairwise(edges):
        check_cancel(cancel, done=int(first), total=len(old))
        strip = new[first:last] @ new[first:].T  # (b, n - first)
        strip -= old[first:last] @ old[first:].T
        own = np.arange(last - first)
        strip[own, own] = 0
        size = np.abs(strip)
        totals[first:last] += size.sum(axis=1)
        totals[last:] += size[:, last - first :].sum(axis=0)
        largest[first:last] = np.maximum(largest[first:last], size.max(axis=1))
        yield strip


def _missing_from(
    mine: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[tuple[int, ...], ...]:
    """For each row the indices of ``mine`` that ``others`` lacks, in their order."""
    here = np.zeros(mine.shape, dtype=bool)
    for column in range(others.shape[1]):
        here |= mine == others[:, column, None]
    return tuple(tuple(row[~seen].tolist()) for row, seen in zip(mine, here, strict=True))


def _notes(old: Matrix, new: Matrix, comparable: bool) -> tuple[str, ...]:
    notes = []
    if not comparable:
        notes.append(
            "two models spread their cosines differently: trust which neighbours changed, not by "
            "how much a cosine did"
        )
    if old.shape[1] != new.shape[1] and len(old):
        notes.append(
            f"vectors are {old.shape[1]} wide before and {new.shape[1]} after: a text's own "
            "vectors cannot be compared across the change"
        )
    return tuple(notes)
