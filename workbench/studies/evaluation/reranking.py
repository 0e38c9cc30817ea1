"""Reranking: among the candidates of a query, do those that answer it stand first?"""

from __future__ import annotations

import numpy as np

from workbench.contracts import Reranking
from workbench.maths import metrics
from workbench.maths.detection import average_precision
from workbench.maths.ranking import Standing
from workbench.studies.evaluation.failures import describe_rank, worst
from workbench.studies.evaluation.ranking import Wanted, rank_corpus
from workbench.studies.evaluation.scoring import Drawing, Found, mark_main
from workbench.studies.evaluation.vectors import TaskVectors

MAIN = "map"


def evaluate_reranking(
    task: Reranking, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """Mean average precision over each query's own candidates (main), MRR@10 and nDCG@10.

    Average precision takes equal cosines together, as scikit-learn does; the others count them
    against the embedder.
    """
    n = len(task.queries)
    queries = vectors.unit("query", task.queries)
    candidates = [(*task.positives[at], *task.negatives[at]) for at in range(n)]
    documents = vectors.unit("document", [text for texts in candidates for text in texts])
    standings: list[Standing] = []
    precision = np.zeros(n)
    first = 0
    for at, texts in enumerate(candidates):
        own = documents[first : first + len(texts)]
        first += len(texts)
        right = len(task.positives[at])
        wanted = Wanted(dict.fromkeys(range(right), 1.0))
        standing = rank_corpus(
            queries[at : at + 1], own, [wanted], k=len(texts), cancel=vectors.cancel
        ).standings[0]
        labels = standing.top < right
        precision[at] = average_precision(labels, standing.top_scores)[0]
        standings.append(standing)
    ranks = _pad([standing.ranks for standing in standings])
    values = {
        MAIN: precision,
        "mrr@10": metrics.mrr_at(ranks, 10),
        "ndcg@10": metrics.ndcg_at(ranks, (ranks > 0).astype(np.float64), 10),
    }
    described = (
        describe_rank(str(at + 1), task.queries[at], candidates[at], standing)
        for at, standing in enumerate(standings)
    )
    failed = [failure for failure in described if failure is not None]
    return Found(
        n=n,
        scores=tuple(mark_main(drawing.means(values), MAIN)),
        failures=worst(failed, failures),
        failed=len(failed),
        items={str(at + 1): value for at, value in enumerate(precision.tolist())},
    )


def _pad(rows: list[metrics.Ranks]) -> metrics.Ranks:
    """(n, r) int64 of rows that differ in length, 0 at the end of the shorter."""
    padded = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for at, row in enumerate(rows):
        padded[at, : len(row)] = row
    return padded
