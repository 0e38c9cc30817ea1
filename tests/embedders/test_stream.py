"""Texts of any number through an embedder, a chunk at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from workbench.contracts import Embeddings
from workbench.embedders import LexicalEmbedder, stream
from workbench.errors import Cancelled, EndpointError, InputError


def test_chunks_joined_are_what_one_call_gives() -> None:
    texts = [f"text {number}" for number in range(10)]
    embedder = LexicalEmbedder()
    chunks = list(stream(embedder, iter(texts), chunk=4, prompt="query: "))
    assert [len(made) for made in chunks] == [4, 4, 2]
    whole = embedder.embed(texts, prompt="query: ").vectors
    np.testing.assert_array_equal(np.concatenate([made.vectors for made in chunks]), whole)


def test_no_more_texts_are_read_than_the_chunk_needs() -> None:
    read: list[int] = []

    def texts() -> Iterator[str]:
        for number in range(100):
            read.append(number)
            yield f"text {number}"

    chunks = stream(LexicalEmbedder(), texts(), chunk=3)
    assert read == []
    next(chunks)
    assert read == [0, 1, 2]


def test_no_texts_give_no_chunk() -> None:
    assert list(stream(LexicalEmbedder(), [])) == []


def test_one_string_and_an_empty_chunk_are_refused_at_once() -> None:
    with pytest.raises(InputError, match="texts is one string"):
        stream(LexicalEmbedder(), "apple")
    with pytest.raises(InputError, match="chunk=0 was asked"):
        stream(LexicalEmbedder(), ["apple"], chunk=0)


def test_a_cancel_between_chunks_stops() -> None:
    cancel = threading.Event()
    chunks = stream(LexicalEmbedder(), ["a", "b"], chunk=1, cancel=cancel)
    next(chunks)
    cancel.set()
    with pytest.raises(Cancelled):
        next(chunks)


def test_after_a_chunk_that_failed_it_goes_on_with_the_next() -> None:
    class FailsOnce(LexicalEmbedder):
        calls = 0

        def embed(self, texts: Sequence[str], **options: Any) -> Embeddings:
            self.calls += 1
            if self.calls == 2:
                raise EndpointError("down")
            return super().embed(texts, **options)

    chunks = stream(FailsOnce(), ["a", "b", "c"], chunk=1)
    assert len(next(chunks)) == 1
    with pytest.raises(EndpointError, match="down"):
        next(chunks)
    assert len(list(chunks)) == 1
