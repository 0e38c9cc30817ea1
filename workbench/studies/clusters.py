"""Groups of like texts, as many as the vectors themselves suggest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import one_import
from workbench.maths.similarity import cross_neighbours, similarity
from workbench.maths.vectors import Matrix, as_matrix, normalize_rows

SAMPLE = 2_000
"""Most texts that are grouped by their tree; others join the nearest group."""
MOST_CLUSTERS = 30
LEAST_SILHOUETTE = 0.08
"""Below this mean silhouette (Rousseeuw 1987) there are no groups worth a colour: the best cut of
pure noise reaches 0.05 at 384 dimensions."""


def cluster_texts(vectors: ArrayLike) -> NDArray[np.int64]:
    """Group texts by Ward's tree over unit vectors, cut where the mean silhouette is highest.

    Of more than ``SAMPLE`` texts an even sample is grouped so, and each other text joins the
    group with the nearest centre. The same vectors give the same groups.

    Args:
        vectors: (n, dim).

    Returns:
        (n,) int64 group numbers, the largest group 0; -1 for a text that stands alone, and for
        all where no grouping reaches ``LEAST_SILHOUETTE``.
    """
    unit = normalize_rows(as_matrix(vectors))
    n = len(unit)
    if n < 4:
        return np.full(n, -1, dtype=np.int64)
    sample = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).round().astype(np.int64))  # (s,)
    groups = _best_cut(unit[sample])  # (s,)
    if len(sample) < n and groups.max() >= 0:
        count = int(groups.max()) + 1
        centres = np.stack([unit[sample[groups == g]].mean(axis=0) for g in range(count)])
        nearest, _ = cross_neighbours(unit, centres, 1)  # (n, 1)
        everyone = nearest[:, 0]
        everyone[sample] = groups
        return everyone
    if len(sample) < n:
        return np.full(n, -1, dtype=np.int64)
    return groups


def _best_cut(unit: Matrix) -> NDArray[np.int64]:
    with one_import("scipy"):
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import squareform

    cosine = np.maximum(1.0 - similarity(unit).astype(np.float64), 0.0)  # (s, s)
    np.fill_diagonal(cosine, 0.0)
    # between unit vectors the Euclidean distance is the root of twice the cosine distance
    tree = linkage(squareform(np.sqrt(2 * cosine), checks=False), method="ward")
    best, found = LEAST_SILHOUETTE, np.zeros(len(unit), dtype=np.int64)
    for count in range(2, min(MOST_CLUSTERS, len(unit) - 1) + 1):
        groups = fcluster(tree, count, criterion="maxclust") - 1
        mean = float(silhouettes(cosine, groups).mean())
        if mean > best:
            best, found = mean, groups.astype(np.int64)
    sizes = np.bincount(found)
    if len(sizes) < 2:
        return np.full(len(unit), -1, dtype=np.int64)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.where(sizes[found] > 1, rank[found], -1)


def silhouettes(distances: NDArray[np.float64], groups: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much nearer each text is to its own group than to the next one.

    Args:
        distances: (n, n), symmetrical, 0 on the diagonal.
        groups: (n,) numbers from 0.

    Returns:
        (n,) float64, -1 to 1; 0 for a text alone in its group, and for all where there is one
        group.
    """
    if len(np.unique(groups)) < 2:
        return np.zeros(len(groups))
    member = np.eye(int(groups.max()) + 1)[groups]  # (n, g)
    sizes = member.sum(axis=0)  # (g,)
    totals = distances @ member  # (n, g)
    rows = np.arange(len(groups))
    own_size = sizes[groups]
    own = totals[rows, groups] / np.maximum(own_size - 1, 1)
    means = totals / np.maximum(sizes, 1)
    means[:, sizes == 0] = np.inf
    means[rows, groups] = np.inf
    other = means.min(axis=1)
    larger = np.maximum(own, other)
    ratio = np.divide(other - own, larger, out=np.zeros_like(own), where=larger > 0)
    return np.where(own_size > 1, ratio, 0.0)
