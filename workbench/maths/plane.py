"""Points in the plane: the plane of largest variance, and one picture turned onto another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.maths.vectors import Matrix, as_matrix


def principal_plane(vectors: ArrayLike) -> tuple[Matrix, float]:
    """Coordinates on the first two principal axes (PCA), and how much they show.

    The eigenvectors of the smaller of the covariance (dim, dim) and the Gram matrix (n, n).
    Each axis points to where its largest loading is positive, so that the picture does not flip
    from one run to the next.

    Args:
        vectors: (n, dim).

    Returns:
        (n, 2) float32, centred on 0, second column 0 where the vectors lie on one line; and the
        share of variance in these two axes, 0 to 1 (1 where there is none to show).
    """
    rows = as_matrix(vectors).astype(np.float64)
    n, dim = rows.shape
    points = np.zeros((n, 2))
    if n < 2 or dim == 0:
        return points.astype(np.float32), 1.0
    rows = rows - rows.mean(axis=0)
    total = float(np.square(rows).sum())
    if total <= 1e-12 * n:  # below float32 rounding of unit vectors: all the same
        return points.astype(np.float32), 1.0
    axes = _leading_axes(rows)  # (dim, 2 or 1)
    loudest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)  # (1, 2 or 1)
    points[:, : axes.shape[1]] = rows @ (axes * np.where(loudest < 0, -1, 1))
    return points.astype(np.float32), min(1.0, float(np.square(points).sum()) / total)


def turn_onto(points: ArrayLike, reference: ArrayLike) -> Matrix:
    """Turn, mirror and shift points to lie as close as possible to a reference; never stretch.

    Orthogonal Procrustes (Schönemann 1966) over the rows where the reference is finite. Distances
    between points stay what they are.

    Args:
        points: (n, 2).
        reference: (n, 2); rows with NaN have no reference place and are carried along.

    Returns:
        (n, 2) float32; the points as they are where no row has a reference.
    """
    place = as_matrix(points, name="points").astype(np.float64)
    target = np.asarray(reference, dtype=np.float64)
    known = np.isfinite(target).all(axis=1)  # (n,)
    if not known.any():
        return place.astype(np.float32)
    centre, goal = place[known].mean(axis=0), target[known].mean(axis=0)  # (2,)
    cross = (place[known] - centre).T @ (target[known] - goal)  # (2, 2)
    left, _, right = np.linalg.svd(cross)
    turned: Matrix = ((place - centre) @ (left @ right) + goal).astype(np.float32)
    return turned


def _leading_axes(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit axes of largest variance of centred rows, (dim, 2), or (dim, 1) where dim is 1."""
    n, dim = rows.shape
    count = min(2, dim)
    if dim <= n:
        _, vectors = np.linalg.eigh(rows.T @ rows)  # (dim, dim), ascending
        return vectors[:, ::-1][:, :count]
    _, weights = np.linalg.eigh(rows @ rows.T)  # (n, n), ascending
    axes = rows.T @ weights[:, ::-1][:, :count]  # (dim, count)
    norms = np.linalg.norm(axes, axis=0)
    # an axis without variance is rounding noise and would point anywhere
    faint = norms <= 1e-6 * max(norms.max(), 1e-300)
    unit: NDArray[np.float64] = axes / np.where(faint, np.inf, norms)
    return unit
