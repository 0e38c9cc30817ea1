"""mteb over our embedders: the same numbers as its own wrapper, and as our own measures."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from workbench.contracts import Bitext, Embedder, ScoredPairs
from workbench.embedders import find_bundled, load
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.studies.evaluation import run_evaluation
from workbench.studies.evaluation.public import as_mteb_encoder, run_mteb
from workbench.texts.tasks import builtin_task, parse_bitext

mteb: Any = pytest.importorskip("mteb", reason="mteb is not installed")

GENERAL: dict[str, Any] = {
    "description": "Local texts.", "reference": "https://example.org",
    "dataset": {"path": "NA", "revision": "NA"}, "category": "t2t", "eval_splits": ["test"],
    "eval_langs": ["eng-Latn"], "date": ("2026-01-01", "2026-01-01"), "dialect": ["Written"],
    "domains": [], "task_subtypes": [], "license": "apache-2.0", "annotations_creators": "derived",
    "modalities": ["text"], "sample_creation": "found", "bibtex_citation": "",
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore")  # what mteb and datasets warn of is theirs


@pytest.fixture(scope="module")
def bundled() -> Iterator[Embedder]:
    embedder = load("bundled")
    yield embedder
    embedder.unload()


def local_task(base: str, type_: str, main: str, dataset: dict[str, Any], **more: Any) -> Any:
    """A task of mteb over texts of this process."""
    from datasets import Dataset, DatasetDict
    from mteb import abstasks
    from mteb.abstasks.task_metadata import TaskMetadata

    def load_data(self: Any, **_: object) -> None:
        self.dataset = DatasetDict({"test": Dataset.from_dict(dataset)})
        self.data_loaded = True

    facts: dict[str, Any] = {"type": type_, "name": f"Local{type_}", "main_score": main}
    members = {"metadata": TaskMetadata(**facts, **GENERAL), "load_data": load_data, **more}
    return type(f"Local{type_}", (getattr(abstasks, base),), members)()


def scores_of(result: Any) -> dict[str, Any]:
    scores: dict[str, Any] = result.task_results[0].scores["test"][0]
    return scores


@pytest.fixture(scope="module")
def pairs(bundled: Embedder) -> ScoredPairs:
    """Without cosines that differ by rounding only: mteb ranks them, to us they are ties."""
    task = builtin_task("sts-en")
    assert isinstance(task, ScoredPairs)
    cosines = (bundled.embed(task.a).vectors * bundled.embed(task.b).vectors).sum(axis=1)
    order = np.argsort(cosines)
    apart = np.diff(cosines[order], prepend=-1) > 1e-5
    kept = order[apart].tolist()
    assert 140 < len(kept) < len(cosines), "some are as close as that"
    return replace(
        task,
        a=tuple(task.a[row] for row in kept),
        b=tuple(task.b[row] for row in kept),
        scores=tuple(task.scores[row] for row in kept),
    )


@pytest.fixture(scope="module")
def sts(pairs: ScoredPairs) -> Any:
    dataset = {"sentence1": pairs.a, "sentence2": pairs.b, "score": pairs.scores}
    return local_task("AbsTaskSTS", "STS", "cosine_spearman", dataset, min_score=0, max_score=5)


def test_sts_equals_mteb_over_sentence_transformers_and_our_own(
    bundled: Embedder, pairs: ScoredPairs, sts: Any
) -> None:
    found = find_bundled()
    assert found is not None
    ours = scores_of(run_mteb(bundled, sts))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(found[0]), device="cpu", local_files_only=True)
        theirs = scores_of(mteb.evaluate(model, sts, cache=None, co2_tracker=False))
    mine = run_evaluation({"ours": bundled}, [pairs], draws=100).embedders[0].tasks[0].scores
    by_name = {score.metric: score.value for score in mine}
    for metric in ("spearman", "pearson"):
        assert ours[f"cosine_{metric}"] == pytest.approx(theirs[f"cosine_{metric}"], abs=1e-6)
        assert ours[f"cosine_{metric}"] == pytest.approx(by_name[metric], abs=1e-6)


def test_bitext_equals_our_own_f1(bundled: Embedder) -> None:
    task = parse_bitext("\n".join(f"the number {n}\tnumber: {n * n}" for n in range(40)))
    assert isinstance(task, Bitext)
    local = local_task(
        "AbsTaskBitextMining", "BitextMining", "f1", {"sentence1": task.a, "sentence2": task.b}
    )
    theirs = scores_of(run_mteb(bundled, local))
    mine = run_evaluation({"ours": bundled}, [task], draws=100).embedders[0].tasks[0].scores
    ours = [score.value for score in mine if score.metric == "f1" and score.group == "a to b"]
    assert ours == [pytest.approx(theirs["f1"], abs=1e-6)]


def test_a_prompt_that_was_given_reaches_the_texts(bundled: Embedder, sts: Any) -> None:
    plain = scores_of(run_mteb(bundled, sts))["cosine_spearman"]
    prefixed = scores_of(run_mteb(bundled, sts, prompts={"text": "Cooking: "}))["cosine_spearman"]
    assert plain != prefixed


def test_cancel_ends_it(bundled: Embedder, sts: Any) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        run_mteb(bundled, sts, cancel=stop)


def test_roles_and_tasks_that_there_are_not_are_refused(bundled: Embedder) -> None:
    with pytest.raises(InputError, match="'query', 'document'"):
        as_mteb_encoder(bundled, prompts={"title": "x"})
    with pytest.raises(InputError, match="no such task"):
        run_mteb(bundled, "NoTaskOfThisName")


def test_texts_that_cannot_be_had_are_said_to_be_the_reason(bundled: Embedder) -> None:
    task = local_task("AbsTaskSTS", "STS", "cosine_spearman", {"sentence1": ["a"]})
    with pytest.raises(WorkbenchError, match="did not finish LocalSTS"):
        run_mteb(bundled, task)
