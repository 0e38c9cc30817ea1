"""Scores of the bundled model equal to those of sentence-transformers and scikit-learn: 1e-6."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tests.studies.evaluation import tasks as made
from workbench.contracts import Bitext, Embedder, Task, TaskResult
from workbench.embedders import find_bundled, load
from workbench.studies.evaluation import run_evaluation

CLOSE = 1e-6
APISIX = Path(__file__).parents[4] / "shared" / "data" / "apisix_zh_en.jsonl"


@pytest.fixture(scope="module")
def minilm() -> Iterator[Embedder]:
    embedder = load("bundled")
    yield embedder
    embedder.unload()


@pytest.fixture(scope="module")
def theirs() -> Any:
    found = find_bundled()
    assert found is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations are not under test
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            str(found[0]), device="cpu", model_kwargs={"dtype": "float32"}, local_files_only=True
        )


def ours(embedder: Embedder, task: Task) -> TaskResult:
    return run_evaluation({"minilm": embedder}, [task], draws=100).embedders[0].tasks[0]


def value(result: TaskResult, metric: str, group: str = "") -> float:
    (found,) = [s for s in result.scores if (s.metric, s.group) == (metric, group)]
    return found.value


def their_scores(model: Any, kind: str, **options: Any) -> Mapping[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers.sentence_transformer import evaluation

        scores: Mapping[str, float] = getattr(evaluation, kind)(write_csv=False, **options)(model)
        return scores


def test_sts_equals_the_embedding_similarity_evaluator(minilm: Embedder, theirs: Any) -> None:
    task = made.sts()
    expected = their_scores(
        theirs,
        "EmbeddingSimilarityEvaluator",
        sentences1=list(task.a),
        sentences2=list(task.b),
        scores=list(task.scores),
    )
    result = ours(minilm, task)
    assert value(result, "spearman") == pytest.approx(expected["spearman_cosine"], abs=CLOSE)
    assert value(result, "pearson") == pytest.approx(expected["pearson_cosine"], abs=CLOSE)
    assert 0.5 < result.main.value < 0.99, "not all right: the equality says something"


def test_pairs_equal_the_binary_classification_evaluator(minilm: Embedder, theirs: Any) -> None:
    task = made.pairs()
    labels = (True, *task.labels[1:-1], True)  # one label wrong: no perfect score
    task = type(task)(task.name, task.a, task.b, labels, task.source)
    expected = their_scores(
        theirs,
        "BinaryClassificationEvaluator",
        sentences1=list(task.a),
        sentences2=list(task.b),
        labels=[int(label) for label in labels],
    )
    result = ours(minilm, task)
    for metric, name in {
        "average precision": "cosine_ap",
        "best accuracy": "cosine_accuracy",
        "best f1": "cosine_f1",
    }.items():
        assert value(result, metric) == pytest.approx(expected[name], abs=CLOSE)
    (best,) = [score for score in result.scores if score.metric == "best accuracy"]
    assert f"{expected['cosine_accuracy_threshold']:.4f}" in best.note
    assert result.main.value < 1


def test_retrieval_equals_the_information_retrieval_evaluator(
    minilm: Embedder, theirs: Any
) -> None:
    task = made.retrieval()
    flat = {query: dict.fromkeys(found, 1.0) for query, found in task.relevant.items()}
    task = type(task)(
        task.name, task.queries, task.corpus, flat, task.groups, None, task.source
    )  # theirs knows no grades
    expected = their_scores(
        theirs,
        "InformationRetrievalEvaluator",
        queries=dict(task.queries),
        corpus=dict(task.corpus),
        relevant_docs={query: set(found) for query, found in flat.items()},
        precision_recall_at_k=[1, 3, 5, 10, 100],
        accuracy_at_k=[3],
    )
    result = ours(minilm, task)
    for metric in ("ndcg@10", "mrr@10", "map@100", "precision@1", "recall@3", "recall@100"):
        assert value(result, metric) == pytest.approx(expected[f"cosine_{metric}"], abs=CLOSE)
    assert value(result, "hit@3") == pytest.approx(expected["cosine_accuracy@3"], abs=CLOSE)
    assert 0 < result.main.value < 1


def test_bitext_equals_the_translation_evaluator(minilm: Embedder, theirs: Any) -> None:
    pairs = made.bitext()
    a, b = (*pairs.a, "one text", "another"), (*pairs.b, "a twin text", "a twin text")
    task = Bitext("twins", a, b, pairs.source)  # two translations are equal to the letter
    expected = their_scores(
        theirs, "TranslationEvaluator", source_sentences=list(a), target_sentences=list(b)
    )
    result = ours(minilm, task)
    there, back = expected["src2trg_accuracy"], expected["trg2src_accuracy"]
    assert value(result, "accuracy@1", "a to b") == pytest.approx(there, abs=CLOSE)
    assert value(result, "accuracy@1", "b to a") == pytest.approx(back, abs=CLOSE)
    assert result.main.value == pytest.approx(expected["mean_accuracy"], abs=CLOSE)


def test_reranking_equals_the_reranking_evaluator(minilm: Embedder, theirs: Any) -> None:
    task = made.reranking()
    samples = [
        {"query": query, "positive": list(right), "negative": list(wrong)}
        for query, right, wrong in zip(task.queries, task.positives, task.negatives, strict=True)
    ]
    expected = their_scores(theirs, "RerankingEvaluator", samples=samples)
    result = ours(minilm, task)
    for metric in ("map", "mrr@10", "ndcg@10"):
        assert value(result, metric) == pytest.approx(expected[metric], abs=CLOSE)
    assert result.main.value < 1


def read_apisix() -> Bitext:
    if not APISIX.is_file():
        pytest.skip("../shared/data/apisix_zh_en.jsonl is missing: no real bitext to search")
    rows = [json.loads(line) for line in APISIX.read_text(encoding="utf-8").splitlines() if line]
    return Bitext(
        "apisix",
        tuple(row["zh"] for row in rows),
        tuple(row["en"] for row in rows),
        made.SOURCE,
    )


@pytest.mark.parametrize("name", ["bundled", "lexical"])
def test_apisix_both_ways_equals_scikit_learn(name: str) -> None:
    from sklearn.metrics.pairwise import cosine_similarity

    task = read_apisix()
    embedder = load(name)
    result = ours(embedder, task)
    zh, en = embedder.embed(task.a).vectors, embedder.embed(task.b).vectors
    cosines = cosine_similarity(zh.astype(np.float64), en.astype(np.float64))
    accuracies = []
    for group, scores, texts in (("a to b", cosines, task.b), ("b to a", cosines.T, task.a)):
        n = len(texts)
        same = np.array(texts)[:, None] == np.array(texts)[None, :]  # twins are right too
        best_right = np.where(same, scores, -np.inf).max(axis=1)
        rank = 1 + ((scores >= best_right[:, None] - 1e-6) & ~same).sum(axis=1)
        assert value(result, "accuracy@1", group) == pytest.approx(
            accuracy_score(np.ones(n), rank == 1), abs=CLOSE
        )
        assert value(result, "mrr", group) == pytest.approx((1 / rank).mean(), abs=CLOSE)
        assert value(result, "mean rank", group) == pytest.approx(rank.mean(), abs=1e-9)
        mined = f1_score(np.arange(n), scores.argmax(axis=1), average="weighted", zero_division=0)
        assert value(result, "f1", group) == pytest.approx(mined, abs=CLOSE)
        accuracies.append((rank == 1).mean())
    assert result.main.value == pytest.approx(np.mean(accuracies), abs=CLOSE)
    assert 0.01 < result.main.value < 0.99
    assert result.n == len(task.a)
    embedder.unload()


def test_clustering_equals_scikit_learn_on_the_same_seed(minilm: Embedder) -> None:
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import v_measure_score

    task = made.clustering()
    vectors = minilm.embed(task.texts).vectors
    groups = MiniBatchKMeans(n_clusters=2, batch_size=500, n_init="auto", random_state=0).fit(
        vectors
    )
    expected = v_measure_score(list(task.labels), groups.labels_)
    assert ours(minilm, task).main.value == pytest.approx(expected, abs=1e-9)
