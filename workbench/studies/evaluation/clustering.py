"""Clustering: do groups found among the vectors match the groups that are known?"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Clustering, Failure, check_cancel, one_import
from workbench.maths.metrics import v_measure
from workbench.maths.vectors import Matrix
from workbench.studies.evaluation.failures import worst
from workbench.studies.evaluation.scoring import Drawing, Found, mark_main
from workbench.studies.evaluation.vectors import TaskVectors

BATCH = 500
"""Texts of one step of k-means: what mteb's ClusteringEvaluator uses."""


def evaluate_clustering(
    task: Clustering, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """V-measure of k-means with as many groups as there are labels (main).

    As mteb does: scikit-learn's MiniBatchKMeans on the vectors as they come, ``BATCH`` a step; the
    seed is that of the evaluation. Draws take the groups as found.
    """
    n = len(task.texts)
    rows = vectors.raw("text", task.texts)  # (n, dim)
    check_cancel(vectors.cancel, done=0, total=n)
    groups = _find_groups(rows, len(set(task.labels)), drawing.seed)  # (n,)
    labels = np.asarray(task.labels)
    score = drawing.score(
        "v-measure", lambda counts: v_measure(labels, groups, counts), n, centred=True
    )
    note = (
        f"k-means with seed {drawing.seed}; the interval is of the texts drawn, with the groups as "
        "found: another start of k-means moves the score too. Copies of a text raise a v-measure, "
        "so the draws are shifted to have the score as their mean"
    )
    failed = list(_misplaced(task, groups))
    return Found(
        n=n,
        scores=tuple(mark_main([replace(score, note=note)], "v-measure")),
        failures=worst(failed, failures),
        failed=len(failed),
    )


def _find_groups(rows: Matrix, count: int, seed: int) -> NDArray[np.int64]:
    with one_import("sklearn"):
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.exceptions import ConvergenceWarning

    means = MiniBatchKMeans(n_clusters=count, batch_size=BATCH, n_init="auto", random_state=seed)
    with warnings.catch_warnings():
        # fewer different vectors than groups: some groups stay empty, which the score shows
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = means.fit(rows)
    groups: NDArray[np.int64] = found.labels_.astype(np.int64)
    return groups


def _misplaced(task: Clustering, groups: NDArray[np.int64]) -> Iterator[Failure]:
    """Texts that lie in a group most of which has another label."""
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group).tolist()
        counted = Counter(task.labels[member] for member in members)
        most, size = counted.most_common(1)[0]
        for member in members:
            label = task.labels[member]
            if label != most:
                yield Failure(
                    item=str(member + 1),
                    asked=task.texts[member],
                    expected=label,
                    found=most,
                    says=(
                        f"labelled {label!r}, in a group of {len(members):,} texts of which "
                        f"{size:,} are {most!r} and {counted[label]:,} {label!r}"
                    ),
                    badness=(size - counted[label]) / len(members),
                )
