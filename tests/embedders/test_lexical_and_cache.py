"""Two small embedders: shared spelling, and a memory around another one."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.contracts import Prompt
from workbench.embedders import CachedEmbedder, LexicalEmbedder, load
from workbench.errors import InputError


def test_shared_characters_bring_texts_together() -> None:
    vectors = load("lexical").embed(["苹果手机", "苹果电脑", "gravity", "gravitation"]).vectors
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > 0.3 > cosines[0, 2]
    assert cosines[2, 3] > 0.5


def test_the_lexical_embedder_says_that_it_knows_no_meaning() -> None:
    assert any("knows no meaning" in note for note in load("lexical").info.notes)


def test_an_empty_text_has_the_zero_vector() -> None:
    vectors = load("lexical").embed(["", "a"]).vectors
    assert not vectors[0].any()
    assert np.linalg.norm(vectors[1]) == pytest.approx(1)


def test_the_lexical_width_is_the_one_asked() -> None:
    assert load("lexical", dim=77).embed(["a"]).vectors.shape == (1, 77)
    with pytest.raises(InputError, match="dim=0"):
        load("lexical", dim=0)


def test_an_option_without_meaning_for_counting_is_refused() -> None:
    with pytest.raises(InputError, match="has no device"):
        load("lexical", device="cpu")


def test_a_second_call_looks_up_and_says_so() -> None:
    cached = CachedEmbedder(LexicalEmbedder())
    first = cached.embed(["a", "b", "a"])
    second = cached.embed(["b", "c"])
    assert first.cached.tolist() == [False, False, False]
    assert second.cached.tolist() == [True, False]
    np.testing.assert_array_equal(second.vectors[0], first.vectors[1])


def test_only_what_is_missing_is_computed_in_one_call() -> None:
    inner = Counting()
    cached = CachedEmbedder(inner)
    cached.embed(["a", "b", "a"])
    cached.embed(["b", "c"])
    cached.embed(["b", "c"])
    assert inner.asked == [["a", "b"], ["c"], []]


def test_where_the_prefix_ends_makes_no_difference() -> None:
    cached = CachedEmbedder(LexicalEmbedder())
    cached.embed(["b c"], prompt=Prompt.from_prefix("a "))
    assert cached.embed(["c"], prompt=Prompt.from_prefix("a b ")).cached.tolist() == [True]
    assert cached.embed(["b c"]).cached.tolist() == [False]


def test_the_least_recently_used_row_makes_room() -> None:
    row = 64 * 4 + 1 + 400
    cached = CachedEmbedder(LexicalEmbedder(dim=64), max_bytes=2 * row)
    cached.embed(["a"])
    cached.embed(["b"])
    cached.embed(["a"])
    cached.embed(["c"])
    assert cached.embed(["a"]).cached.tolist() == [True]
    assert cached.embed(["b"]).cached.tolist() == [False]


def test_a_call_larger_than_the_room_is_still_answered() -> None:
    cached = CachedEmbedder(LexicalEmbedder(dim=64), max_bytes=1000)
    texts = [f"text {number}" for number in range(50)]
    expected = LexicalEmbedder(dim=64).embed(texts).vectors
    np.testing.assert_array_equal(cached.embed(texts).vectors, expected)
    np.testing.assert_array_equal(cached.embed(texts[::-1]).vectors, expected[::-1])


def test_a_row_looked_up_cannot_be_changed_from_outside() -> None:
    cached = CachedEmbedder(LexicalEmbedder())
    first = cached.embed(["a"])
    kept = first.vectors.copy()
    first.vectors[:] = 0
    np.testing.assert_array_equal(cached.embed(["a"]).vectors, kept)


def test_info_is_that_of_the_embedder_inside() -> None:
    inner = LexicalEmbedder()
    assert CachedEmbedder(inner).info is inner.info


class Counting(LexicalEmbedder):
    """A lexical embedder that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def embed(self, texts, **options):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003, ANN201
        self.asked.append(list(texts))
        return super().embed(texts, **options)
