"""Pair classification: do pairs that mean the same score above pairs that do not?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Failure, LabelledPairs, Score
from workbench.maths.detection import Aim, auc, average_precision, best_score, best_threshold
from workbench.maths.similarity import pairwise
from workbench.studies.evaluation.failures import worst
from workbench.studies.evaluation.scoring import Drawing, Found, mark_main
from workbench.studies.evaluation.vectors import TaskVectors

AIMS: tuple[Aim, ...] = ("accuracy", "f1")


def evaluate_pairs(
    task: LabelledPairs, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """Average precision (main), AUC, and accuracy and F1 at the threshold that is best for each.

    A pair failed that lies on the wrong side of the threshold for the best accuracy.
    """
    n = len(task.labels)
    both = vectors.unit("text", (*task.a, *task.b))  # (2n, dim)
    cosines = pairwise(both[:n], both[n:]).astype(np.float64)  # (n,)
    labels = np.asarray(task.labels, dtype=bool)
    made = [
        drawing.score(
            "average precision", lambda counts: average_precision(labels, cosines, counts), n
        ),
        drawing.score("auc", lambda counts: auc(labels, cosines, counts), n),
        *(_at_best(labels, cosines, aim, drawing) for aim in AIMS),
    ]
    failed = list(_wrong_side(task, labels, cosines))
    return Found(
        n=n,
        scores=tuple(mark_main(made, "average precision")),
        failures=worst(failed, failures),
        failed=len(failed),
    )


def _at_best(
    labels: NDArray[np.bool_], cosines: NDArray[np.float64], aim: Aim, drawing: Drawing
) -> Score:
    threshold = best_threshold(labels, cosines, aim=aim)
    score = drawing.score(
        f"best {aim}",
        lambda counts: best_score(labels, cosines, counts, aim=aim),
        len(labels),
    )
    note = (
        f"at cosine {threshold:.4f}, the threshold that is best for these very pairs (each draw "
        "has its own): on other pairs expect less; value and interval are optimistic"
    )
    return replace(score, note=note)


def _wrong_side(
    task: LabelledPairs, labels: NDArray[np.bool_], cosines: NDArray[np.float64]
) -> Iterator[Failure]:
    threshold = best_threshold(labels, cosines, aim="accuracy")
    for pair in np.flatnonzero((cosines >= threshold) != labels).tolist():
        kind = "the same" if labels[pair] else "not the same"
        side = "below" if labels[pair] else "not below"
        yield Failure(
            item=str(pair + 1),
            asked=task.a[pair],
            expected=task.b[pair],
            found="",
            says=f"labelled {kind}, cosine {cosines[pair]:.3f} is {side} {threshold:.3f}",
            badness=float(abs(cosines[pair] - threshold)),
        )
