"""What servers say when they refuse is understood, and shown in one safe line."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from tests.embedders.remote.refusal_table import CASES, Case, said
from workbench.embedders.remote.refusals import (
    Refusal,
    RefusalKind,
    read_refusal,
    read_retry_after,
)
from workbench.embedders.remote.reply import Reply


def refuse(status: int, body: str | bytes, **headers: str) -> Refusal:
    raw = body if isinstance(body, bytes) else body.encode()
    return read_refusal(Reply(status, headers, raw))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_each_servers_words_are_understood(case: Case) -> None:
    refusal = refuse(case.status, case.body)
    assert refusal.kind == case.kind, refusal
    assert case.words in refusal.message
    assert (refusal.limit, refusal.found, refusal.index) == (case.limit, case.found, case.index)
    assert refusal.status == case.status
    assert "\n" not in refusal.message
    assert len(refusal.message) <= 300


def test_the_table_has_each_kind() -> None:
    assert {case.kind for case in CASES} == set(get_args(RefusalKind))


@pytest.mark.parametrize(
    "text", ["matryoshka", "model x not found", "cannot be empty", "encoding_format", "<html>"]
)
def test_a_text_that_a_server_repeats_decides_nothing_and_is_not_shown(text: str) -> None:
    complaint: dict[str, Any] = {
        "type": "string_type",
        "loc": ["body", "input", "str"],
        "msg": "Input should be a valid string",
        "input": [text, text],
        "ctx": {"given": text},
    }
    refusal = refuse(422, json.dumps({"detail": [complaint]}))
    assert refusal.kind == "other"
    assert refusal.message == "body.input.str: Input should be a valid string"
    words = f"1 validation error:\n  {complaint}"
    refusal = refuse(400, said(words.replace("['body', 'input', 'str']", "'body.input.str'")))
    assert (refusal.kind, refusal.message) == (
        "other",
        "body.input.str: Input should be a valid string",
    )


def test_a_long_message_is_cut_and_understood_beyond_the_cut() -> None:
    refusal = refuse(400, said("x" * 5000 + " maximum context length is 77 tokens."))
    assert (refusal.kind, refusal.limit) == ("too_long", 77)
    assert len(refusal.message) == 300
    assert refusal.message.endswith("…")


def test_a_page_is_named_by_its_title_unless_that_is_a_page_itself() -> None:
    assert (
        refuse(502, "<html><title>502 Bad\n Gateway</title>").message == "a page, '502 Bad Gateway'"
    )
    for title in ("", " ", "x" * 301):
        assert refuse(502, f"<html><title>{title}</title>").message == "a page without a title"


def test_what_would_move_the_cursor_or_hide_is_not_shown() -> None:
    refusal = refuse(400, said("a\x1b[2Jb\u202ec\x00d\ud800e 苹果\t\r\n end"))
    assert refusal.message == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde 苹果 end"


NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LATER = (NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
WAITS: list[tuple[dict[str, str], float | None]] = [
    ({"retry-after": "3"}, 3.0),
    ({"Retry-After": "0.25"}, 0.25),
    ({"RETRY-AFTER": " 7 "}, 7.0),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after-ms": "150", "retry-after": "1"}, 0.15),
    ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
    ({"retry-after": LATER}, 90.0),
    ({"retry-after": LATER.replace("GMT", "-0000")}, 90.0),
    ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0.0),
    ({"retry-after": "Thu, 26 Nov 2026 13:01:30 +0100"}, 90.0),
    ({}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "-1"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "1e3"}, None),
    ({"retry-after": "1_0"}, None),
    ({"retry-after": "٣"}, None),
    ({"retry-after": "9" * 14}, None),
    ({"retry-after": "Thu, 99 Nov 2026 12:00:00 GMT"}, None),
    ({"retry-after": "Thu, 26 Nov 9026 12:00:00 GMT"}, None),
    ({"retry-after": "Thu, 26 Nov 99999999999999999999 12:00:00 GMT"}, None),
]


@pytest.mark.parametrize(("headers", "wait_s"), WAITS, ids=str)
def test_how_long_to_wait_is_read(headers: dict[str, str], wait_s: float | None) -> None:
    assert read_retry_after(Reply(429, headers, b""), now=NOW) == wait_s
    assert read_refusal(Reply(503, headers, b"{}"), now=NOW).retry_after_s == wait_s


def test_a_date_counts_from_now() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    wait_s = read_retry_after(Reply(429, {"retry-after": soon}, b""))
    assert wait_s is not None
    assert 3000 < wait_s <= 3600


ODD_BODIES = {
    "no UTF-8": b"\xff\xfe\x00bad\x80",
    "a mark of order": b'\xef\xbb\xbf{"error":"Nope"}',
    "UTF-16": '{"error":"Nope"}'.encode("utf-16"),
    "cut": b'{"error":{"message":"No',
    "gzip": b"\x1f\x8b\x08\x00" * 50,
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep words": b'{"error":' * 900 + b'"Nope"' + b"}" * 900,
    "a long number": b'{"error":{"code":' + b"9" * 10_000 + b"}}",
    "a number of many digits": said(f"maximum context length is {'9' * 4000} tokens").encode(),
    "loc is a number": b'{"detail":[{"loc":5,"msg":"Nope"},{"loc":null,"msg":null},7,null]}',
    "detail is a number": b'{"detail":5,"error":[],"message":{}}',
    "metadata of another type": b'{"error":{"message":"Nope","metadata":{"raw":{"a":1}}}}',
    "spaces": b" " * 1_000_000,
    "huge": json.dumps({"error": {"message": "model " * 2_000_000}}).encode(),
    "huge page": b"<html><title>" + b"x" * 5_000_000,
    "titles without end": b"<html>" + b"<title>" * 500_000,
    "quotes": b"1 validation error: " + b"'loc': '', 'msg': '\\" * 2_000,
    "NaN": b'{"error": NaN}',
    "null": b"null",
}


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
@pytest.mark.parametrize("status", [400, 404, 422, 500, 503])
def test_no_body_is_too_odd(body: bytes, status: int) -> None:
    refusal = refuse(status, body)
    assert refusal.kind in get_args(RefusalKind)
    assert 0 < len(refusal.message) <= 300
    assert refusal.message.encode()


def test_bytes_changed_at_random_are_still_read() -> None:
    chance = random.Random(0)
    kinds = set()
    for _ in range(3_000):
        body = bytearray(chance.choice(CASES).body.encode())
        for _ in range(chance.randrange(1, 9) if body else 0):
            body[chance.randrange(len(body))] = chance.randrange(256)
        if body:
            del body[chance.randrange(len(body)) :]
        refusal = refuse(chance.choice([400, 401, 404, 413, 422, 429, 500, 503]), bytes(body))
        assert len(refusal.message) <= 300
        assert refusal.message.encode()
        kinds.add(refusal.kind)
    assert len(kinds) > 5, "premise: the answers are of many kinds"


def test_a_reply_without_json_has_none() -> None:
    assert Reply(200, {}, b"<html>").json() is None
    assert Reply(200, {}, b"[1]").record() == {}
    assert Reply(200, {}, b'{"a": 1}').record() == {"a": 1}
