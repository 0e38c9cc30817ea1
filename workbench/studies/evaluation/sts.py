"""Semantic textual similarity: do cosines order pairs as people do?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Failure, ScoredPairs
from workbench.errors import ModelError
from workbench.maths.correlation import average_ranks, pearson, spearman
from workbench.maths.similarity import pairwise
from workbench.studies.evaluation.failures import worst
from workbench.studies.evaluation.scoring import Drawing, Found, mark_main
from workbench.studies.evaluation.vectors import TaskVectors

FAR = 0.25
"""A pair failed whose place by cosine is further from its place by score than this share of all."""


def evaluate_sts(
    task: ScoredPairs, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """Spearman's correlation of cosines with scores (main), and Pearson's.

    Pairs are drawn; each draw is ranked anew.

    Raises:
        ModelError: All pairs have one cosine.
    """
    n = len(task.scores)
    both = vectors.unit("text", (*task.a, *task.b))  # (2n, dim)
    cosines = pairwise(both[:n], both[n:]).astype(np.float64)  # (n,)
    if np.ptp(cosines) == 0:
        raise ModelError(
            f"All {n:,} pairs of {task.name!r} have the cosine {cosines[0]:.6f}, from "
            f"{task.a[0][:40]!r} with {task.b[0][:40]!r} on: no correlation exists. Look at the "
            "vectors: this embedder does not tell these texts apart."
        )
    scores = np.asarray(task.scores, dtype=np.float64)
    made = [
        drawing.score("spearman", lambda counts: spearman(scores, cosines, counts), n),
        drawing.score("pearson", lambda counts: pearson(scores, cosines, counts), n),
    ]
    failed = list(_far_pairs(task, scores, cosines))
    return Found(
        n=n,
        scores=tuple(mark_main(made, "spearman")),
        failures=worst(failed, failures),
        failed=len(failed),
    )


def _far_pairs(
    task: ScoredPairs, scores: NDArray[np.float64], cosines: NDArray[np.float64]
) -> Iterator[Failure]:
    n = len(scores)
    by_score, by_cosine = average_ranks(-scores), average_ranks(-cosines)  # 1: most alike
    off = np.abs(by_score - by_cosine) / n
    for pair in np.flatnonzero(off > FAR).tolist():
        yield Failure(
            item=str(pair + 1),
            asked=task.a[pair],
            expected=task.b[pair],
            found="",
            says=(
                f"score {scores[pair]:g} is place {by_score[pair]:g} of {n:,}, cosine "
                f"{cosines[pair]:.3f} is place {by_cosine[pair]:g} (1: most alike)"
            ),
            badness=float(off[pair]),
        )
