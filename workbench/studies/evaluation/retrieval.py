"""Retrieval: do the documents that answer a query stand before all others?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Retrieval, Score
from workbench.maths import metrics
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

MAIN = "ndcg@10"
IN_GROUPS = (MAIN, "precision@1", "mrr@10", "hit@3", MEAN_RANK)
"""Measures that are given by group too."""


def evaluate_retrieval(
    task: Retrieval, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """nDCG@10 (main), precision, recall, MRR, MAP, hits and the mean rank of the first answer.

    As in BEIR, a document with the query's own id is left out of that query's ranking, unless it
    is said to answer it. Queries without an answer are left out, and counted in a note.
    """
    queries = [query for query in task.queries if task.relevant.get(query)]
    documents = list(task.corpus)
    wanted, own = _want(task, queries, documents)
    asked = vectors.unit("query", [task.queries[query] for query in queries])
    corpus = vectors.unit("document", list(task.corpus.values()))
    ranked = rank_corpus(asked, corpus, wanted, cancel=vectors.cancel)
    values = measure(ranked)
    texts = list(task.corpus.values())
    described = (
        describe_rank(query, task.queries[query], texts, standing)
        for query, standing in zip(queries, ranked.standings, strict=True)
    )
    failed = [failure for failure in described if failure is not None]
    return Found(
        n=len(queries),
        scores=tuple(
            mark_main(drawing.means(values), MAIN) + _by_group(task, queries, values, drawing)
        ),
        failures=worst(failed, failures),
        failed=len(failed),
        items=dict(zip(queries, values[MAIN].tolist(), strict=True)),
        notes=_notes(task, len(queries), own),
    )


def measure(ranked: Ranked) -> dict[str, NDArray[np.float64]]:
    """Every measure of each of n queries, (n,) float64 by name."""
    ranks = ranked.ranks
    return {
        MAIN: metrics.ndcg_at(ranks, ranked.grades, 10),
        "precision@1": metrics.precision_at(ranks, 1),
        **{f"recall@{k}": metrics.recall_at(ranks, k) for k in (1, 3, 5, 10, 100)},
        "mrr@10": metrics.mrr_at(ranks, 10),
        "map@100": metrics.map_at(ranks, 100),
        "hit@3": metrics.hit_at(ranks, 3),
        MEAN_RANK: metrics.first_rank(ranks).astype(np.float64),
    }


def _want(task: Retrieval, queries: list[str], documents: list[str]) -> tuple[list[Wanted], int]:
    """What is right for each query, and for how many a document has the query's own id."""
    place = {document: at for at, document in enumerate(documents)}
    wanted, own = [], 0
    for query in queries:
        right = {place[document]: grade for document, grade in task.relevant[query].items()}
        itself = frozenset({place[query]} - right.keys()) if query in place else frozenset()
        own += len(itself)
        wanted.append(Wanted(right, itself))
    return wanted, own


def _by_group(
    task: Retrieval,
    queries: list[str],
    values: Mapping[str, NDArray[np.float64]],
    drawing: Drawing,
) -> list[Score]:
    scores: list[Score] = []
    groups = [task.groups.get(query, "") for query in queries]
    for group in sorted({*groups} - {""}):
        members = [at for at, name in enumerate(groups) if name == group]
        some = {metric: values[metric][members] for metric in IN_GROUPS}
        scores += in_group(drawing.means(some), group)
    return scores


def _notes(task: Retrieval, n: int, own: int) -> tuple[str, ...]:
    notes = []
    if n < len(task.queries):
        notes.append(
            f"{len(task.queries) - n:,} of {len(task.queries):,} queries have no document that "
            "answers them and were left out"
        )
    if own:
        notes.append(
            f"for {own:,} queries the document with the query's own id was left out, as in BEIR"
        )
    return tuple(notes)
