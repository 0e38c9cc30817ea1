"""Cosines and neighbours against scikit-learn's, and their behaviour at the edges."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from workbench.errors import InputError
from workbench.maths import cross_neighbours, neighbours, similarity
from workbench.maths.similarity import row_blocks, top_columns


def random(n: int, dim: int = 16, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def test_cosines_are_those_of_sklearn() -> None:
    a, b = random(40), random(30, seed=1)
    np.testing.assert_allclose(similarity(a, b), cosine_similarity(a, b), atol=1e-6)


def test_a_matrix_with_itself_is_symmetrical_with_ones_on_the_diagonal() -> None:
    scores = similarity(random(333, 7))
    assert np.array_equal(scores, scores.T)
    assert np.array_equal(np.diag(scores), np.ones(333))


def test_cosines_of_equal_rows_do_not_pass_one() -> None:
    rows = np.repeat(random(1, 1024), 50, axis=0)
    assert similarity(rows, rows).max() <= 1


def test_a_zero_row_has_cosine_zero_with_everything() -> None:
    assert similarity([[0.0, 0.0], [1.0, 0.0]]).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0)])
def test_no_rows_give_an_empty_matrix(n: int, m: int) -> None:
    assert similarity(random(n), random(m)).shape == (n, m)


def test_different_widths_are_refused() -> None:
    with pytest.raises(InputError, match=r"16 wide.*8 wide"):
        similarity(random(2), random(2, 8))


def test_neighbours_have_the_cosines_that_sklearn_finds() -> None:
    rows = random(500)
    _, scores = neighbours(rows, 12)
    distances, _ = NearestNeighbors(n_neighbors=12, metric="cosine").fit(rows).kneighbors()
    np.testing.assert_allclose(scores, 1 - distances, atol=2e-6)


def test_a_neighbours_index_belongs_to_its_cosine() -> None:
    rows = random(300)
    indices, scores = neighbours(rows, 5)
    full = cosine_similarity(rows)
    np.testing.assert_allclose(np.take_along_axis(full, indices, 1), scores, atol=2e-6)


def test_no_text_is_its_own_neighbour_even_beside_its_double() -> None:
    rows = np.repeat(random(5), 2, axis=0)
    indices, _ = neighbours(rows, 3)
    assert not (indices == np.arange(10)[:, None]).any()


def test_equal_texts_tie_and_the_lower_index_comes_first() -> None:
    rows = np.repeat(random(1, 384), 40, axis=0)
    indices, scores = neighbours(rows, 3)
    assert indices[0].tolist() == [1, 2, 3]
    assert indices[39].tolist() == [0, 1, 2]
    assert (scores == 1).all()


def test_neighbours_do_not_depend_on_the_block_they_fall_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = random(200)
    whole = neighbours(rows, 7)
    monkeypatch.setattr(sys.modules[row_blocks.__module__], "BLOCK_CELLS", 200 * 9)
    by_nines = neighbours(rows, 7)
    assert len(list(row_blocks(200, 200))) == 23
    assert np.array_equal(whole[0], by_nines[0])
    np.testing.assert_allclose(whole[1], by_nines[1], atol=1e-6)


@pytest.mark.parametrize(("n", "columns"), [(0, 0), (1, 0), (2, 1), (5, 4)])
def test_more_neighbours_than_others_give_all_others(n: int, columns: int) -> None:
    indices, scores = neighbours(random(n), 10)
    assert indices.shape == scores.shape == (n, columns)
    assert indices.dtype == np.int64


def test_no_neighbours_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match="k=0"):
        neighbours(random(3), 0)


def test_the_corpus_neighbours_of_its_own_rows_are_themselves() -> None:
    corpus = random(100)
    indices, scores = cross_neighbours(corpus[:20], corpus, 2)
    assert np.array_equal(indices[:, 0], np.arange(20))
    assert (scores[:, 0] == 1).all()


def test_a_tie_across_the_last_place_goes_to_the_lowest_columns() -> None:
    scores = np.array([[0, 5, 1, 5, 5, 5]], dtype=np.float32)
    assert top_columns(scores, 2).tolist() == [[1, 3]]
