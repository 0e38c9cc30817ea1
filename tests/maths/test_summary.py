"""A large matrix as cells: means, lows and highs are those of the full matrix's blocks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.maths import similarity, similarity_window, summarize_similarity


def random(n: int, dim: int = 12) -> NDArray[np.float32]:
    return np.random.default_rng(n).normal(size=(n, dim)).astype(np.float32)


@pytest.mark.parametrize(("n", "side"), [(100, 10), (103, 10), (7, 3), (5, 1), (2, 1)])
def test_cells_are_the_blocks_of_the_full_matrix(n: int, side: int) -> None:
    rows, order = random(n), np.random.default_rng(1).permutation(n)
    summary = summarize_similarity(rows, order=order, max_side=side)
    full = similarity(rows[order])
    assert summary.edges[0] == 0
    assert summary.edges[-1] == n
    for i, (top, bottom) in enumerate(pairwise(summary.edges)):
        for j, (left, right) in enumerate(pairwise(summary.edges)):
            block = full[top:bottom, left:right]
            np.testing.assert_allclose(summary.mean[i, j], block.mean(), atol=2e-6)
            np.testing.assert_allclose(summary.low[i, j], block.min(), atol=2e-6)
            np.testing.assert_allclose(summary.high[i, j], block.max(), atol=2e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_a_matrix_that_fits_is_kept_pair_by_pair(n: int) -> None:
    rows = random(n)
    summary = summarize_similarity(rows, max_side=30)
    assert summary.exact
    np.testing.assert_allclose(summary.mean, similarity(rows), atol=1e-6)


def test_the_order_moves_rows_and_columns_together() -> None:
    rows = random(6)
    order = [5, 3, 1, 0, 2, 4]
    summary = summarize_similarity(rows, order=order)
    np.testing.assert_allclose(summary.mean, similarity(rows)[np.ix_(order, order)], atol=1e-6)


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [1, 2, 3]])
def test_an_order_that_loses_a_text_is_refused(order: list[int]) -> None:
    with pytest.raises(InputError, match="not a permutation of 0 to 2"):
        summarize_similarity(random(3), order=order)


def test_a_window_is_a_rectangle_of_the_ordered_matrix() -> None:
    rows, order = random(50), np.random.default_rng(2).permutation(50)
    window = similarity_window(rows, rows=slice(10, 20), columns=slice(0, 7), order=order)
    np.testing.assert_allclose(window, similarity(rows[order])[10:20, :7], atol=1e-6)
