"""What becomes of the texts when the server misbehaves; the table of cases is in fault_table.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply, vectors_of
from tests.embedders.remote.fault_table import (
    BATCH,
    CASES,
    POISON,
    TEXTS,
    Case,
    run_case,
    table_of,
)
from workbench.contracts import Embedder, Embeddings, PartialError, Progress
from workbench.embedders.remote import RemoteEmbedder, connect
from workbench.embedders.remote.dispatch import KNOWN_GOOD
from workbench.errors import (
    BusyError,
    Cancelled,
    EndpointError,
    KeyRefusedError,
    MalformedReplyError,
    ModelNotServedError,
    PayloadTypeError,
    ServerFaultError,
    UnreachableError,
)

SOON_S = 10.0
"""Longest wait for what should take a moment: no measure of speed, only an end to waiting."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def embedder(server: FaultServer) -> Iterator[RemoteEmbedder]:
    made = connect(server.base_url, batch_items=BATCH, in_flight=4, patience_s=0.5, timeout_s=30)
    server.forget()
    yield made
    made.unload()


def embed_partly(embedder: Embedder, texts: list[str]) -> PartialError:
    with pytest.raises(PartialError) as caught:
        embedder.embed(texts)
    return caught.value


# ---- the table ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(case: Case) -> None:
    result = run_case(case)
    if case.error is None:
        assert result.error is None, result.error
    else:
        assert isinstance(result.error, case.error), repr(result.error)
        assert case.match in str(result.error)
    assert len(case.texts) - len(result.rows) == case.lost
    np.testing.assert_allclose(
        result.vectors, vectors_of(case.texts)[result.rows], atol=1e-6, err_msg="of those that came"
    )
    assert result.requests <= case.most
    assert list(result.progress) == sorted(result.progress)
    assert max(result.progress) <= len(case.texts)
    if case.lost == 1:
        assert result.failed == (TEXTS.index(POISON),)


def test_the_table_prints_a_line_a_case() -> None:
    lines = list(table_of(CASES[-1:]))
    assert lines[-1] == '| "data" twice | all vectors come | 0 of 40 | 5 |'


# ---- connecting to it ---------------------------------------------------------------------------

AT_CONNECTING = {
    "accepts and closes": (f.CLOSES, UnreachableError, "broke the connection"),
    "401": (f.NO_KEY, KeyRefusedError, "Unauthorized"),
    "403": (f.FORBIDDEN, KeyRefusedError, "Forbidden"),
    "404, no such model": (f.NO_MODEL, ModelNotServedError, "does not exist"),
    "501, no embeddings": (f.NO_EMBEDDINGS, ModelNotServedError, "--embeddings"),
    "429, Retry-After: 3600": (f.says_later("3600"), BusyError, "3,600 s"),
    "500": (f.FAILS, ServerFaultError, "500"),
    "502 page of nginx": (f.BAD_GATEWAY, ServerFaultError, "502"),
    "a chat completion": (f.CHAT_COMPLETION, MalformedReplyError, "another API"),
    "JSON cut in half": (f.cut_json, MalformedReplyError, "no JSON"),
    "float64, whatever is asked": (f.FLOAT64, PayloadTypeError, "float64"),
    "float16, whatever is asked": (f.FLOAT16, PayloadTypeError, "float16"),
    "big-endian, whatever is asked": (f.BIG_ENDIAN, PayloadTypeError, "big-endian"),
    "numbers as strings": (f.NUMBERS_AS_STRINGS, PayloadTypeError, "strings|no number|flat"),
    "no answer": (f.STALLS, UnreachableError, "no whole answer in 0.5 s"),
}


@pytest.mark.parametrize(("fault", "error", "match"), AT_CONNECTING.values(), ids=AT_CONNECTING)
def test_connecting_names_what_is_wrong(
    fault: Fault, error: type[EndpointError], match: str, server: FaultServer
) -> None:
    server.fault = fault
    with pytest.raises(error, match=match):
        connect(server.base_url, patience_s=0.5, timeout_s=0.5)
    assert len(server.asked) <= 20


def test_connecting_where_nothing_listens_says_so() -> None:
    with f.nothing_listens() as url, pytest.raises(UnreachableError, match="nothing listens"):
        connect(url, patience_s=0.2)


# ---- no retry of what cannot succeed, and patience where it can ---------------------------------


