"""Measures of rankings by hand and against scikit-learn; v-measure against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score, v_measure_score

from workbench.maths import metrics
from workbench.maths.intervals import draw_items

RANKS = np.array([[1, 3, 12], [2, 0, 0], [150, 0, 0]])  # of three queries


def test_measures_of_a_ranking_by_hand() -> None:
    np.testing.assert_allclose(metrics.first_rank(RANKS), [1, 2, 150])
    np.testing.assert_allclose(metrics.hit_at(RANKS, 3), [1, 1, 0])
    np.testing.assert_allclose(metrics.precision_at(RANKS, 10), [0.2, 0.1, 0])
    np.testing.assert_allclose(metrics.recall_at(RANKS, 10), [2 / 3, 1, 0])
    np.testing.assert_allclose(metrics.mrr_at(RANKS, 10), [1, 1 / 2, 0])
    np.testing.assert_allclose(metrics.mrr_at(RANKS), [1, 1 / 2, 1 / 150])
    np.testing.assert_allclose(metrics.map_at(RANKS, 10), [(1 + 2 / 3) / 3, 1 / 2, 0])


def test_average_precision_is_over_no_more_than_could_stand_in_the_first_k() -> None:
    assert metrics.map_at(np.array([[1, 2, 3]]), 2)[0] == 1


def test_gain_is_the_grade_and_the_best_order_has_one() -> None:
    grades = np.array([[1.0, 3.0]])
    gain = 1 / math.log2(2) + 3 / math.log2(3)
    best = 3 / math.log2(2) + 1 / math.log2(3)
    assert metrics.ndcg_at(np.array([[1, 2]]), grades, 10)[0] == pytest.approx(gain / best)
    assert metrics.ndcg_at(np.array([[1, 2]]), grades[:, ::-1], 10)[0] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(10))
def test_graded_gain_equals_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores, grades = generator.random(30), generator.integers(0, 4, 30).astype(float)
    rank = np.argsort(np.argsort(-scores)) + 1
    right = np.flatnonzero(grades)
    order = right[np.argsort(rank[right])]
    expected = ndcg_score([grades], [scores], k=10)
    found = metrics.ndcg_at(rank[order][None], grades[order][None], 10)[0]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_v_measure_equals_scikit_learn_in_every_draw(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.choice(list("abc"), 40)
    clusters = np.where(generator.random(40) < 0.6, labels == "a", generator.integers(0, 4, 40))
    assert metrics.v_measure(labels, clusters)[0] == pytest.approx(
        v_measure_score(labels, clusters), abs=1e-12
    )
    counts = np.concatenate(list(draw_items(40, 10, seed=seed)))
    for found, drawn in zip(
        metrics.v_measure(labels, clusters, counts), counts.astype(int), strict=True
    ):
        expected = v_measure_score(np.repeat(labels, drawn), np.repeat(clusters, drawn))
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "clusters"),
    [("aabb", [0, 0, 1, 1]), ("aabb", [0, 0, 0, 0]), ("aaaa", [0, 1, 2, 3]), ("aaaa", [0] * 4)],
    ids=["perfect", "one cluster", "one label", "one of both"],
)
def test_v_measure_at_its_ends_equals_scikit_learn(labels: str, clusters: list[int]) -> None:
    expected = v_measure_score(list(labels), clusters)
    assert metrics.v_measure(list(labels), clusters)[0] == pytest.approx(expected, abs=1e-12)


MEASURES = {
    "hit@3": lambda ranks, grades: metrics.hit_at(ranks, 3),
    "precision@5": lambda ranks, grades: metrics.precision_at(ranks, 5),
    "recall@10": lambda ranks, grades: metrics.recall_at(ranks, 10),
    "mrr@10": lambda ranks, grades: metrics.mrr_at(ranks, 10),
    "map@100": lambda ranks, grades: metrics.map_at(ranks, 100),
    "ndcg@10": lambda ranks, grades: metrics.ndcg_at(ranks, grades, 10),
}


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_lies_between_0_and_1_and_rises_as_right_documents_rise(name: str) -> None:
    generator = np.random.default_rng(0)
    measure = MEASURES[name]
    for _ in range(200):
        r = int(generator.integers(1, 6))
        ranks = np.sort(generator.choice(np.arange(2, 40), r, replace=False))[None]
        grades = generator.integers(1, 4, (1, r)).astype(float)
        before = measure(ranks, grades)[0]  # type: ignore[no-untyped-call]
        better = np.r_[1, np.delete(ranks[0], place := generator.integers(r))][None]
        moved = np.r_[grades[0][place], np.delete(grades[0], place)][None]
        after = measure(better, moved)[0]  # type: ignore[no-untyped-call]
        assert 0 <= before <= after <= 1 + 1e-12
    best = np.arange(1, 4)[None]
    if name != "precision@5":
        assert measure(best, np.array([[3.0, 2, 1]]))[0] == pytest.approx(1)  # type: ignore[no-untyped-call]
