"""Tasks that cannot be measured are refused by name before anything is embedded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.studies.evaluation import tasks as made
from workbench.contracts import Task
from workbench.errors import InputError
from workbench.studies.evaluation import run_evaluation

NAN = float("nan")
STS, PAIRS, RETRIEVAL, BITEXT, CLUSTERING, RERANKING, CODE = made.all_kinds()


def with_relevant(relevant: dict[str, dict[str, float]]) -> Task:
    return changed(RETRIEVAL, relevant=relevant)


def changed(task: Any, **fields: Any) -> Task:
    task = replace(task, **fields)
    assert isinstance(task, Task)
    return task


REFUSED = {
    "no pairs": (changed(STS, a=(), b=(), scores=()), r"'sts' .*it has no pairs"),
    "NaN score": (
        changed(STS, scores=(*STS.scores[:-2], NAN, 3.0)),  # type: ignore[union-attr]
        r"1 pairs have a score that is no finite number: pair 19: nan \('she reads a long novel'\)",
    ),
    "one score": (changed(STS, scores=(3.0,) * 20), r"all 20 scores are 3.0; a correlation"),
    "lengths": (changed(STS, scores=(3.0,)), r"it has 20 a, 20 b, 1 scores; one of each"),
    "one class": (changed(PAIRS, labels=(True,) * 20), r"'pairs' .*all 20 labels are True"),
    "one group": (changed(CLUSTERING, labels=("x",) * 10), r"all 10 labels are 'x'; texts of two"),
    "missing document": (
        with_relevant({"q0": {"d0": 1.0, "gone": 1.0}, "q1": {"lost": 1.0}}),
        r"'retrieval' \(made for a test\).*2 judgements name a document that is not in the corpus: "
        r"query 'q0' → document 'gone'; query 'q1' → document 'lost'",
    ),
    "missing query": (with_relevant({"nobody": {"d0": 1.0}}), r"not there: query 'nobody'"),
    "grade": (with_relevant({"q0": {"d0": 0.0}}), r"no number above 0: query 'q0' .* 'd0': 0.0"),
    "nothing relevant": (with_relevant({}), r"none of its 5 queries has a document"),
    "no corpus": (changed(RETRIEVAL, corpus={}), r"5 queries and 0 documents"),
    "no bitext": (changed(BITEXT, a=(), b=()), r"it has no texts"),
    "no negatives": (
        changed(RERANKING, negatives=((), *RERANKING.negatives[1:])),  # type: ignore[union-attr]
        r"1 queries have no wrong candidate: query 1 \('a cat sleeps on the sofa'\)",
    ),
    "no functions": (changed(CODE, functions=()), r"it has no functions"),
    "double id": (
        changed(CODE, functions=CODE.functions + CODE.functions[:1]),  # type: ignore[union-attr]
        r"1 ids belong to several functions: 'sort-python' \(2 times\)",
    ),
    "one job": (
        changed(CODE, functions=CODE.functions[:2]),  # type: ignore[union-attr]
        r"all its functions do the same \(group 'sort'\)",
    ),
}


@pytest.mark.parametrize(("task", "match"), REFUSED.values(), ids=REFUSED)
def test_a_task_that_cannot_be_measured_is_refused_by_name(task: Task, match: str) -> None:
    embedder = made.NoiseEmbedder()
    with pytest.raises(InputError, match=match):
        run_evaluation({"noise": embedder}, [made.sts("a good one"), task])
    assert embedder.asked == [], "nothing may be embedded for an evaluation that cannot be made"


def test_only_the_first_offenders_are_named_and_all_are_counted() -> None:
    relevant = {"q0": {f"gone {at}": 1.0 for at in range(9)}}
    with pytest.raises(InputError, match=r"9 judgements .*'gone 2' and 6 more"):
        run_evaluation({"noise": made.NoiseEmbedder()}, [with_relevant(relevant)])


def test_two_tasks_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="2 tasks are named 'sts'"):
        run_evaluation({"noise": made.NoiseEmbedder()}, [made.sts(), made.sts()])


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "level": ({"level": 95}, "level=95 was asked"),
    "draws": ({"draws": 10}, "draws=10 were asked for; allowed is 100 or more"),
    "seed": ({"seed": -1}, "seed=-1 was asked"),
    "failures": ({"failures": -1}, "failures=-1 were asked"),
    "label": ({"prompts": {"nosie": {"text": ""}}}, "for 'nosie'; the embedders are 'noise'"),
    "role": ({"prompts": {"noise": {"doc": ""}}}, "role 'doc'; allowed are 'document', 'query'"),
}


@pytest.mark.parametrize(("options", "match"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_is_not_allowed_is_refused(options: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        run_evaluation({"noise": made.NoiseEmbedder()}, [made.sts()], **options)


def test_without_embedder_or_task_there_is_nothing_to_do() -> None:
    with pytest.raises(InputError, match="no embedder was given"):
        run_evaluation({}, [made.sts()])
    with pytest.raises(InputError, match="no task was given"):
        run_evaluation({"noise": made.NoiseEmbedder()}, [])
