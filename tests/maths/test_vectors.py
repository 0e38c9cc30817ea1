"""Anything array-like becomes a checked matrix, and rows get unit length."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import normalize

from workbench.contracts import EmbedderInfo, Embeddings, Prompt
from workbench.errors import InputError
from workbench.maths import as_matrix, normalize_rows, truncate_dim


def make_embeddings(n: int, dim: int) -> Embeddings:
    return Embeddings(
        vectors=np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32),
        tokens=np.full(n, -1, dtype=np.int64),
        truncated=np.zeros(n, dtype=bool),
        unknown=np.zeros(n, dtype=np.float32),
        prompt=Prompt(),
        info=EmbedderInfo("toy", "lexical", dim, dim, False, 0.0),
        seconds=0.0,
        cached=np.zeros(n, dtype=bool),
    )


def test_an_embeddings_is_taken_as_its_vectors() -> None:
    embeddings = make_embeddings(3, 4)
    assert np.array_equal(as_matrix(embeddings), embeddings.vectors)


def test_lists_become_float32_rows() -> None:
    matrix = as_matrix([[1, 2], [3, 4]])
    assert matrix.dtype == np.float32
    assert matrix.tolist() == [[1, 2], [3, 4]]


def test_no_rows_make_an_empty_matrix() -> None:
    assert as_matrix([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        pytest.param([1.0, 2.0], r"1 dimension.*\(n, dim\)", id="one vector alone"),
        pytest.param([[1.0, 2.0], [3.0]], "row 0 has length 2, row 1 has length 1", id="ragged"),
        pytest.param([["a", "b"]], "not a number", id="words"),
        pytest.param([[0.0, 1.0], [np.nan, 1.0]], "row 1 holds nan", id="NaN"),
        pytest.param([[0.0, np.inf]], "row 0 holds inf", id="infinity"),
        pytest.param([[1e300, 0.0]], "row 0 holds inf", id="too large for float32"),
        pytest.param(np.zeros((2, 2, 2)), "3 dimension", id="a cube"),
    ],
)
def test_what_is_no_finite_matrix_is_refused_by_name(vectors: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_matrix(vectors)  # type: ignore[arg-type]


def test_rows_are_normalised_as_sklearn_does() -> None:
    rows = np.random.default_rng(1).normal(size=(50, 7)).astype(np.float32)
    np.testing.assert_allclose(normalize_rows(rows), normalize(rows), atol=1e-6)


def test_a_zero_row_stays_zero() -> None:
    assert normalize_rows([[0.0, 0.0], [0.0, 2.0]]).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_rows_whose_squares_leave_float32_still_get_unit_length(size: float) -> None:
    np.testing.assert_allclose(normalize_rows([[3 * size, 4 * size]]), [[0.6, 0.8]], atol=1e-6)


def test_truncated_vectors_have_unit_length_again() -> None:
    cut = truncate_dim([[3.0, 4.0, 12.0]], 2)
    np.testing.assert_allclose(cut, [[0.6, 0.8]], atol=1e-6)


@pytest.mark.parametrize("dim", [0, 4])
def test_a_width_the_vectors_do_not_have_is_refused(dim: int) -> None:
    with pytest.raises(InputError, match=f"dim={dim}.*1 to 3"):
        truncate_dim([[1.0, 2.0, 3.0]], dim)
