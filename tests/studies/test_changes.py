"""What one change moved, against the two full matrices."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.studies.toys import make_embeddings, make_info
from workbench.errors import Cancelled, InputError
from workbench.maths import neighbour_overlap, neighbours, similarity
from workbench.studies import compare_change


def random(n: int, dim: int = 16, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


@pytest.mark.parametrize("side", [600, 11])
def test_differences_are_those_of_the_two_matrices(side: int) -> None:
    before, after = random(60), random(60, seed=1)
    order = np.random.default_rng(2).permutation(60)
    change = compare_change(before, after, order=order, max_side=side)
    full = similarity(after) - similarity(before)
    ordered, edges = full[np.ix_(order, order)], change.difference.edges
    for i, (top, bottom) in enumerate(pairwise(edges)):
        for j, (left, right) in enumerate(pairwise(edges)):
            block = ordered[top:bottom, left:right]
            assert change.difference.mean[i, j] == pytest.approx(block.mean(), abs=1e-5)
            assert change.difference.low[i, j] == pytest.approx(block.min(), abs=1e-5)
            assert change.difference.high[i, j] == pytest.approx(block.max(), abs=1e-5)
    apart = np.abs(full[~np.eye(60, dtype=bool)])
    assert change.mean_abs == pytest.approx(apart.mean(), abs=1e-5)
    assert change.max_abs == pytest.approx(apart.max(), abs=1e-5)
    np.testing.assert_allclose(change.text_mean_abs, np.abs(full).sum(axis=1) / 59, atol=1e-5)


def test_no_change_is_none() -> None:
    vectors = random(30)
    change = compare_change(vectors, vectors)
    assert change.max_abs == 0
    assert (change.overlap == 1).all()
    assert set(change.gained) == set(change.lost) == {()}
    assert change.self_cosine == pytest.approx(np.ones(30), abs=1e-6)


def test_gained_and_lost_neighbours_are_named_best_first() -> None:
    before = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.3]])
    after = np.array([[0, 1], [1, 0.1], [0, 1], [0.1, 1], [1, 0.3]])  # the first text went over
    change = compare_change(before, after, k=2)
    assert change.lost[0] == (1, 4)
    assert change.gained[0] == (2, 3)
    assert change.overlap[0] == 0
    assert change.order_by_change[0] == 0


def test_overlap_is_that_of_the_exact_neighbours() -> None:
    before, after = random(80), random(80) + 0.5 * random(80, seed=1)
    change = compare_change(before, after, k=7)
    expected = neighbour_overlap(neighbours(before, 7)[0], neighbours(after, 7)[0])
    assert np.array_equal(change.overlap, expected)
    assert [len(g) for g in change.gained] == [round(7 * (1 - o)) for o in expected]


def test_the_most_changed_texts_come_first() -> None:
    before = random(40)
    after = before.copy()
    after[[5, 17]] = random(2, seed=9)
    assert set(compare_change(before, after).order_by_change[:2].tolist()) == {5, 17}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_very_few_texts_are_compared(n: int) -> None:
    change = compare_change(random(n), random(n, seed=1))
    assert len(change) == n
    assert change.difference.mean.shape == (n, n)
    assert np.isfinite([change.mean_abs, change.max_abs]).all()


def test_two_models_are_told_apart_by_name_and_differences_are_not_trusted() -> None:
    before = make_embeddings(random(10), info=make_info("a", 16))
    after = make_embeddings(random(10, 8), info=make_info("b", 8))
    change = compare_change(before, after)
    assert not change.comparable
    assert change.self_cosine is None
    assert "trust which neighbours changed" in change.notes[0]
    assert "16 wide before and 8 after" in change.notes[1]


def test_two_models_of_one_width_have_no_self_cosine() -> None:
    before = make_embeddings(random(10), info=make_info("a", 16))
    after = make_embeddings(random(10), info=make_info("b", 16))
    assert compare_change(before, after).self_cosine is None


def test_a_shorter_cut_of_one_model_is_comparable_without_self_cosine() -> None:
    before = make_embeddings(random(10), info=make_info("a", 16))
    after = make_embeddings(random(10)[:, :8], info=make_info("a", 8))
    change = compare_change(before, after)
    assert change.comparable
    assert change.self_cosine is None


def test_different_numbers_of_texts_are_refused() -> None:
    with pytest.raises(InputError, match=r"3 vectors before.*4 after"):
        compare_change(random(3), random(4))


def test_a_cancelled_comparison_says_so() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        compare_change(random(3), random(3), cancel=cancel)