@pytest.mark.parametrize("fault", [f.NO_KEY, f.says_later("3600")])
def test_what_cannot_succeed_is_asked_once(
    fault: Fault, server: FaultServer, embedder: RemoteEmbedder
) -> None:
    server.fault = fault
    embed_partly(embedder, TEXTS[:BATCH])
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", [f.NO_MODEL, f.FORBIDDEN, f.NO_PATH])
def test_what_may_be_a_texts_fault_is_asked_of_one_that_is_known_to_embed(
    fault: Fault, server: FaultServer, embedder: RemoteEmbedder
) -> None:
    server.fault = fault
    partial = embed_partly(embedder, TEXTS[:BATCH])
    assert partial.cause is not None
    assert [call.texts for call in server.asked][1:] == [[KNOWN_GOOD]]
    server.fault = f.holding(TEXTS[3], fault)
    partial = embed_partly(embedder, TEXTS[:BATCH])
    assert partial.cause is None
    assert [text.row for text in partial.failed] == [3]
    assert len(partial.rows) == BATCH - 1


@pytest.mark.parametrize("count", [1, 2, 12])
def test_refused_texts_are_named_however_many_they_are(
    count: int, server: FaultServer, embedder: RemoteEmbedder
) -> None:
    bad = [f"bad {number}" for number in range(count)]
    rejects = f.says(400, {"error": "rejected by policy"})
    server.fault = f.where(lambda call: any(text in bad for text in call.texts), rejects)
    partial = embed_partly(embedder, [TEXTS[0], *bad])
    assert partial.cause is None
    assert [text.text for text in partial.failed] == bad
    assert partial.rows.tolist() == [0]
    with pytest.raises(PartialError, match=f"{count} refused"):
        embedder.embed(bad)


@pytest.mark.parametrize("fault", [f.CLOSES, f.FAILS], ids=["dropped", "500"])
def test_a_short_outage_costs_nothing(fault: Fault, server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, patience_s=20)
    server.forget()
    until = time.monotonic() + 1.5
    server.fault = f.where(lambda _: time.monotonic() < until, fault)
    made = embedder.embed(TEXTS)
    np.testing.assert_allclose(made.vectors, vectors_of(TEXTS), atol=1e-6)
    embedder.unload()


def test_retry_after_is_honoured_by_all_requests(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, in_flight=1, patience_s=5)
    server.forget()
    server.fault = f.once(f.says_later("1"))
    assert len(embedder.embed(TEXTS)) == len(TEXTS)
    refused, *later = server.asked
    assert min(call.at for call in later) - refused.at >= 1.0
    embedder.unload()


# ---- texts that break the server ----------------------------------------------------------------


@pytest.mark.parametrize("fault", [f.FAILS, f.CLOSES, f.REFUSES], ids=["500", "drop", "400"])
def test_a_poisoned_text_costs_no_other_text_its_vector(
    fault: Fault, server: FaultServer, embedder: RemoteEmbedder
) -> None:
    server.fault = f.holding(POISON, fault)
    partial = embed_partly(embedder, TEXTS)
    (failed,) = partial.failed
    assert (failed.row, failed.text, partial.cause) == (13, POISON, None)
    assert partial.rows.tolist() == [row for row in range(len(TEXTS)) if row != 13]
    np.testing.assert_allclose(partial.made.vectors, vectors_of(TEXTS)[partial.rows], atol=1e-6)


def test_a_poisoned_text_that_is_there_twice_fails_in_both_places(
    server: FaultServer, embedder: RemoteEmbedder
) -> None:
    server.fault = f.holding("bad", f.REFUSES)
    partial = embed_partly(embedder, ["good", "bad", "fine", "bad"])
    assert [text.row for text in partial.failed] == [1, 3]
    assert partial.rows.tolist() == [0, 2]


# ---- a server that dies -------------------------------------------------------------------------


@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_server_that_dies_leaves_what_came_and_resume_asks_for_the_rest_only(
    in_flight: int, server: FaultServer
) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, in_flight=in_flight, patience_s=0.3)
    server.forget()
    server.fault = f.after(2, f.dies)
    partial = embed_partly(embedder, TEXTS)
    assert isinstance(partial.cause, UnreachableError)
    assert len(partial.rows) % BATCH == 0
    assert not partial.failed
    if in_flight == 1:
        assert partial.rows.tolist() == list(range(2 * BATCH)), "two batches came before it died"
    np.testing.assert_allclose(partial.made.vectors, vectors_of(TEXTS)[partial.rows], atol=1e-6)

    server.fault = None
    server.listen()
    server.forget()
    steps: list[Progress] = []
    made = partial.resume(progress=steps.append)
    np.testing.assert_allclose(made.vectors, vectors_of(TEXTS), atol=1e-6)
    assert sorted(server.texts) == sorted(TEXTS[row] for row in partial.missing)
    assert steps[-1].done == steps[-1].total
    embedder.unload()


