"""How texts are packed into requests, and what is learnt from refusals."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import (
    Call,
    Fault,
    FaultServer,
    Reply,
    tokens_of,
    vectors_of,
)
from workbench.contracts import PartialError
from workbench.embedders.remote import connect
from workbench.embedders.remote.limits import estimate_tokens

MANY = [f"short text {number}" for number in range(5_000)]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def test_no_request_has_more_texts_than_asked_for(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=50)
    server.forget()
    embedder.embed(MANY[:220])
    assert sorted(len(call.texts) for call in server.asked) == [20, 50, 50, 50, 50]
    embedder.unload()


def test_no_request_has_more_tokens_than_asked_for_but_for_one_long_text(
    server: FaultServer,
) -> None:
    embedder = connect(server.base_url, batch_items=50, batch_tokens=100)
    server.forget()
    texts = [*MANY[:60], "long " * 200, *MANY[60:80]]
    made = embedder.embed(texts)
    np.testing.assert_allclose(made.vectors, vectors_of(texts), atol=1e-6)
    for call in server.asked:
        assert len(call.texts) == 1 or sum(map(estimate_tokens, call.texts)) <= 100
    assert len(server.asked) < len(texts) / 4, "and still many texts to a request"
    embedder.unload()


def test_a_limit_of_texts_is_learnt_from_one_refusal_and_kept(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=33, in_flight=1)
    server.forget()
    server.fault = f.over_items(32)
    embedder.embed(MANY[:330])
    refused, *later = server.asked
    assert len(refused.texts) == 33
    assert max(len(call.texts) for call in later) == 32
    assert len(later) <= 330 // 32 + 2
    assert embedder.limits.items == 32

    server.forget()
    embedder.embed(MANY[400:500])
    assert [len(call.texts) for call in server.asked] == [32, 32, 32, 4]
    embedder.unload()


@pytest.mark.parametrize(
    ("fault", "most"),
    [(f.over_bytes(1_000), 1_000), (f.over_tokens(60), 60)],
    ids=["bytes", "tokens"],
)
def test_a_limit_without_a_number_is_learnt_too(
    fault: Fault, most: int, server: FaultServer
) -> None:
    embedder = connect(server.base_url, batch_items=100, in_flight=1)
    server.fault = fault
    made = embedder.embed(MANY[:400])
    np.testing.assert_allclose(made.vectors, vectors_of(MANY[:400]), atol=1e-6)
    server.forget()
    embedder.embed(MANY[400:800])
    sizes = [
        len(call.body) if most == 1_000 else sum(map(tokens_of, call.texts))
        for call in server.asked
    ]
    assert max(sizes) <= most, "the next call begins with what was learnt"
    embedder.unload()


@pytest.mark.parametrize("in_flight", [1, 3, 8])
def test_no_more_requests_are_out_than_allowed(in_flight: int, server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=10, in_flight=in_flight)
    server.forget()
    full = threading.Event()

    def wait_for_company(at: FaultServer, call: Call) -> Reply | None:
        if at.most_at_once >= in_flight:
            full.set()
        full.wait(5)
        at.over.wait(0.005)  # room for one request too many to show itself
        return None

    server.fault = wait_for_company
    embedder.embed(MANY[:400])
    assert server.most_at_once == in_flight
    embedder.unload()


def test_three_poisoned_texts_of_five_thousand_cost_a_bounded_number_of_requests(
    server: FaultServer,
) -> None:
    batch = 64
    embedder = connect(server.base_url, batch_items=batch, patience_s=5)
    server.forget()
    bad = {17, 2_500, 4_999}
    poisons = [f.holding(MANY[row], f.FAILS) for row in bad]
    server.fault = f.either(*poisons)
    with pytest.raises(PartialError) as caught:
        embedder.embed(MANY)
    assert {text.row for text in caught.value.failed} == bad
    assert len(caught.value.rows) == len(MANY) - 3
    np.testing.assert_allclose(
        caught.value.made.vectors, vectors_of(MANY)[caught.value.rows], atol=1e-6
    )
    searches = 3 * (2 * math.log2(batch))
    retries = 3 * (math.log2(batch) + 2)
    assert len(server.asked) <= math.ceil(len(MANY) / batch) + searches + retries
    embedder.unload()
