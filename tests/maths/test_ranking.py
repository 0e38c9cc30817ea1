"""Exact ranks of right documents, against a plain sort of the whole row."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from workbench.errors import InputError
from workbench.maths.ranking import Standing, rank_block
from workbench.maths.similarity import pairwise
from workbench.maths.vectors import Matrix, normalize_rows


def unit_rows(seed: int, n: int, dim: int = 16) -> Matrix:
    return normalize_rows(np.random.default_rng(seed).normal(size=(n, dim)))


def rank_one(
    query: Matrix,
    corpus: Matrix,
    right: dict[int, float],
    left_out: tuple[int, ...] = (),
    k: int = 10,
) -> Standing:
    (standing,) = rank_block(
        query,
        corpus,
        [np.array(list(right), np.int64)],
        [np.array(list(right.values()))],
        [np.array(left_out, np.int64)],
        k=k,
    )
    return standing


@pytest.mark.parametrize("seed", range(10))
def test_ranks_and_auc_are_those_of_the_sorted_row(seed: int) -> None:
    corpus, query = unit_rows(seed, 200), unit_rows(seed + 100, 1)
    right = dict.fromkeys(np.random.default_rng(seed).choice(200, 6, replace=False).tolist(), 1.0)
    found = rank_one(query, corpus, right)
    order = np.argsort(-(corpus @ query[0]), kind="stable")
    expected = [rank for rank, document in enumerate(order.tolist(), 1) if document in right]
    assert found.ranks.tolist() == expected
    assert found.right.tolist() == [d for d in order.tolist() if d in right]
    assert found.top.tolist() == order[:10].tolist()
    labels = [place in right for place in range(200)]
    assert found.auc == pytest.approx(roc_auc_score(labels, corpus @ query[0]), abs=1e-6)


def test_a_tie_counts_against_the_embedder_wherever_the_right_one_stands() -> None:
    corpus = np.repeat(unit_rows(0, 1), 5, axis=0)
    for right in range(5):
        found = rank_one(corpus[:1], corpus, {right: 1.0})
        assert found.ranks.tolist() == [5]
        assert found.auc == 0.5


def test_of_right_documents_that_tie_the_lower_grade_stands_first() -> None:
    corpus = np.repeat(unit_rows(0, 1), 2, axis=0)
    for grades in ({0: 1.0, 1: 3.0}, {1: 3.0, 0: 1.0}):
        found = rank_one(corpus[:1], corpus, grades)
        assert (found.right.tolist(), found.ranks.tolist()) == ([0, 1], [1, 2])


def test_what_is_left_out_is_neither_ranked_nor_shown() -> None:
    corpus = unit_rows(3, 50)
    query = corpus[7:8]
    assert rank_one(query, corpus, {8: 1.0}).top[0] == 7
    found = rank_one(query, corpus, {8: 1.0}, (7,), k=50)
    assert 7 not in found.top
    assert len(found.top) == 49
    assert found.ranks[0] == rank_one(query, corpus, {8: 1.0}).ranks[0] - 1


def test_where_nothing_is_wrong_there_is_no_auc() -> None:
    corpus = unit_rows(3, 2)
    found = rank_one(corpus[:1], corpus, {0: 1.0, 1: 1.0})
    assert np.isnan(found.auc)
    assert found.ranks.tolist() == [1, 2]


def test_pairs_of_equal_rows_tie_at_one_and_a_zero_row_is_at_nothing() -> None:
    rows = unit_rows(1, 40, 384)
    assert set(pairwise(rows * 3, rows).tolist()) == {1.0}
    assert pairwise(rows[:2], np.zeros((2, 384))).tolist() == [0, 0]
    expected = np.einsum("ij,ij->i", rows[:20].astype(float), rows[20:].astype(float))
    np.testing.assert_allclose(pairwise(rows[:20], rows[20:]), expected, atol=1e-6)


def test_pairs_of_two_widths_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(2, 4\) were paired with .* \(2, 5\)"):
        pairwise(np.ones((2, 4)), np.ones((2, 5)))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_corpus_changes_no_rank(seed: int) -> None:
    generator = np.random.default_rng(seed)
    corpus, query = unit_rows(seed, 60, 4), unit_rows(seed + 50, 1, 4)
    corpus[generator.integers(0, 60, 30)] = corpus[generator.integers(0, 60, 30)]  # ties
    right = {int(d): float(d % 3 + 1) for d in generator.choice(60, 5, replace=False)}
    order = generator.permutation(60)
    place = {int(old): new for new, old in enumerate(order)}
    one = rank_one(query, corpus, right)
    other = rank_one(query, corpus[order], {place[d]: grade for d, grade in right.items()})
    assert one.ranks.tolist() == other.ranks.tolist()
    grades = [[found_in[d] for d in found.right.tolist()] for found, found_in in (
        (one, right), (other, {place[d]: grade for d, grade in right.items()}))]  # fmt: skip
    assert grades[0] == grades[1]
    assert one.auc == pytest.approx(other.auc, abs=1e-12)
