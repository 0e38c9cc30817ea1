"""All texts against all: neighbours, the matrix in pieces, and an order that shows its blocks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import CancelSignal, check_cancel, one_import
from workbench.maths.plane import principal_plane
from workbench.maths.similarity import neighbours, similarity
from workbench.maths.summary import SimilaritySummary, similarity_window, summarize_similarity
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows

OrderMethod: TypeAlias = Literal["given", "optimal leaves", "leaves", "principal angle"]

OPTIMAL_LIMIT = 1_000
"""Most texts whose tree is turned for the smoothest order; the time grows as n³."""
TREE_LIMIT = 4_000
"""Most texts that get a tree at all: it takes 8·n² bytes (128 MB here) and time as n²."""


@dataclass(frozen=True)
class Comparison:
    """Every text compared with every other by cosine.

    Attributes:
        vectors: (n, dim) float32, unit rows (zero rows stay zero).
        indices: (n, k) int64, nearest texts of each text, best first, itself excluded.
        scores: (n, k) float32, their cosines.
        order_clustered: (n,) int64, an order of the texts that puts like beside like.
        order_method: How that order was found.
        seconds: Wall time of the comparison.
        notes: What was chosen on the way, a sentence each.
    """

    vectors: Matrix
    indices: NDArray[np.int64]
    scores: Matrix
    order_clustered: NDArray[np.int64]
    order_method: OrderMethod
    seconds: float
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.vectors)

    def summarize(
        self, *, order: ArrayLike | None = None, max_side: int = 600
    ) -> SimilaritySummary:
        """The matrix as at most ``max_side``² cells; see ``summarize_similarity``."""
        return summarize_similarity(self.vectors, order=order, max_side=max_side)

    def window(self, *, rows: slice, columns: slice, order: ArrayLike | None = None) -> Matrix:
        """One rectangle of the matrix in full, for positions in ``order``."""
        return similarity_window(self.vectors, rows=rows, columns=columns, order=order)


def compare(
    vectors: ArrayLike,
    *,
    k: int = 10,
    clustered: bool = True,
    cancel: CancelSignal | None = None,
) -> Comparison:
    """Compare all texts with all.

    Args:
        vectors: (n, dim), or an Embeddings.
        k: Neighbours to keep of each text; n - 1 where there are fewer.
        clustered: Look for an order that puts like beside like; else the order as given.
        cancel: Looked at between the steps.

    Raises:
        InputError: The vectors are no finite matrix, or ``k`` is below 1.
        Cancelled: ``cancel`` was set.
    """
    started = time.perf_counter()
    unit = normalize_rows(as_matrix(vectors))
    n = len(unit)
    check_cancel(cancel, done=0, total=n)
    indices, scores = neighbours(unit, k)
    check_cancel(cancel, done=0, total=n)
    order, method = order_by_likeness(unit) if clustered else (np.arange(n), "given")
    return Comparison(
        vectors=unit,
        indices=indices,
        scores=scores,
        order_clustered=order,
        order_method=method,
        seconds=time.perf_counter() - started,
        notes=_notes(unit, method),
    )


def order_by_likeness(vectors: ArrayLike) -> tuple[NDArray[np.int64], OrderMethod]:
    """An order of the texts that puts like beside like, by the best method n allows.

    Up to ``OPTIMAL_LIMIT`` texts: average linkage on cosine distance, leaves turned so that
    neighbours in the order are as alike as the tree allows (Bar-Joseph et al. 2001). Up to
    ``TREE_LIMIT``: the same tree, leaves as they come. Above: by angle around the centre of the
    first two principal axes, which shows coarse groups only.

    Returns:
        (n,) int64 and the method.
    """
    unit = normalize_rows(as_matrix(vectors))
    n = len(unit)
    if n < 3:
        return np.arange(n, dtype=np.int64), "given"
    if n > TREE_LIMIT:
        points, _ = principal_plane(unit)
        angle = np.arctan2(points[:, 1], points[:, 0])
        return np.argsort(angle, kind="stable").astype(np.int64), "principal angle"
    with one_import("scipy"):
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform

    distances = np.maximum(1.0 - similarity(unit).astype(np.float64), 0.0)  # (n, n)
    np.fill_diagonal(distances, 0.0)  # a zero row is at no distance from itself
    condensed = squareform(distances, checks=False)  # (n·(n-1)/2,)
    tree = linkage(condensed, method="average", optimal_ordering=n <= OPTIMAL_LIMIT)
    return leaves_list(tree).astype(np.int64), "optimal leaves" if n <= OPTIMAL_LIMIT else "leaves"


def _notes(unit: Matrix, method: OrderMethod) -> tuple[str, ...]:
    notes = []
    zeros = int((~unit.any(axis=1)).sum())
    if zeros:
        notes.append(f"{zeros:,} of {len(unit):,} vectors are zero: their cosines are shown as 0")
    if method == "principal angle":
        notes.append(
            f"more than {TREE_LIMIT:,} texts: ordered by the angle on the first two principal "
            "axes, which shows coarse groups only"
        )
    elif method == "leaves":
        notes.append(
            f"more than {OPTIMAL_LIMIT:,} texts: ordered by their tree, without the search for its "
            "smoothest turn"
        )
    return tuple(notes)
