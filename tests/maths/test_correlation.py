"""Correlations against scipy, of the items themselves and of every draw."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.errors import InputError
from workbench.maths.correlation import average_ranks, pearson, spearman
from workbench.maths.intervals import draw_items


def tied_pairs(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    a = generator.integers(0, 6, n).astype(float)  # many equal values
    return a, np.round(a + generator.normal(size=n), 1)


@pytest.mark.parametrize("seed", range(5))
def test_average_ranks_equal_scipy(seed: int) -> None:
    a, _ = tied_pairs(seed)
    np.testing.assert_array_equal(average_ranks(a), stats.rankdata(a))


@pytest.mark.parametrize("seed", range(5))
def test_both_coefficients_equal_scipy_with_ties(seed: int) -> None:
    a, b = tied_pairs(seed)
    assert spearman(a, b)[0] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    assert pearson(a, b)[0] == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_every_draw_is_ranked_anew_as_scipy_ranks_its_items(seed: int) -> None:
    a, b = tied_pairs(seed)
    counts = np.concatenate(list(draw_items(len(a), 25, seed=seed)))
    found = spearman(a, b, counts), pearson(a, b, counts)
    for row, drawn in enumerate(counts.astype(int)):
        x, y = np.repeat(a, drawn), np.repeat(b, drawn)
        assert found[0][row] == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
        assert found[1][row] == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


def test_pearson_keeps_its_digits_far_from_zero() -> None:
    a, b = tied_pairs(1)
    assert pearson(a + 1e8, b)[0] == pytest.approx(pearson(a, b)[0], abs=1e-7)


def test_what_does_not_vary_has_no_correlation() -> None:
    a, b = tied_pairs(0)
    one_pair = np.zeros((1, len(a)))
    one_pair[0, 3] = len(a)  # a draw of one pair over and over
    for found in (
        spearman(np.ones(len(a)), b),
        pearson(a, np.full(len(a), 0.1)),
        spearman(a, b, one_pair),
        pearson(a, b, one_pair),
    ):
        assert np.isnan(found).all()


def test_a_value_that_is_no_number_is_named() -> None:
    with pytest.raises(InputError, match=r"b\[1\] is nan"):
        spearman([1, 2, 3], [1, float("nan"), 2])


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="3 values were compared with 2"):
        pearson([1, 2, 3], [1, 2])
