"""Scores of rankings, one a query, from the ranks of its right documents; and of clusterings.

``ranks`` is (n, r) int64, ascending in each row: the ranks (from 1) of the right documents of each
of n queries, 0 at the end where a query has fewer than r. Every query has one at least. A rank is
exact however far down it is, so that nothing depends on how many documents were kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.maths.intervals import Counts

Ranks = NDArray[np.int64]
PerQuery = NDArray[np.float64]


def first_rank(ranks: Ranks) -> NDArray[np.int64]:
    """Rank of the first right document, (n,) int64."""
    return ranks[:, 0]


def hit_at(ranks: Ranks, k: int) -> PerQuery:
    """1 where a right document is among the first k, else 0. (n,) float64."""
    return (ranks[:, 0] <= k).astype(np.float64)


def precision_at(ranks: Ranks, k: int) -> PerQuery:
    """Share of the first k that is right; of k, even where there are fewer documents. (n,)."""
    share: PerQuery = _within(ranks, k).sum(axis=1) / k
    return share


def recall_at(ranks: Ranks, k: int) -> PerQuery:
    """Share of the right documents that is among the first k. (n,) float64."""
    share: PerQuery = _within(ranks, k).sum(axis=1) / (ranks > 0).sum(axis=1)
    return share


def mrr_at(ranks: Ranks, k: int | None = None) -> PerQuery:
    """1 / rank of the first right document, 0 beyond k; None: however far down. (n,) float64."""
    first = ranks[:, 0]
    reciprocal: PerQuery = 1 / first
    return reciprocal if k is None else np.where(first <= k, reciprocal, 0.0)


def map_at(ranks: Ranks, k: int) -> PerQuery:
    """Average precision down to k: precision at each right document, summed, over min(k, right).

    trec_eval divides by all right documents instead, which is the same where there are k or fewer.

    Returns:
        (n,) float64.
    """
    place = np.arange(1, ranks.shape[1] + 1)  # the j-th right document has j right ones above it
    precision = np.divide(place, ranks, out=np.zeros(ranks.shape), where=_within(ranks, k))
    average: PerQuery = precision.sum(axis=1) / np.minimum(k, (ranks > 0).sum(axis=1))
    return average


def ndcg_at(ranks: Ranks, grades: ArrayLike, k: int) -> PerQuery:
    """Discounted gain down to k over the best that is possible (Järvelin & Kekäläinen 2002).

    The gain of a document is its grade and the discount log2(1 + rank), as in trec_eval and BEIR.

    Args:
        ranks: (n, r).
        grades: (n, r), of the documents that ``ranks`` are of; 0 where there is none.
        k: Ranks looked at.

    Returns:
        (n,) float64, 0 to 1.
    """
    gains = np.asarray(grades, dtype=np.float64)
    discounts = np.log2(1.0 + ranks)
    kept = np.divide(gains, discounts, out=np.zeros(gains.shape), where=_within(ranks, k))
    best = -np.sort(-gains, axis=1)[:, :k]  # (n, min(r, k))
    ideal = (best / np.log2(2.0 + np.arange(best.shape[1]))).sum(axis=1)
    share: PerQuery = np.divide(kept.sum(axis=1), ideal, out=np.zeros(len(ideal)), where=ideal > 0)
    return share


def v_measure(
    labels: ArrayLike, clusters: ArrayLike, weights: Counts | None = None
) -> NDArray[np.float64]:
    """Harmonic mean of homogeneity and completeness (Rosenberg & Hirschberg 2007).

    Args:
        labels: (n,), the true group of each item.
        clusters: (n,), the group found.
        weights: (b, n) counts; None: one row of ones.

    Returns:
        (b,) float64, 0 to 1; as scikit-learn's ``v_measure_score``.
    """
    true, found = (np.unique(np.asarray(x), return_inverse=True)[1] for x in (labels, clusters))
    cells, cell = np.unique(np.stack([true, found]), axis=1, return_inverse=True)
    counts = np.ones((1, len(true))) if weights is None else weights
    joint = counts @ np.eye(cells.shape[1])[cell]  # (b, n) x (n, cells) -> (b, cells)
    by_label = joint @ np.eye(int(true.max()) + 1)[cells[0]]  # (b, labels)
    by_cluster = joint @ np.eye(int(found.max()) + 1)[cells[1]]  # (b, clusters)
    label, cluster, both = _entropy(by_label), _entropy(by_cluster), _entropy(joint)
    shared = label + cluster - both  # mutual information
    homogeneity = np.divide(shared, label, out=np.ones_like(shared), where=label > 0)
    completeness = np.divide(shared, cluster, out=np.ones_like(shared), where=cluster > 0)
    total = homogeneity + completeness
    mean = np.divide(
        2 * homogeneity * completeness, total, out=np.zeros_like(shared), where=total > 0
    )
    clipped: NDArray[np.float64] = np.clip(mean, 0, 1)
    return clipped


def _within(ranks: Ranks, k: int) -> NDArray[np.bool_]:
    return (ranks > 0) & (ranks <= k)


def _entropy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row of (b, g) counts, in nats."""
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy: NDArray[np.float64] = -(share * logs).sum(axis=1)
    return entropy
