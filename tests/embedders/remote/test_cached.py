"""A cache before an endpoint: what came of a broken run is looked up, the rest is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import tests.embedders.remote.faults as f
from tests.embedders.remote.fault_server import FaultServer, vectors_of
from workbench.contracts import PartialError
from workbench.embedders import CachedEmbedder, connect
from workbench.errors import ServerFaultError, UnreachableError

TEXTS = [f"text {number}" for number in range(40)]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def cached(server: FaultServer) -> Iterator[CachedEmbedder]:
    embedder = CachedEmbedder(connect(server.base_url, batch_items=8, in_flight=1, patience_s=0.3))
    yield embedder
    embedder.unload()


def test_a_poisoned_text_is_named_by_its_places_and_the_others_are_remembered(
    server: FaultServer, cached: CachedEmbedder
) -> None:
    cached.embed(TEXTS[:5])
    server.fault = f.holding("poison", f.FAILS)
    asked = [*TEXTS[:10], "poison", *TEXTS[10:20], "poison"]
    with pytest.raises(PartialError, match=r"20 of 22 texts have vectors. 2 refused") as caught:
        cached.embed(asked)
    partial = caught.value
    assert [text.row for text in partial.failed] == [10, 21]
    assert {type(text.error) for text in partial.failed} == {ServerFaultError}
    assert partial.missing.tolist() == [10, 21]
    good = [text for text in asked if text != "poison"]
    np.testing.assert_allclose(partial.made.vectors, vectors_of(good), atol=1e-6)
    assert partial.made.cached.tolist() == [True] * 5 + [False] * 15
    assert partial.cause is None


def test_after_a_server_died_the_same_call_asks_for_the_rest_only(
    server: FaultServer, cached: CachedEmbedder
) -> None:
    server.fault = f.after(2, f.dies)
    with pytest.raises(PartialError) as caught:
        cached.embed(TEXTS)
    assert isinstance(caught.value.cause, UnreachableError)
    came = len(caught.value.rows)
    assert 0 < came < len(TEXTS)
    server.fault = None
    server.listen()
    server.forget()
    made = cached.embed(TEXTS)
    np.testing.assert_allclose(made.vectors, vectors_of(TEXTS), atol=1e-6)
    assert made.cached.sum() == came
    assert sorted(server.texts) == sorted(TEXTS[came:])


def test_resume_does_the_same(server: FaultServer, cached: CachedEmbedder) -> None:
    server.fault = f.after(2, f.dies)
    with pytest.raises(PartialError) as caught:
        cached.embed(TEXTS, prompt="query: ")
    server.fault = None
    server.listen()
    server.forget()
    made = caught.value.resume()
    strings = [f"query: {text}" for text in TEXTS]
    np.testing.assert_allclose(made.vectors, vectors_of(strings), atol=1e-6)
    assert sorted(server.texts) == sorted(strings[len(caught.value.rows) :])
