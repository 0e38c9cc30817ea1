"""What follows from an answer without vectors, rule by rule; and that no rule goes on for ever."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import Fault, FaultServer
from workbench.contracts import PartialError
from workbench.embedders.remote import connect
from workbench.embedders.remote.actions import Action, Again, Batch, Blame, Split, Stop
from workbench.embedders.remote.limits import Limits
from workbench.embedders.remote.policy import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    TRIES,
    Policy,
    halve,
)
from workbench.embedders.remote.refusals import Refusal, RefusalKind
from workbench.embedders.remote.troubles import NoAnswerError, TroubleKind
from workbench.errors import (
    BusyError,
    CountError,
    DimError,
    EndpointError,
    IndexMismatchError,
    KeyRefusedError,
    MalformedReplyError,
    ModelNotServedError,
    NotFiniteError,
    PayloadTypeError,
    RefusedError,
    ReplyError,
    ServerFaultError,
    TooLongError,
    UnreachableError,
    ZeroVectorError,
)

POLICY = Policy(30.0, jitter=lambda: 1.0)
TEXTS = ["a", "bb", "the longest of them all", " ", "eeeee", ""]
FOUR = (0, 1, 2, 3)
HALVES = Split(((0, 1), (2, 3)))


def batch_of(*places: int, tries: int = 1, waited_s: float = 0.0) -> Batch:
    return Batch(list(places), tries=tries, waited_s=waited_s)


def refusal_of(kind: RefusalKind, status: int = 400, **known: float | None) -> Refusal:
    return Refusal(kind, status, "its words", **known)  # type: ignore[arg-type]


def judge(
    refusal: Refusal, batch: Batch, policy: Policy = POLICY, limits: Limits | None = None
) -> Action:
    return policy.judge_refusal(refusal, batch, TEXTS, limits or Limits())


# ---- no answer came ------------------------------------------------------------------------------

TROUBLES: list[tuple[TroubleKind, tuple[int, ...], int, str]] = [
    ("refused", FOUR, 1, "wait"),
    ("refused", FOUR, 7, "wait"),
    ("refused", (2,), 1, "wait"),
    ("dropped", FOUR, 1, "at once"),
    ("dropped", FOUR, 2, "halve unless the server is at fault"),
    ("dropped", (2,), 1, "at once"),
    ("dropped", (2,), 2, "wait"),
    ("dropped", (2,), 3, "blame"),
    ("timeout", FOUR, 1, "halve"),
    ("timeout", FOUR, 5, "halve"),
    ("timeout", (2,), 1, "at once"),
    ("timeout", (2,), 2, "wait"),
    ("timeout", (2,), 3, "blame"),
    ("silent", FOUR, 1, "wait"),
    ("dns", FOUR, 1, "wait"),
    ("tls", FOUR, 1, "wait"),
    ("proxy", FOUR, 1, "wait"),
    ("other", FOUR, 1, "wait"),
]


def name_of(action: Action) -> str:
    if isinstance(action, Again):
        return "as floats" if action.as_floats else "wait" if action.after_s else "at once"
    if isinstance(action, Blame):
        return "blame" if action.doubtful else "blame for certain"
    if isinstance(action, Stop):
        return "stop"
    if action.doubt is not None:
        assert action == replace(HALVES, doubt=action.doubt)
        return "halve unless the server is at fault"
    return "halve" if action == HALVES else "split"


@pytest.mark.parametrize(("kind", "places", "tries", "does"), TROUBLES)
def test_each_trouble_has_its_action(
    kind: TroubleKind, places: tuple[int, ...], tries: int, does: str
) -> None:
    trouble = NoAnswerError(kind, "words")
    action = POLICY.judge_trouble(trouble, batch_of(*places, tries=tries), Limits())
    assert name_of(action) == does
    if isinstance(action, Blame | Stop):
        assert action.error is trouble


def test_the_table_has_each_trouble() -> None:
    assert {kind for kind, *_ in TROUBLES} == set(get_args(TroubleKind))


def test_nothing_that_listens_is_final_where_nothing_has_answered_yet() -> None:
    first = Policy(30.0, first=True)
    trouble = NoAnswerError("refused", "nothing listens")
    assert first.judge_trouble(trouble, batch_of(0), Limits()) == Stop(trouble)


def test_a_timeout_makes_the_requests_of_this_run_smaller() -> None:
    limits = Limits(items=64)
    POLICY.judge_trouble(NoAnswerError("timeout", ""), batch_of(*range(20)), limits)
    assert (limits.items_now, limits.items) == (10, 64)


def test_only_a_refused_key_is_never_laid_on_a_text() -> None:
    for status, doubtful in ((401, False), (403, True)):
        action = judge(refusal_of("key", status), batch_of(*FOUR))
        assert isinstance(action, Stop)
        assert action.doubtful == doubtful


def test_several_texts_that_are_too_long_are_found_by_halves() -> None:
    batch = batch_of(*FOUR)
    batch.peeled = True
    assert judge(refusal_of("too_long"), batch) == HALVES


def test_an_error_that_ends_the_wait_is_still_of_its_kind() -> None:
    trouble = NoAnswerError("refused", "nothing listens.")
    action = POLICY.judge_trouble(trouble, batch_of(0, waited_s=30.0), Limits())
    assert isinstance(action, Stop)
    assert isinstance(action.error, NoAnswerError)
    assert action.error.kind == "refused"
    assert str(action.error) == "nothing listens. Waited 30.0 s of the 30 s of patience_s."


# ---- the server refused --------------------------------------------------------------------------

FINAL: list[tuple[RefusalKind, int]] = [
    ("key", 401),
    ("model", 404),
    ("no_embeddings", 501),
    ("path", 404),
    ("dimensions", 400),
]
REFUSALS: list[tuple[RefusalKind, int, tuple[int, ...], int, str]] = [
    *((kind, status, FOUR, 1, "stop") for kind, status in FINAL),
    *((kind, status, (0,), 5, "stop") for kind, status in FINAL),
    ("encoding_format", 400, FOUR, 1, "as floats"),
    ("encoding_format", 400, (0,), 4, "as floats"),
    ("busy", 429, FOUR, 1, "wait"),
    ("busy", 503, (0,), 9, "wait"),
    ("not_the_server", 502, FOUR, 1, "wait"),
    ("not_the_server", 504, (0,), 1, "wait"),
    ("not_the_server", 504, FOUR, 1, "halve"),
    ("fault", 500, FOUR, 1, "wait"),
    ("fault", 500, FOUR, 2, "halve unless the server is at fault"),
    ("fault", 500, (0,), 1, "wait"),
    ("fault", 500, (0,), 2, "wait"),
    ("fault", 500, (0,), 3, "blame"),
    ("too_long", 400, FOUR, 1, "split"),
    ("too_long", 400, (0,), 1, "blame for certain"),
    ("too_many_items", 422, FOUR, 1, "halve"),
    ("too_many_items", 422, (0,), 1, "blame"),
    ("too_large", 413, FOUR, 1, "halve"),
    ("too_large", 413, (0,), 1, "blame for certain"),
    ("empty", 400, FOUR, 1, "split"),
    ("empty", 400, (3,), 1, "blame for certain"),
    ("other", 400, FOUR, 1, "halve"),
    ("other", 422, (0,), 1, "blame"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "status", "places", "tries", "does"), REFUSALS)
def test_each_refusal_has_its_action(
    kind: RefusalKind, status: int, places: tuple[int, ...], tries: int, does: str
) -> None:
    assert name_of(judge(refusal_of(kind, status), batch_of(*places, tries=tries))) == does


def test_the_table_has_each_refusal() -> None:
    assert {kind for kind, *_ in REFUSALS} == set(get_args(RefusalKind))


ERRORS: list[tuple[RefusalKind, int, type[EndpointError], str]] = [
    ("key", 401, KeyRefusedError, "^The server answered 401: 'its words'. Pass the right key"),
    ("model", 404, ModelNotServedError, "^The server answered 404: 'its words'.$"),
    ("no_embeddings", 501, ModelNotServedError, "answered 501"),
    ("path", 404, UnreachableError, "with or without /v1"),
    ("dimensions", 400, RefusedError, "without dim="),
    ("busy", 429, BusyError, "answered 429: 'its words'. Waited 30.0 s of the 30 s"),
    ("not_the_server", 502, ServerFaultError, "^Not the embeddings server but something before"),
    ("too_long", 400, TooLongError, "^The server answered 400: 'its words'.$"),
    ("too_large", 413, RefusedError, "answered 413"),
    ("empty", 400, RefusedError, "answered 400"),
    ("other", 422, RefusedError, "answered 422"),
    ("fault", 500, ServerFaultError, "^The server answered 500: 'its words'.$"),
]


@pytest.mark.parametrize(
    ("kind", "status", "error", "words"), ERRORS, ids=[kind for kind, *_ in ERRORS]
)
def test_the_error_says_what_the_server_said(
    kind: RefusalKind, status: int, error: type[EndpointError], words: str
) -> None:
    action = judge(refusal_of(kind, status), batch_of(0, tries=TRIES, waited_s=30.0))
    assert isinstance(action, Stop | Blame)
    assert type(action.error) is error
    with pytest.raises(error, match=words):
        raise action.error


def test_the_proxy_of_the_environment_is_named_where_something_else_answered() -> None:
    policy = Policy(0.0, proxy_hint="$HTTP_PROXY sends this through a proxy.")
    action = judge(refusal_of("not_the_server", 502), batch_of(0), policy)
    assert isinstance(action, Stop)
    assert "$HTTP_PROXY sends this through a proxy." in str(action.error)
    assert "upstream" not in str(action.error)


def test_a_server_that_takes_floats_neither_is_not_asked_again() -> None:
    batch = batch_of(0, 1)
    assert judge(refusal_of("encoding_format"), batch) == Again(as_floats=True)
    action = judge(refusal_of("encoding_format"), batch)
    assert isinstance(action, Stop)
    assert str(action.error).startswith("It takes neither base64 nor float: the server answered")


# ---- waiting -------------------------------------------------------------------------------------

BUSY = refusal_of("busy", 429)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_pauses_double_up_to_the_longest_and_vary_by_half(jitter: float) -> None:
    policy = Policy(1e9, jitter=lambda: jitter)
    pauses = []
    for tries in range(1, 12):
        action = judge(BUSY, batch_of(0, tries=tries), policy)
        assert isinstance(action, Again)
        pauses.append(action.after_s)
    whole = [min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**tries) for tries in range(11)]
    assert pauses == pytest.approx([pause * (0.5 + jitter / 2) for pause in whole])


def test_very_many_tries_do_not_overflow() -> None:
    action = judge(BUSY, batch_of(0, tries=1_000), Policy(1e9, jitter=lambda: 1.0))
    assert isinstance(action, Again)
    assert action.after_s == LONGEST_WAIT_S


ASKED: list[tuple[float | None, float, float | None]] = [
    (None, 0.0, 0.25),
    (3.0, 0.0, 3.0),
    (30.0, 0.0, 30.0),
    (30.1, 0.0, None),
    (7200.0, 0.0, None),
    (3.0, 28.0, None),
    (2.0, 28.0, 2.0),
    (0.0, 0.0, 0.25),
    (0.001, 0.0, 0.25),
    (0.0, 29.8, 0.2),
    (0.0, 30.0, None),
    (None, 29.8, 0.2),
    (None, 29.9, None),
    (None, 30.0, None),
    (None, 31.0, None),
]


@pytest.mark.parametrize(("asked_s", "waited_s", "pause_s"), ASKED)
def test_the_wait_that_is_asked_for_is_kept_or_the_run_stops(
    asked_s: float | None, waited_s: float, pause_s: float | None
) -> None:
    refusal = refusal_of("busy", 429, retry_after_s=asked_s)
    action = judge(refusal, batch_of(0, waited_s=waited_s))
    if pause_s is None:
        assert isinstance(action, Stop)
        return
    assert isinstance(action, Again)
    assert action.after_s == pytest.approx(pause_s)


def test_a_wait_that_is_too_long_is_said() -> None:
    action = judge(refusal_of("busy", 429, retry_after_s=7200.0), batch_of(0))
    assert isinstance(action, Stop)
    with pytest.raises(BusyError, match=r"It asks to wait 7,200 s. Waited 0.0 s of the 30 s"):
        raise action.error


def test_why_it_waits_is_told() -> None:
    action = judge(BUSY, batch_of(0))
    assert isinstance(action, Again)
    assert action.why == "The server answered 429: 'its words'."


def test_without_patience_nothing_is_waited_for() -> None:
    assert isinstance(judge(BUSY, batch_of(0), Policy(0.0)), Stop)


# ---- which text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "index", "places", "parts"),
    [
        ("too_long", None, FOUR, ((2,), (0, 1, 3))),
        ("too_long", 1, FOUR, ((1,), (0, 2, 3))),
        ("too_long", 9, FOUR, ((2,), (0, 1, 3))),
        ("too_long", 0, (4, 2, 0), ((4,), (2, 0))),
        ("empty", None, (0, 3, 4, 5), ((3,), (5,), (0, 4))),
        ("empty", None, (3, 5), ((3,), (5,))),
        ("empty", None, (0, 1), ((0,), (1,))),
        ("empty", 1, (0, 1), ((1,), (0,))),
        ("other", 3, FOUR, ((3,), (0, 1, 2))),
        ("other", None, FOUR, ((0, 1), (2, 3))),
        ("other", None, (0, 1, 2), ((0,), (1, 2))),
    ],
)
def test_the_text_that_is_meant_goes_by_itself(
    kind: RefusalKind,
    index: int | None,
    places: tuple[int, ...],
    parts: tuple[tuple[int, ...], ...],
) -> None:
    split = Split(parts, peeled=kind == "too_long")
    assert judge(refusal_of(kind, index=index), batch_of(*places)) == split


def test_the_longest_is_so_in_bytes() -> None:
    texts = ["seventeen letters", "十个字的文本在这里"]
    action = POLICY.judge_refusal(
        refusal_of("too_long"), batch_of(0, 1, 2), [*texts, "b"], Limits()
    )
    assert action == Split(((1,), (0, 2)), peeled=True)


@pytest.mark.parametrize(
    ("limit", "sizes", "items"),
    [
        (4, [4, 4, 2], 4),
        (9, [9, 1], 9),
        (1, [1] * 10, 1),
        (None, [5, 5], 5),
        (0, [5, 5], 5),
        (10, [5, 5], 10),
        (2048, [5, 5], 64),
    ],
)
def test_too_many_texts_go_in_parts_of_the_limit_and_never_all_again(
    limit: int | None, sizes: list[int], items: int
) -> None:
    limits = Limits(items=64)
    batch = batch_of(*range(10))
    action = POLICY.judge_refusal(
        refusal_of("too_many_items", 422, limit=limit), batch, ["x"] * 10, limits
    )
    assert isinstance(action, Split)
    assert [len(part) for part in action.parts] == sizes
    assert [place for part in action.parts for place in part] == batch.places
    assert limits.items == items


def test_what_refusals_teach_is_kept() -> None:
    limits = Limits()
    judge(refusal_of("too_large", 413), batch_of(0, 2), limits=limits)
    assert limits.body_bytes == (1 + 23 + 2 * 8) // 2
    judge(refusal_of("too_long", limit=512), batch_of(0, 2), limits=limits)
    assert limits.max_tokens == 512
    judge(refusal_of("too_long"), batch_of(0, 2), limits=limits)
    assert limits.max_tokens == 512


# ---- 200, and of no use --------------------------------------------------------------------------

REPLIES: list[tuple[ReplyError, tuple[int, ...], int, str]] = [
    (PayloadTypeError("float64"), FOUR, 1, "as floats"),
    (PayloadTypeError("float64"), (0,), 2, "as floats"),
    (MalformedReplyError("cut"), FOUR, 1, "at once"),
    (MalformedReplyError("cut"), FOUR, 2, "halve"),
    (MalformedReplyError("cut"), (0,), 1, "at once"),
    (MalformedReplyError("cut"), (0,), 2, "blame"),
    (CountError("3 for 4"), FOUR, 1, "halve"),
    (IndexMismatchError("twice"), FOUR, 1, "halve"),
    (DimError("65"), FOUR, 1, "halve"),
    (CountError("2 for 1"), (0,), 1, "at once"),
    (CountError("2 for 1"), (0,), 2, "blame"),
]


@pytest.mark.parametrize(
    ("fault", "places", "tries", "does"),
    REPLIES,
    ids=lambda value: type(value).__name__ if isinstance(value, ReplyError) else None,
)
def test_each_useless_reply_has_its_action(
    fault: ReplyError, places: tuple[int, ...], tries: int, does: str
) -> None:
    action = POLICY.judge_reply(fault, batch_of(*places, tries=tries), Limits())
    assert name_of(action) == does
    if isinstance(action, Blame):
        assert action.error is fault


def test_another_type_again_after_floats_were_asked_for_is_narrowed_down() -> None:
    fault, batch = PayloadTypeError("float64"), batch_of(*FOUR)
    assert POLICY.judge_reply(fault, batch, Limits()) == Again(as_floats=True)
    assert POLICY.judge_reply(fault, batch, Limits()) == HALVES


def test_only_a_wrong_count_or_order_makes_later_requests_smaller() -> None:
    for fault, items in ((CountError(""), 2), (IndexMismatchError(""), 2), (DimError(""), 64)):
        limits = Limits(items=64)
        POLICY.judge_reply(fault, batch_of(*FOUR), limits)
        assert limits.items == items


@pytest.mark.parametrize("proven", [True, False])
def test_a_text_whose_vector_is_of_no_use_is_asked_for_twice(proven: bool) -> None:
    fault = NotFiniteError("NaN")
    batch = Batch([3], tries=1, proven=proven)
    assert POLICY.judge_row(fault, batch) == Again()
    batch.tries = 2
    assert POLICY.judge_row(fault, batch) == Blame((3,), fault, doubtful=not proven)


# ---- all together --------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 4, 63, 64])
def test_halves_hold_each_place_once_and_are_smaller(count: int) -> None:
    places = [7 * at for at in range(count)]
    parts = halve(places).parts
    assert [place for part in parts for place in part] == places
    assert all(0 < len(part) < count for part in parts)


JudgeFn = Callable[[Batch, Limits], Action]
FAULTS = (CountError, DimError, IndexMismatchError, MalformedReplyError, PayloadTypeError)


def answers() -> Iterator[tuple[str, JudgeFn]]:
    """Each answer that a server may give to every request, for ever."""
    for trouble in get_args(TroubleKind):
        error = NoAnswerError(trouble, "")
        yield trouble, lambda batch, limits, e=error: POLICY.judge_trouble(e, batch, limits)  # type: ignore[misc]
    numbers = (None, 0, 1, 5, 10**9)
    for kind, limit, index in product(get_args(RefusalKind), numbers, (None, 0, 99)):
        for asked_s, status in product((None, 0.0, 1e-9, 1.0, 1e6), (400, 504)):
            refusal = refusal_of(kind, status, limit=limit, index=index, retry_after_s=asked_s)
            yield (
                f"{kind} {limit} {index} {asked_s} {status}",
                lambda batch, limits, r=refusal: POLICY.judge_refusal(r, batch, ["x"] * 20, limits),  # type: ignore[misc]
            )
    for made in FAULTS:
        fault = made("")
        yield made.__name__, lambda batch, limits, f=fault: POLICY.judge_reply(f, batch, limits)  # type: ignore[misc]
    zero = ZeroVectorError("")
    yield "a row", lambda batch, limits: POLICY.judge_row(zero, batch)


def play(judge: JudgeFn, count: int) -> tuple[int, bool]:
    """Requests until each place is settled, and whether the run stopped before that."""
    limits, waiting, asked = Limits(), [Batch(list(range(count)))], 0
    settled: list[int] = []
    while waiting:
        batch = waiting.pop()
        while True:
            asked += 1
            assert asked < 2_000, "it goes on for ever"
            batch.tries += 1
            action = judge(batch, limits)
            if isinstance(action, Stop):
                return asked, True
            if not isinstance(action, Again):
                break
            batch.waited_s += action.after_s
        if isinstance(action, Blame):
            settled += action.places
        else:
            waiting += [Batch(list(part)) for part in action.parts if part]
    assert sorted(settled) == list(range(count))
    return asked, False


def test_whatever_a_server_answers_for_ever_the_run_ends() -> None:
    longest = max((play(judge, 20)[0], name) for name, judge in answers())
    assert longest[0] <= 20 * (TRIES + 2), longest


FOR_EVER: dict[str, tuple[Fault, str, int]] = {
    "later, in no time": (f.says_later("0"), "answered 429", 5),
    "no encoding": (
        f.says(400, {"error": {"message": "encoding_format: extra fields not permitted"}}),
        "neither base64 nor float",
        3,  # the third asks for the text that is known to embed
    ),
    "too many of a few": (
        f.says(422, {"detail": [{"msg": "List should have at most 2048 items after validation"}]}),
        "at most 2048 items",
        11,  # 7, and where the machine is slow the text that is known to embed once more for each
    ),
}


@pytest.mark.parametrize(("fault", "words", "most"), FOR_EVER.values(), ids=FOR_EVER)
def test_over_a_socket_too_it_ends(fault: Fault, words: str, most: int) -> None:
    with FaultServer() as server:
        embedder = connect(server.base_url, patience_s=0.4)
        server.forget()
        server.fault = fault
        with pytest.raises(PartialError, match=words):
            embedder.embed(["one", "two", "three", "four"])
        assert len(server.asked) <= most
        embedder.unload()


def test_chance_alone_keeps_many_clients_apart() -> None:
    policy = Policy(30.0)
    random.seed(0)
    pauses = set()
    for _ in range(50):
        action = judge(BUSY, batch_of(0, tries=3), policy)
        assert isinstance(action, Again)
        pauses.add(action.after_s)
    assert len(pauses) > 40
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
