"""Single requests for the doctor: what became of each, counted, within the budget, never again."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import (
    DIM,
    MODEL,
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    vectors_of,
)
from workbench.contracts import Answer, Ask, Budget, Opening
from workbench.embedders.remote.line import EndpointLine
from workbench.errors import AddressError, Cancelled

SECRET = "sk-very-secret-0123456789abcdef"
TEXTS = ("one text", "another text", "a third")
PLENTY = Budget(requests=100, tokens=10_000)


@contextmanager
def line_to(url: str, model: str | None = MODEL, **more: Any) -> Iterator[EndpointLine]:
    line = EndpointLine(url, model, **{"budget": PLENTY, "timeout_s": 5.0, **more})
    try:
        yield line
    finally:
        line.close()


def ask_once(fault: Fault | None, ask: Ask, **more: Any) -> tuple[Answer, FaultServer]:
    with FaultServer(fault) as server, line_to(server.base_url, **more) as line:
        return line.ask([ask])[0], server


def open_at(url: str, model: str | None = None, **more: Any) -> Opening:
    with line_to(url, model, **more) as line:
        return line.open()


def only_at(*targets: str) -> Fault:
    """Embeddings are given at these paths, and nothing is at any other."""
    gone = as_json({"detail": "Not Found"}, status=404)
    return lambda _, call: None if call.target in targets else gone


# ---- what became of a request --------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_vectors_come_in_the_order_of_the_texts(encoding: Any) -> None:
    answer, _ = ask_once(f.OUT_OF_ORDER, Ask(TEXTS, encoding))
    assert answer.outcome == "vectors"
    assert answer.encoding == encoding
    assert answer.indices == (2, 1, 0)
    assert answer.whole is not None
    np.testing.assert_array_equal(answer.whole, vectors_of(TEXTS))
    assert (answer.tokens, answer.model) == (3 + 3 + 3, MODEL)
    assert answer.seconds > 0


CASES = [
    pytest.param(f.EMPTY_DATA, "reply", "count", "none", id="no data"),
    pytest.param(f.ONE_FEWER, "reply", "count", "", id="one fewer"),
    pytest.param(f.ALL_INDICES_ZERO, "reply", "index", "", id="indices"),
    pytest.param(f.FLOAT64, "reply", "payload", "float64", id="float64"),
    pytest.param(f.FLOAT16, "reply", "payload", "float16", id="float16"),
    pytest.param(f.BIG_ENDIAN, "reply", "payload", "big_endian", id="big-endian"),
    pytest.param(f.NO_BASE64, "reply", "payload", "not_base64", id="not base64"),
    pytest.param(f.bare_list, "reply", "malformed", "bare_list", id="bare list"),
    pytest.param(f.ERROR_WITH_200, "reply", "malformed", "error", id="error with 200"),
    pytest.param(f.cut_json, "reply", "malformed", "no_json", id="cut JSON"),
    pytest.param(f.page(200, "Welcome"), "reply", "malformed", "page", id="page"),
    pytest.param(f.NO_KEY, "refusal", "key", "", id="401"),
    pytest.param(f.NO_MODEL, "refusal", "model", "", id="model"),
    pytest.param(f.NO_PATH, "refusal", "path", "", id="404"),
    pytest.param(f.NO_EMBEDDINGS, "refusal", "no_embeddings", "", id="501"),
    pytest.param(f.FAILS, "refusal", "fault", "", id="500"),
    pytest.param(f.BAD_GATEWAY, "refusal", "not_the_server", "", id="502"),
    pytest.param(f.UNAVAILABLE, "refusal", "busy", "", id="503"),
    pytest.param(f.over_items(2), "refusal", "too_many_items", "", id="items"),
    pytest.param(f.CLOSES, "trouble", "dropped", "", id="dropped"),
    pytest.param(f.sends_to("http://127.0.0.2:1"), "trouble", "redirect", "", id="redirect"),
]


@pytest.mark.parametrize(("fault", "outcome", "kind", "detail"), CASES)
def test_what_is_no_vector_is_named_and_not_asked_for_again(
    fault: Fault, outcome: str, kind: str, detail: str
) -> None:
    answer, server = ask_once(fault, Ask(TEXTS))
    assert (answer.outcome, answer.kind, answer.detail) == (outcome, kind, detail)
    assert answer.vectors is None
    assert answer.words
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        ([math.nan] * DIM, "not_finite"),
        ([0.0] * DIM, "zero"),
    ],
    ids=["null", "NaN", "zero"],
)
def test_a_row_that_is_no_vector_is_named_beside_those_that_are(value: object, kind: str) -> None:
    fault = f.alters_vector(TEXTS[1], value)
    with FaultServer(fault) as server, line_to(server.base_url) as line:
        single = line.ask([Ask((text,)) for text in TEXTS])
    assert [dict(answer.faults) for answer in single] == [{}, {0: kind}, {}]
    assert single[1].whole is None
    assert single[1].vectors is not None


def test_a_request_that_takes_too_long_is_a_timeout() -> None:
    answer, _ = ask_once(f.STALLS, Ask(TEXTS), timeout_s=0.2)
    assert (answer.outcome, answer.kind) == ("trouble", "timeout")
    assert answer.seconds >= 0.2


def test_names_widths_keys_and_padding_go_out_as_they_are_asked() -> None:
    with FaultServer() as server, line_to(server.base_url, key=SECRET) as line:
        line.ask([Ask(("a",)), Ask(("a",), model="other", dimensions=4, with_key=False)])
        line.ask([Ask(("a",), padding=1000)])
    first, second, padded = server.asked
    assert first.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in second.headers.get("authorization", "")
    assert (first.asked["model"], second.asked["model"]) == (MODEL, "other")
    assert second.asked["dimensions"] == 4
    assert "dimensions" not in first.asked
    assert len(padded.body) - len(first.body) >= 1000
    assert padded.asked == first.asked


# ---- bounds --------------------------------------------------------------------------------------


def test_past_the_budget_nothing_is_sent_and_the_answers_say_so() -> None:
    with FaultServer() as server:
        with line_to(server.base_url, budget=Budget(2, 10_000)) as line:
            answers = line.ask([Ask(("a",))] * 4)
            assert line.spent.requests == 2
        assert [answer.outcome for answer in answers].count("unasked") == 2
        assert len(server.asked) == 2
        with line_to(server.base_url, budget=Budget(10, 50)) as line:
            long = line.ask([Ask(("word " * 200,)), Ask(("a",))])
            assert [answer.outcome for answer in long] == ["unasked", "vectors"]
            assert line.spent.tokens <= 50


def test_a_server_that_is_stuck_is_soon_left_alone() -> None:
    with FaultServer(f.STALLS) as server, line_to(server.base_url, timeout_s=0.2) as line:
        answers = line.ask([Ask(("a",))] * 5)
        assert [answer.kind for answer in answers] == ["timeout"] * 3 + [""] * 2
        assert [answer.outcome for answer in answers[3:]] == ["unasked"] * 2
        assert "not answered in time" in answers[4].words
        assert line.spent.requests == 3


def test_short_questions_about_the_server_count_as_requests() -> None:
    with FaultServer() as server, line_to(server.base_url) as line:
        line.open()
        assert line.spent.requests == len(server.calls) > 2


def test_no_more_are_out_at_once_than_was_said() -> None:
    with FaultServer(f.takes(0.02)) as server, line_to(server.base_url) as line:
        line.ask([Ask((str(number),)) for number in range(6)])
        assert server.most_at_once == 1
        server.forget()
        line.ask([Ask((str(number),)) for number in range(12)], at_once=3)
        assert server.most_at_once == 3


def test_a_cancel_ends_the_wait() -> None:
    stop = threading.Event()
    with FaultServer(f.STALLS) as server, line_to(server.base_url, cancel=stop) as line:
        threading.Timer(0.1, stop.set).start()
        with pytest.raises(Cancelled):
            line.ask([Ask(("a",))])


def test_the_key_is_in_no_repr_and_in_no_words() -> None:
    def tells(_: FaultServer, call: Call) -> Reply:
        words = f"Invalid key {call.headers['authorization']}"
        return as_json({"error": {"message": words}}, status=401)

    with FaultServer(tells) as server, line_to(server.base_url, key=SECRET) as line:
        opening = line.open()
        shown = repr((line, opening, line.ask([Ask(("a",))])))
    assert "Invalid key" in shown
    assert SECRET not in shown


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(AddressError, match="ftp"):
        EndpointLine("ftp://somewhere/v1", budget=PLENTY)


# ---- opening -------------------------------------------------------------------------------------


def test_a_right_address_is_tried_first_and_alone() -> None:
    with FaultServer() as server:
        opening = open_at(server.base_url)
        assert opening.base_url == opening.given == server.base_url
        assert opening.embeds
        assert (opening.model, opening.served, opening.lists_models) == (MODEL, (MODEL,), True)
        assert [call.target for call in server.asked] == ["/v1/embeddings"]


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("", "/v1"),
        ("/v1", ""),
        ("/openai", "/openai/v1"),
        ("/openai/v1", "/openai"),
        ("/api/v2", "/v1"),
        ("/api/v2", ""),
    ],
    ids=lambda path: path or "root",
)
def test_an_address_near_the_given_one_is_found(given: str, right: str) -> None:
    with FaultServer(only_at(f"{right}/embeddings")) as server:
        opening = open_at(f"{server.origin}{given}", MODEL)
        assert opening.given == f"{server.origin}{given}"
        assert opening.attempts[0].base_url == opening.given
        assert opening.base_url == f"{server.origin}{right}"
        assert opening.embeds


def test_the_model_is_read_beside_the_path_that_embeds() -> None:
    def strict(server: FaultServer, call: Call) -> Reply | None:
        if call.target != "/v1/embeddings":
            return f.NO_PATH(server, call)
        return None if call.asked.get("model") == MODEL else f.NO_MODEL(server, call)

    with FaultServer(strict) as server:
        opening = open_at(f"{server.origin}/api/v2")
        assert opening.embeds
        assert opening.model == MODEL


@pytest.mark.parametrize(
    "fault",
    [f.NO_KEY, f.NO_EMBEDDINGS, f.UNAVAILABLE, f.NO_MODEL],
    ids=["401", "501", "503", "404"],
)
def test_an_answer_that_another_path_does_not_mend_ends_the_search(fault: Fault) -> None:
    with FaultServer(fault) as server:
        opening = open_at(server.base_url, MODEL)
        assert not opening.embeds
        assert len(server.asked) == 1


def test_where_nothing_listens_two_questions_are_enough() -> None:
    with FaultServer() as server:
        url = server.base_url
    with line_to(url) as line:
        opening = line.open()
        assert [attempt.answer.kind for attempt in opening.attempts] == ["refused"]
        assert line.spent.requests == 2


def test_the_proxy_of_the_environment_is_told_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FaultServer() as server:
        opening = open_at(server.base_url)
        assert opening.embeds
        assert "127.0.0.1:1" in opening.proxy
        assert "secret" not in opening.proxy
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        assert open_at(server.base_url).proxy == ""


def test_tokens_are_counted_by_the_route_of_the_server_that_embeds() -> None:
    def llamacpp(server: FaultServer, call: Call) -> Reply | None:
        if call.target == "/tokenize":
            return as_json({"tokens": list(range(len(call.asked["content"])))})
        if call.target == "/v1/models":
            card = {"id": MODEL, "owned_by": "llamacpp"}
            return as_json({"data": [card]})
        return None

    with FaultServer(only_at("/v1/embeddings")) as server:
        server.other_fault = llamacpp
        with line_to(f"{server.origin}/api/v2", None) as line:
            assert line.open().engine == "llamacpp"
            assert line.count_tokens("four") == 4
