"""Draws of items, and the intervals made of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.errors import InputError
from workbench.maths import intervals
from workbench.maths.intervals import (
    draw_items,
    draw_means,
    draw_statistic,
    percentile_interval,
)


def test_every_draw_has_as_many_items_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "DRAW_CELLS", 70)  # ten draws at a time
    blocks = list(draw_items(7, 25, seed=1))
    assert [len(block) for block in blocks] == [10, 10, 5]
    counts = np.concatenate(blocks)
    assert (counts.sum(axis=1) == 7).all()
    assert (counts >= 0).all()
    assert len({tuple(row) for row in counts.tolist()}) > 20, "draws differ"


def test_the_same_seed_draws_the_same_items_and_another_one_others() -> None:
    first, again, other = (np.concatenate(list(draw_items(9, 50, seed=s))) for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_means_are_drawn_as_any_statistic_is() -> None:
    values = np.random.default_rng(0).random((30, 2))
    means = draw_means(values, 200, seed=3)
    for column in range(2):
        one = draw_statistic(lambda c, x=values[:, column]: c @ x / 30, 30, 200, seed=3)  # type: ignore[misc]
        np.testing.assert_allclose(means[:, column], one)


def test_the_interval_of_a_mean_is_near_that_of_student() -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    low, high = percentile_interval(draw_means(values, 4_000, seed=0), 0.95) or (0.0, 0.0)
    expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values[:, 0]))
    assert (low, high) == pytest.approx(expected, abs=0.01)


def test_an_interval_holds_its_level_of_the_draws() -> None:
    assert percentile_interval(np.arange(1_001), 0.9) == pytest.approx((50, 950))


def test_draws_without_a_value_are_left_out_while_they_are_few() -> None:
    drawn = np.r_[np.arange(101.0), [np.nan] * 50]
    assert percentile_interval(drawn, 0.9) == pytest.approx((5, 95))
    assert percentile_interval(np.r_[1.0, np.nan, np.nan], 0.9) is None


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(InputError, match="above 0 and below 1"):
        percentile_interval([1.0], level)


@pytest.mark.parametrize(("n", "draws"), [(0, 10), (5, 0)])
def test_nothing_to_draw_is_refused(n: int, draws: int) -> None:
    with pytest.raises(InputError, match=f"draws={draws} from n={n}"):
        list(draw_items(n, draws, seed=0))


def test_items_of_one_block_come_up_together() -> None:
    blocks = np.array([0, 0, 1, 2, 2, 2])
    counts = np.concatenate(list(draw_items(6, 200, seed=0, blocks=blocks)))
    for block in range(3):
        members = counts[:, blocks == block]
        assert (members == members[:, :1]).all()
    assert (counts[:, [0, 2, 3]].sum(axis=1) == 3).all(), "as many blocks as there are"


def test_copies_of_an_item_in_one_block_make_no_interval_narrower() -> None:
    values = np.random.default_rng(0).normal(size=60)
    alone = draw_means(values[:, None], 2_000, seed=0)[:, 0]
    copies, blocks = np.repeat(values, 4)[:, None], np.repeat(np.arange(60), 4)
    together = draw_means(copies, 2_000, seed=0, blocks=blocks)[:, 0]
    singly = draw_means(copies, 2_000, seed=0)[:, 0]
    np.testing.assert_allclose(together.std(), alone.std(), rtol=0.1)
    assert singly.std() < 0.6 * alone.std()
