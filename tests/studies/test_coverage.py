"""What a vocabulary lacks, and which texts it cannot tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.maths import similarity
from workbench.studies import same_vectors, unknown_by_kind


def test_unknown_shares_are_averaged_by_kind_and_the_worst_are_named() -> None:
    found = unknown_by_kind([0.0, 1.0, 0.5, np.nan], ["en", "zh", "zh", "zh"])
    assert [c.kind for c in found] == ["zh", "en"]
    chinese, english = found
    assert (chinese.n, chinese.n_known, chinese.mean) == (3, 2, 0.75)
    assert chinese.worst == (1, 2)
    assert (english.mean, english.worst) == (0.0, ())


def test_where_the_backend_cannot_tell_there_is_no_mean() -> None:
    (only,) = unknown_by_kind([np.nan], ["code"])
    assert (only.n, only.n_known, only.mean) == (1, 0, None)


def test_shares_without_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="1 kinds"):
        unknown_by_kind([0.0, 0.0], ["en"])


def test_different_texts_with_one_vector_are_a_group() -> None:
    vectors = np.array([[1, 2], [2, 1], [1, 2], [2, 4], [3, 1]], dtype=np.float32)
    assert same_vectors(vectors, ["猫", "cat", "狗", "鱼", "dog"]) == ((0, 2, 3),)


def test_the_same_text_twice_is_no_group() -> None:
    assert same_vectors(np.ones((2, 3)), ["cat", "cat"]) == ()


def test_zero_vectors_are_one_vector() -> None:
    assert same_vectors(np.zeros((2, 3)), ["a", "b"]) == ((0, 1),)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_texts_have_no_groups(n: int) -> None:
    assert same_vectors(np.ones((n, 3)), ["a"] * n) == ()


def test_near_but_different_vectors_are_told_apart() -> None:
    vectors = np.array([[1, 0, 0], [1, 0.01, 0]], dtype=np.float32)
    assert similarity(vectors)[0, 1] > 0.9999
    assert same_vectors(vectors, ["a", "b"]) == ()


def test_rounding_does_not_part_equal_vectors() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(300, 1024)), 2, axis=0) * rng.uniform(0.1, 9, (600, 1))
    groups = same_vectors(vectors, [str(i) for i in range(600)])
    assert groups == tuple((2 * i, 2 * i + 1) for i in range(300))
