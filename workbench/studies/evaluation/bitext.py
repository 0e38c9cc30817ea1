"""Bitext: is the translation of a text the nearest of all texts of the other side?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Bitext, Failure, Score
from workbench.maths import metrics
from workbench.maths.vectors import Matrix
from workbench.studies.evaluation.failures import describe_rank, worst
from workbench.studies.evaluation.ranking import Ranked, Wanted, rank_corpus
from workbench.studies.evaluation.scoring import (
    MEAN_RANK,
    Drawing,
    Found,
    in_group,
    mark_main,
)
from workbench.studies.evaluation.vectors import TaskVectors

MAIN = "accuracy@1"


@dataclass(frozen=True)
class _Way:
    """One side searched in the other."""

    name: str
    asked: tuple[str, ...]
    texts: tuple[str, ...]
    ranked: Ranked

    def measure(self) -> dict[str, NDArray[np.float64]]:
        """Accuracy, MRR and rank of each pair, (n,) float64 by name."""
        ranks = self.ranked.ranks
        return {
            MAIN: metrics.precision_at(ranks, 1),
            "mrr": metrics.mrr_at(ranks),
            MEAN_RANK: metrics.first_rank(ranks).astype(np.float64),
        }


def evaluate_bitext(
    task: Bitext, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """Accuracy at rank 1, mean of both ways (main), MRR and mean rank; F1 as mteb counts it.

    A text that is equal to the translation to the letter is right too, as in sentence-transformers;
    for mteb's F1 it is wrong.
    """
    n = len(task.a)
    a, b = vectors.unit("text", task.a), vectors.unit("text", task.b)
    ways = [
        _search("a to b", task.a, task.b, a, b, vectors),
        _search("b to a", task.b, task.a, b, a, vectors),
    ]
    values = [way.measure() for way in ways]
    mean = {metric: (values[0][metric] + values[1][metric]) / 2 for metric in values[0]}
    scores = mark_main(drawing.means(mean), MAIN)
    for way, each in zip(ways, values, strict=True):
        scores += in_group([*drawing.means(each), _mined_f1(way, drawing)], way.name)
    failed = [failure for way in ways for failure in _fail(way)]
    return Found(
        n=n,
        scores=tuple(scores),
        failures=worst(failed, failures),
        failed=len({failure.item for failure in failed}),
        items={str(pair + 1): value for pair, value in enumerate(mean[MAIN].tolist())},
    )


def _search(
    name: str,
    asked: tuple[str, ...],
    texts: tuple[str, ...],
    queries: Matrix,
    corpus: Matrix,
    vectors: TaskVectors,
) -> _Way:
    equal: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        equal.setdefault(text, []).append(place)
    wanted = [Wanted(dict.fromkeys(equal[text], 1.0)) for text in texts]
    return _Way(name, asked, texts, rank_corpus(queries, corpus, wanted, cancel=vectors.cancel))


def _fail(way: _Way) -> list[Failure]:
    described = (
        describe_rank(str(pair + 1), way.asked[pair], way.texts, standing, part=way.name)
        for pair, standing in enumerate(way.ranked.standings)
    )
    return [failure for failure in described if failure is not None]


def _mined_f1(way: _Way, drawing: Drawing) -> Score:
    """F1 of "which pair is it", each pair a class, weighted alike: mteb's BitextMining."""
    nearest = np.array([standing.top[0] for standing in way.ranked.standings])
    right = nearest == np.arange(len(nearest))
    chosen = np.bincount(nearest, minlength=len(nearest))  # by how many each text was chosen
    (score,) = drawing.means({"f1": right * 2 / (1 + np.maximum(chosen, 1))})
    note = "as mteb counts BitextMining: a text that several others find counts less"
    return replace(score, note=note)