def test_resume_against_a_server_that_is_still_dead_keeps_what_came(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, in_flight=1, patience_s=0.2)
    server.forget()
    server.fault = f.after(1, f.dies)
    partial = embed_partly(embedder, TEXTS)
    with pytest.raises(PartialError) as caught:
        partial.resume()
    assert caught.value.rows.tolist() == partial.rows.tolist() == list(range(BATCH))
    server.fault = None
    server.listen()
    np.testing.assert_allclose(caught.value.resume().vectors, vectors_of(TEXTS), atol=1e-6)
    embedder.unload()


def test_a_server_that_comes_back_within_the_patience_costs_nothing(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, in_flight=2, patience_s=20)
    server.die()
    back = threading.Timer(0.6, server.listen)
    back.start()
    made = embedder.embed(TEXTS)
    np.testing.assert_allclose(made.vectors, vectors_of(TEXTS), atol=1e-6)
    back.join()
    embedder.unload()


# ---- cancelling ---------------------------------------------------------------------------------

WAITS = {
    "a slow drip": f.breaks(drip_s=0.2),
    "no answer": f.holds(threading.Event()),
    "a long Retry-After": f.says_later("15"),
}


def run_until_asked(
    pool: ThreadPoolExecutor, server: FaultServer, embedder: Embedder, cancel: threading.Event
) -> Future[Embeddings]:
    """Start embedding, and return once the server has a request."""
    asked, inner = threading.Event(), server.fault
    assert inner is not None

    def tell(at: FaultServer, call: Call) -> Reply | None:
        asked.set()
        return inner(at, call)

    server.fault = tell
    future = pool.submit(embedder.embed, TEXTS, cancel=cancel)
    assert asked.wait(SOON_S)
    return future


@pytest.mark.parametrize("fault", WAITS.values(), ids=WAITS)
def test_a_cancel_ends_the_wait(fault: Fault, server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=BATCH, patience_s=60, timeout_s=60)
    server.forget()
    server.fault = fault
    cancel = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = run_until_asked(pool, server, embedder, cancel)
        cancel.set()
        with pytest.raises(Cancelled) as caught:
            future.result(timeout=SOON_S)
    assert (caught.value.done, caught.value.total) == (0, len(TEXTS))
    server.fault = None
    assert len(embedder.embed(TEXTS[:3])) == 3, "it can be used afterwards"
    embedder.unload()


def test_a_cancel_between_many_batches_stops_asking(server: FaultServer) -> None:
    embedder = connect(server.base_url, batch_items=1, in_flight=2)
    server.forget()
    server.fault = f.takes(0.01)
    cancel = threading.Event()

    def stop_at_ten(step: Progress) -> None:
        if step.done >= 10:
            cancel.set()

    with pytest.raises(Cancelled) as caught:
        embedder.embed(
            [f"{number}" for number in range(2_000)], progress=stop_at_ten, cancel=cancel
        )
    assert 10 <= caught.value.done < 2_000
    asked = len(server.asked)
    assert asked < 2_000
    server.fault = None
    embedder.embed(["one more"])
    assert len(server.asked) <= asked + 3, "nothing went on behind the back of the caller"
    embedder.unload()


# ---- what is sent and how it comes back ---------------------------------------------------------


def test_equal_texts_are_sent_once(server: FaultServer, embedder: RemoteEmbedder) -> None:
    texts = ["a", "b", "a", "c", "b", "a"]
    made = embedder.embed(texts)
    assert sorted(server.texts) == ["a", "b", "c"]
    np.testing.assert_allclose(made.vectors, vectors_of(texts), atol=1e-6)


def test_rows_keep_their_order_when_requests_overtake_each_other(
    server: FaultServer, embedder: RemoteEmbedder
) -> None:
    first_may_go = threading.Event()

    def last_first(at: FaultServer, call: Call) -> Reply | None:
        if call.number == 1:
            return f.holds(first_may_go)(at, call)
        if call.number == 4:
            first_may_go.set()
        return f.OUT_OF_ORDER(at, call)

    server.fault = last_first
    made = embedder.embed(TEXTS)
    np.testing.assert_allclose(made.vectors, vectors_of(TEXTS), atol=1e-6)


def test_texts_arrive_to_the_letter(server: FaultServer, embedder: RemoteEmbedder) -> None:
    texts = ["  spaces \n", "苹果🍎", "a\x00b", '"quoted\\"', "e\u0301 and é", "\u2028", ""]
    embedder.embed(texts)
    assert server.texts == texts
