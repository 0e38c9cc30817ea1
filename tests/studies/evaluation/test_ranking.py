"""Ranking by blocks: the same whatever the block, and small beside the whole matrix."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

from workbench.errors import Cancelled
from workbench.maths.vectors import Matrix, normalize_rows
from workbench.studies.evaluation.ranking import RANK_CELLS, Wanted, rank_corpus


def unit_rows(seed: int, n: int, dim: int = 32) -> Matrix:
    return normalize_rows(np.random.default_rng(seed).normal(size=(n, dim)))


def random_wanted(n: int, m: int, most: int = 4) -> list[Wanted]:
    generator = np.random.default_rng(n)
    return [
        Wanted(
            {
                int(document): float(generator.integers(1, 4))
                for document in generator.choice(m, generator.integers(1, most + 1), replace=False)
            }
        )
        for _ in range(n)
    ]


def test_ranks_do_not_depend_on_the_block() -> None:
    queries, corpus, wanted = unit_rows(0, 37), unit_rows(1, 211), random_wanted(37, 211)
    whole = rank_corpus(queries, corpus, wanted)
    for cells in (1, 211 * 5, 10**9):
        found = rank_corpus(queries, corpus, wanted, cells=cells)
        np.testing.assert_array_equal(found.ranks, whole.ranks)
        np.testing.assert_array_equal(found.grades, whole.grades)
        for one, other in zip(found.standings, whole.standings, strict=True):
            np.testing.assert_array_equal(one.top, other.top)


def test_a_right_document_far_down_has_its_exact_rank() -> None:
    queries, corpus = unit_rows(0, 20), unit_rows(1, 3_000)
    wanted = random_wanted(20, 3_000)
    found = rank_corpus(queries, corpus, wanted, k=100)
    scores = queries @ corpus.T
    for row, known in enumerate(wanted):
        best = max(scores[row, list(known.right)])
        assert found.ranks[row, 0] == pytest.approx(1 + (scores[row] > best).sum(), abs=1)
    assert (found.ranks[:, 0] > 100).any(), "some rank lies beyond what is kept"
    assert all(len(standing.top) == 100 for standing in found.standings)


@pytest.mark.parametrize(
    ("n", "cells"), [(300, 50_000), (5_000, RANK_CELLS)], ids=["small blocks", "as it is"]
)
def test_memory_is_that_of_a_block_and_not_of_the_matrix(n: int, cells: int) -> None:
    queries, corpus, wanted = unit_rows(0, n), unit_rows(1, 5_000), random_wanted(n, 5_000, 2)
    tracemalloc.start()
    try:
        rank_corpus(queries, corpus, wanted, cells=cells)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    kept = n * 100 * 12 + n * 2_000  # the top of each query, and what holds it
    assert peak < 16 * cells + kept + 1_000_000
    whole = 16 * n * 5_000  # what the same steps would take on the whole matrix
    assert 3 * peak < whole


def test_cancel_between_blocks_ends_a_ranking() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled, match="queries"):
        rank_corpus(unit_rows(0, 5), unit_rows(1, 9), random_wanted(5, 9), cancel=cancel)
