"""Each way a 200 reply can be right, and each way it can be wrong, by its own name."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from workbench.embedders.remote.decode import decode_reply
from workbench.errors import (
    CountError,
    DimError,
    IndexMismatchError,
    MalformedReplyError,
    NotFiniteError,
    NullValueError,
    PayloadTypeError,
    ReplyError,
    ZeroVectorError,
)

ROWS = np.array([[0.6, 0.8, 0.0, 0.0], [0.0, 0.6, 0.8, 0.0], [0.0, 0.0, 0.6, 0.8]], np.float32)


def pack(row: np.ndarray[Any, Any], kind: str = "<f4") -> str:
    return base64.b64encode(row.astype(kind).tobytes()).decode()


def body(*values: object, indices: list[object] | None = None, **more: object) -> bytes:
    places = list(range(len(values))) if indices is None else indices
    data = [
        {"object": "embedding", "embedding": value} | ({} if place is None else {"index": place})
        for place, value in zip(places, values, strict=True)
    ]
    return json.dumps({"object": "list", "data": data, "model": "m", **more}).encode()


FLOATS = [row.tolist() for row in ROWS]
PACKED = [pack(row) for row in ROWS]


@pytest.mark.parametrize(("values", "encoding"), [(FLOATS, "float"), (PACKED, "base64")])
def test_floats_and_base64_give_the_same_rows(values: list[Any], encoding: str) -> None:
    decoded = decode_reply(body(*values, usage={"prompt_tokens": 7}), 3)
    np.testing.assert_array_equal(decoded.vectors, ROWS)
    assert decoded.vectors.dtype == np.float32
    assert decoded.encoding == encoding
    assert (decoded.tokens, decoded.model, decoded.faults) == (7, "m", {})


def test_rows_are_put_in_the_order_of_their_index() -> None:
    shuffled = body(PACKED[2], PACKED[0], PACKED[1], indices=[2, 0, 1])
    np.testing.assert_array_equal(decode_reply(shuffled, 3).vectors, ROWS)


def test_rows_without_an_index_are_taken_as_they_come_and_that_is_said() -> None:
    decoded = decode_reply(body(*FLOATS, indices=[None, None, None]), 3)
    np.testing.assert_array_equal(decoded.vectors, ROWS)
    assert not decoded.indexed


def test_a_single_vector_needs_no_right_index() -> None:
    np.testing.assert_array_equal(decode_reply(body(FLOATS[0], indices=[5]), 1).vectors, ROWS[:1])


@pytest.mark.parametrize(
    ("indices", "found"),
    [
        ([0, 0, 1], "doubled 0; missing 2"),
        ([0, 1, 3], "doubled none; missing 2"),
        ([1, 2, 3], "doubled none; missing 0"),
        ([0, None, 2], "doubled none; missing 1"),
        (["0", "1", "2"], "missing 0, 1, 2"),
        ([0, 1, -1], "missing 2"),
        ([True, 0, 2], "doubled none; missing none"),
    ],
)
def test_indices_that_leave_open_which_vector_is_whose(indices: list[object], found: str) -> None:
    with pytest.raises(IndexMismatchError, match=found):
        decode_reply(body(*FLOATS, indices=indices), 3)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b'{"data": [{"embedd', MalformedReplyError, "no JSON: cut off"),
        (b"", MalformedReplyError, "0 bytes"),
        (b"<html>502 Bad Gateway</html>", MalformedReplyError, "502 Bad Gateway"),
        (b"\xff\xfe", MalformedReplyError, "no JSON"),
        (b"[" * 100_000, MalformedReplyError, "no JSON"),
        (b'[{"index":0,"embedding":[[1.0]]}]', MalformedReplyError, "llama.cpp's native route"),
        (b"3", MalformedReplyError, "no JSON object"),
        (b'{"error": {"message": "boom"}}', MalformedReplyError, "200 and sent an error.*boom"),
        (b'{"choices": []}', MalformedReplyError, 'no list "data"'),
        (b'{"data": [1, 2, 3]}', MalformedReplyError, 'no list "data"'),
        (b'{"data": []}', CountError, "3 texts were sent and 0 vectors came back"),
        (body(*FLOATS[:2]), CountError, "3 texts were sent and 2 vectors came back"),
        (body(*FLOATS, FLOATS[0]), CountError, "3 texts were sent and 4 vectors came back"),
        (body(*FLOATS[:2], FLOATS[2][:3]), DimError, r"differ in width. Found: \[3, 4\]"),
        (body(*FLOATS[:2], {"a": 1}), PayloadTypeError, "neither list nor base64"),
        (body(*FLOATS[:2], ["1", "2", "3", "4"]), PayloadTypeError, "not a flat list of numbers"),
        (body(*FLOATS[:2], [FLOATS[2]]), PayloadTypeError, "not a flat list of numbers"),
        (body(*FLOATS[:2], [{}, 1, 2, 3]), PayloadTypeError, "what is no number"),
        (body(*PACKED[:2], "not base64!"), PayloadTypeError, "text, and not base64"),
        (body(*PACKED[:2], "AAAA"), PayloadTypeError, "does not hold whole float32"),
    ],
)
def test_a_body_that_is_of_no_use_as_a_whole(
    content: bytes, error: type[ReplyError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        decode_reply(content, 3)
    assert type(caught.value) is error


@pytest.mark.parametrize(("kind", "name"), [("<f8", "float64"), ("<f2", "float16")])
def test_base64_of_another_type_is_named_where_the_width_is_known(kind: str, name: str) -> None:
    packed = [pack(row, kind) for row in ROWS]
    with pytest.raises(PayloadTypeError, match=f"holds {name}, not float32"):
        decode_reply(body(*packed), 3, dim=4)


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (None, NullValueError, "vector is null"),
        ([0.6, None, 0.8, 0.0], NullValueError, "1 of 4 numbers"),
        ([0.6, float("nan"), 0.8, 0.0], NotFiniteError, "1 of 4 numbers"),
        ([float("inf")] * 4, NotFiniteError, "4 of 4 numbers"),
        ([1e300, 0.0, 0.0, 0.0], NotFiniteError, "1 of 4 numbers"),
        ([0.0] * 4, ZeroVectorError, "zeros only"),
        ([0.0], ZeroVectorError, "read as base64.*1 zeros instead of 4 numbers"),
        ([0.6, 0.8, 0.0], DimError, "has 3 numbers; this model's have 4"),
        (pack(np.full(4, np.nan, np.float32)), NotFiniteError, "4 of 4 numbers"),
        ([], DimError, "has 0 numbers"),
    ],
)
def test_one_bad_row_leaves_the_others_as_they_are(
    bad: object, error: type[ReplyError], words: str
) -> None:
    decoded = decode_reply(body(FLOATS[0], bad, FLOATS[2]), 3, dim=4)
    assert list(decoded.faults) == [1]
    assert type(decoded.faults[1]) is error
    with pytest.raises(error, match=words):
        raise decoded.faults[1]
    np.testing.assert_array_equal(decoded.vectors[[0, 2]], ROWS[[0, 2]])
    assert not decoded.vectors[1].any()


def test_a_long_body_is_shown_by_its_beginning_only() -> None:
    with pytest.raises(MalformedReplyError) as caught:
        decode_reply(b"x" * 1_000_000, 1)
    assert len(str(caught.value)) < 400
