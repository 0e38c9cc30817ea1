"""A map of the texts in two dimensions, repeatable, and honest about what it kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import CancelSignal, Progress, ProgressFn, check_cancel
from workbench.errors import InputError
from workbench.maths.agreement import preservation
from workbench.maths.plane import principal_plane, turn_onto
from workbench.maths.similarity import cross_neighbours, neighbours
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows
from workbench.studies.layout import lay_out

ProjectionMethod: TypeAlias = Literal["umap", "pca"]

MAP_SIZE = 10.0
"""Longer side of the picture that UMAP starts from, in UMAP's own units (umap-learn does so)."""
PRESERVATION_K = 10
EXACT_LIMIT = 3
"""Three points always fit a plane."""


@dataclass(frozen=True)
class Projection:
    """Texts as points in the plane. The axes have no unit and no meaning; nearness has.

    Attributes:
        points: (n, 2) float32.
        preservation: (n,) float32, share of each point's ``preservation_k`` nearest on the map
            that are among as many true neighbours by cosine.
        preservation_k: That number; 0 where there is no other text.
        method: What drew the map, which may differ from what was asked: see ``notes``.
        n_neighbors: Size of UMAP's neighbourhoods, the text itself included.
        min_dist: How close UMAP may set points, in the map's units.
        seed: Of UMAP's sampling.
        started: Whether it grew from an earlier map.
        seconds: Wall time.
        notes: What was chosen on the way, a sentence each.
    """

    points: Matrix
    preservation: Matrix
    preservation_k: int
    method: ProjectionMethod
    n_neighbors: int
    min_dist: float
    seed: int
    started: bool
    seconds: float
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.points)


def carry_over(projection: Projection, vectors: ArrayLike) -> Projection:
    """An earlier map of the same texts, judged by new vectors: what to show until theirs is drawn.

    Args:
        projection: The earlier map.
        vectors: (n, dim), or an Embeddings.

    Returns:
        The old points with the share of *these* vectors' neighbours that they keep.
    """
    unit = normalize_rows(as_matrix(vectors))
    return replace(
        projection,
        preservation=preservation(unit, projection.points, PRESERVATION_K),
        notes=("these are the points of the map before", *projection.notes),
    )


