"""Numbers of another type are told from float32 by what an embedding looks like."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.embedders.remote.payload import find_other_type

DIMS = [16, 64, 384, 1024, 4096]


def some_vector(dim: int, norm: float = 1.0) -> NDArray[np.float32]:
    row = np.random.default_rng(dim).normal(size=dim)
    return (row * (norm / np.linalg.norm(row))).astype(np.float32)


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("norm", [0.3, 1.0, 96.7, 2_000.0])
def test_float32_is_taken_as_it_is(dim: int, norm: float) -> None:
    assert find_other_type(some_vector(dim, norm).tobytes()) is None


@pytest.mark.parametrize("dim", DIMS)
def test_float32_that_was_rounded_to_bfloat16_is_taken_as_it_is(dim: int) -> None:
    bits = some_vector(dim).view("<u4") & np.uint32(0xFFFF0000)
    assert find_other_type(bits.tobytes()) is None


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize(
    ("dtype", "name"),
    [("<f8", "float64"), ("<f2", "float16"), (">f4", "big-endian float32")],
)
def test_another_type_is_named(dim: int, dtype: str, name: str) -> None:
    assert find_other_type(some_vector(dim).astype(dtype).tobytes()) == name


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_a_vector_of_no_numbers_is_no_other_type(value: float) -> None:
    assert find_other_type(np.full(64, value, "<f4").tobytes()) is None


def test_a_vector_with_some_nan_is_no_other_type() -> None:
    row = some_vector(64)
    row[:20] = np.nan
    assert find_other_type(row.tobytes()) is None
    assert find_other_type(b"") is None
