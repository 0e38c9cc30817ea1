"""Code search: does a description find its function, and a function the others that do the same?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CodeFunction, CodeSearch, Failure, Score
from workbench.maths import metrics
from workbench.maths.vectors import Matrix
from workbench.studies.evaluation.deltas import measure_deltas
from workbench.studies.evaluation.failures import describe_rank, worst
from workbench.studies.evaluation.ranking import Ranked, Wanted, rank_corpus
from workbench.studies.evaluation.scoring import Drawing, Found, in_group, mark_main
from workbench.studies.evaluation.vectors import TaskVectors

MAIN = "mrr@10"
CODE = "code to code"


@dataclass(frozen=True)
class _Search:
    """One kind of query over all functions.

    Attributes:
        name: "zh to code", "code to code".
        members: (q,) places of the functions that ask.
        asked: Their queries, to the letter.
        queries: (q, dim) float32, unit rows.
        wanted: What is right for each.
        ranked: Where it stands.
    """

    name: str
    members: NDArray[np.int64]
    asked: list[str]
    queries: Matrix
    wanted: list[Wanted]
    ranked: Ranked


def evaluate_code(
    task: CodeSearch, vectors: TaskVectors, drawing: Drawing, *, failures: int
) -> Found:
    """MRR@10 over the searches of each function, mean of functions (main); each search by itself.

    A description has its own function to find; the others of its group do the same, so they count
    neither for nor against. A function has the others of its group to find, itself left out; with
    the documents' prompt on both sides. Functions of one group are drawn together: they depend on
    each other, and drawn one by one they would make the intervals too narrow.
    """
    codes = [function.code for function in task.functions]
    groups = [group_of(function) for function in task.functions]
    corpus = vectors.unit("document", codes)  # (n, dim)
    searches = list(_search_all(task, corpus, vectors))
    n = len(codes)
    found = np.full((len(searches), n), np.nan)  # MRR@10 of each function by search
    scores: list[Score] = []
    failed: list[Failure] = []
    for row, search in enumerate(searches):
        found[row, search.members] = metrics.mrr_at(search.ranked.ranks, 10)
        some = drawing.in_blocks([groups[place] for place in search.members])
        scores += in_group(_score(task, search, corpus, some), search.name)
        failed += _fail(task, search, codes)
    asking = np.flatnonzero(np.isfinite(found).any(axis=0))  # (asking,) functions
    mean = np.nanmean(found[:, asking], axis=0)
    alike = drawing.in_blocks([groups[place] for place in asking])
    main = mark_main(alike.means({MAIN: mean}), MAIN)
    names = [task.functions[place].id for place in asking]
    return Found(
        n=len(asking),
        scores=(*main, *scores),
        failures=worst(failed, failures),
        failed=len({failure.item for failure in failed}),
        items=dict(zip(names, mean.tolist(), strict=True)),
        notes=_note_alone(task),
    )


def list_languages(task: CodeSearch) -> list[str]:
    """Languages of descriptions, in the order of their first use."""
    return list(
        dict.fromkeys(lang for function in task.functions for lang in function.descriptions)
    )


def group_of(function: CodeFunction) -> str:
    """What a function does; one without a group is a group of its own."""
    return function.group or f"only {function.id}"


def _search_all(task: CodeSearch, corpus: Matrix, vectors: TaskVectors) -> Iterator[_Search]:
    groups = np.array([group_of(function) for function in task.functions])
    mates = [frozenset(np.flatnonzero(groups == group).tolist()) for group in groups]
    for language in list_languages(task):
        members = [
            place
            for place, function in enumerate(task.functions)
            if language in function.descriptions
        ]
        asked = [task.functions[place].descriptions[language] for place in members]
        queries = vectors.unit("query", asked)
        wanted = [Wanted({place: 1.0}, mates[place] - {place}) for place in members]
        ranked = rank_corpus(queries, corpus, wanted, cancel=vectors.cancel)
        name = f"{language} to code"
        yield _Search(name, np.array(members), asked, queries, wanted, ranked)
    members = [place for place, group in enumerate(mates) if len(group) > 1]
    if members:
        wanted = [
            Wanted(dict.fromkeys(sorted(mates[place] - {place}), 1.0), frozenset({place}))
            for place in members
        ]
        asked = [task.functions[place].code for place in members]
        ranked = rank_corpus(corpus[members], corpus, wanted, cancel=vectors.cancel)
        yield _Search(CODE, np.array(members), asked, corpus[members], wanted, ranked)


def _score(task: CodeSearch, search: _Search, corpus: Matrix, drawing: Drawing) -> list[Score]:
    ranks = search.ranked.ranks
    by_rank = {
        MAIN: metrics.mrr_at(ranks, 10),
        "precision@1": metrics.precision_at(ranks, 1),
        "auc": search.ranked.auc,
    }
    languages = np.array([function.language for function in task.functions])
    return [
        *drawing.means(by_rank),
        *measure_deltas(search.queries, corpus, search.wanted, languages, drawing),
    ]


def _fail(task: CodeSearch, search: _Search, codes: list[str]) -> Iterator[Failure]:
    for place, asked, standing in zip(
        search.members.tolist(), search.asked, search.ranked.standings, strict=True
    ):
        item = task.functions[place].id
        failure = describe_rank(item, asked, codes, standing, part=search.name)
        if failure is not None:
            yield failure


def _note_alone(task: CodeSearch) -> tuple[str, ...]:
    groups = [group_of(function) for function in task.functions]
    alone = sum(groups.count(group) == 1 for group in groups)
    if not alone:
        return ()
    return (f"{alone:,} functions have no other of their group, so none of them asks {CODE!r}",)