def project(
    vectors: ArrayLike,
    *,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    seed: int = 42,
    method: ProjectionMethod = "umap",
    start: ArrayLike | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Projection:
    """Draw the map: cosine distance, exact neighbours, the same picture for the same seed.

    UMAP (McInnes et al. 2018) begins from PCA, or from ``start``. The result is turned, mirrored
    and shifted onto what it began from, never stretched, so that points move rather than jump:
    a UMAP map lies as its PCA map lies, and a map after a change lies as the one before.

    Args:
        vectors: (n, dim), or an Embeddings.
        n_neighbors: 2 or more; small shows fine groups, large the coarse picture. Capped at n.
        min_dist: 0 to 1.
        seed: Of the sampling.
        method: "pca" is exact, instant and linear. Up to 3 texts are always drawn by it.
        start: (n, 2), an earlier map of these texts made by ``project``; NaN rows are new texts,
            which begin at the middle of their nearest old ones.
        progress: Called in the calling thread with stage "project" and UMAP's epochs.
        cancel: Looked at between the steps and after each of UMAP's epochs.

    Raises:
        InputError: The vectors are no finite matrix, or an argument is out of range.
        Cancelled: ``cancel`` was set; counted in epochs.
    """
    began = time.perf_counter()
    unit = normalize_rows(as_matrix(vectors))
    n = len(unit)
    _check_arguments(n_neighbors, min_dist, method)
    earlier = _checked_start(start, n)
    near = neighbours(unit, max(n_neighbors - 1, PRESERVATION_K))
    check_cancel(cancel, done=0, total=n)
    drawn: ProjectionMethod = "pca" if n <= EXACT_LIMIT else method
    points, shown = _flat(unit)
    if drawn == "umap":
        tick = partial(_tick, progress, cancel)
        begin = points if earlier is None else _placed(unit, earlier)
        grown = _grow(begin, near, n_neighbors, min_dist, seed, earlier is not None, tick)
        points = turn_onto(grown, points)
    points = turn_onto(points, earlier) if earlier is not None else points
    k = min(PRESERVATION_K, n // 2)
    return Projection(
        points=points,
        preservation=preservation(unit, points, k, scores=near[1]),
        preservation_k=k,
        method=drawn,
        n_neighbors=min(n_neighbors, n),
        min_dist=min_dist,
        seed=seed,
        started=earlier is not None,
        seconds=time.perf_counter() - began,
        notes=_notes(n, shown, n_neighbors, asked=method, drawn=drawn),
    )


def _grow(
    begin: Matrix,
    near: tuple[NDArray[np.int64], Matrix],
    n_neighbors: int,
    min_dist: float,
    seed: int,
    warm: bool,
    on_epoch: Callable[[int, int], None],
) -> Matrix:
    """UMAP's layout; ``n_neighbors`` counts the text itself, ``near`` does not."""
    indices, scores = near[0][:, : n_neighbors - 1], near[1][:, : n_neighbors - 1]  # (n, k)
    return lay_out(
        begin,
        indices,
        1 - scores,
        min_dist=min_dist,
        seed=seed,
        warm=warm,
        on_epoch=on_epoch,
    )


def _tick(progress: ProgressFn | None, cancel: CancelSignal | None, done: int, total: int) -> None:
    check_cancel(cancel, done=done, total=total, unit="epochs")
    if progress is not None and (done % max(total // 20, 1) == 0 or done == total):
        progress(Progress("project", done, total, f"Drawing the map: {done} of {total} epochs"))


def _check_arguments(n_neighbors: int, min_dist: float, method: str) -> None:
    if n_neighbors < 2:
        raise InputError(
            f"n_neighbors={n_neighbors!r} was asked for; allowed is 2 or more (the text itself "
            "counts as one). 15 is a good beginning."
        )
    if not 0 <= min_dist <= 1:
        raise InputError(f"min_dist={min_dist!r} was asked for; allowed is 0 to 1.")
    if method not in ("umap", "pca"):
        raise InputError(f"method={method!r} was asked for; allowed is 'umap' or 'pca'.")


def _checked_start(start: ArrayLike | None, n: int) -> NDArray[np.float32] | None:
    """``start`` as (n, 2) float32 with NaN for new texts; None where it shows nothing."""
    if start is None:
        return None
    earlier = np.array(start, dtype=np.float32)
    if earlier.shape != (n, 2):
        raise InputError(
            f"start has shape {earlier.shape!r}; {(n, 2)!r} is needed, one row a text, with NaN "
            "for texts that were not on the earlier map."
        )
    known = np.isfinite(earlier).all(axis=1)
    earlier[~known] = np.nan
    spread = np.ptp(earlier[known], axis=0).max() if known.any() else 0
    return earlier if spread > 0 else None


def _placed(unit: Matrix, earlier: NDArray[np.float32]) -> Matrix:
    """The earlier map with new texts at the middle of their 3 nearest old ones, (n, 2)."""
    new = np.isnan(earlier[:, 0])  # (n,)
    if not new.any():
        return earlier
    nearest, _ = cross_neighbours(unit[new], unit[~new], 3)  # (n_new, 3)
    places = earlier.copy()
    places[new] = earlier[~new][nearest].mean(axis=1)  # (n_new, 3, 2) -> (n_new, 2)
    return places


def _flat(unit: Matrix) -> tuple[Matrix, float]:
    """PCA's picture, the longer side of its frame ``MAP_SIZE``, and its share of variance."""
    points, shown = principal_plane(unit)  # (n, 2)
    side = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    return (points * np.float32(MAP_SIZE / side) if side > 0 else points), shown


def _notes(
    n: int, shown: float, n_neighbors: int, *, asked: ProjectionMethod, drawn: ProjectionMethod
) -> tuple[str, ...]:
    if asked != drawn:
        return (f"{n} text(s): drawn by PCA, which is exact there; UMAP needs more than 3",)
    if drawn == "pca":
        return (f"PCA: the two axes show {shown:.0%} of the variance",)
    if n_neighbors > n:
        return (f"n_neighbors {n_neighbors} is more than the {n} texts: {n} was used",)
    return ()
