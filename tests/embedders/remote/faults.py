"""What can go wrong with an embeddings server, each in a few lines.

A fault looks at a request and says what goes back instead, or None: nothing is wrong with this one.
``once``, ``first``, ``after``, ``where`` and ``holding`` narrow a fault to some of the requests.
The servers' words are those that the programs were seen to send.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import numpy as np

from tests.embedders.remote.fault_server import (
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    encode_vector,
    reply_rightly,
    right_payload,
    tokens_of,
    vectors_of,
)

# ---- which requests -----------------------------------------------------------------------------


def first(count: int, fault: Fault) -> Fault:
    """The first ``count`` requests from now on, and none after."""
    lock, left = threading.Lock(), [count]

    def act(server: FaultServer, call: Call) -> Reply | None:
        with lock:
            left[0] -= 1
            if left[0] < 0:
                return None
        return fault(server, call)

    return act


def once(fault: Fault) -> Fault:
    """The next request only."""
    return first(1, fault)


def after(count: int, fault: Fault) -> Fault:
    """All requests from now on but the first ``count``."""
    lock, seen = threading.Lock(), [0]

    def act(server: FaultServer, call: Call) -> Reply | None:
        with lock:
            seen[0] += 1
            if seen[0] <= count:
                return None
        return fault(server, call)

    return act


def where(wanted: Callable[[Call], bool], fault: Fault) -> Fault:
    """Requests for which ``wanted`` is true."""
    return lambda server, call: fault(server, call) if wanted(call) else None


def holding(text: str, fault: Fault) -> Fault:
    """Requests that hold this very text among others: a poisoned text."""
    return where(lambda call: text in call.texts, fault)


def either(*faults: Fault) -> Fault:
    """The first of several that has something to say."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        return next((reply for fault in faults if (reply := fault(server, call))), None)

    return act


# ---- the wire -----------------------------------------------------------------------------------


def breaks(**how: Any) -> Fault:
    """The right answer, sent wrongly: fields of Reply."""
    return lambda server, call: replace(reply_rightly(call, server.dim), **how)


def dies(server: FaultServer, call: Call) -> Reply | None:
    """The program ends: this connection and all others break, later ones are refused."""
    server.die()
    return Reply(silent=True)


def holds(gate: threading.Event) -> Fault:
    """Answers rightly, once the gate is open."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        while not gate.wait(0.02) and not server.over.is_set():
            pass
        return None

    return act


def takes(seconds: float) -> Fault:
    """Answers rightly, after so long."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        server.over.wait(seconds)
        return None

    return act


CLOSES: Fault = lambda server, call: Reply(silent=True)  # noqa: E731
RESETS = breaks(cut_after=20)
STALLS = holds(threading.Event())
DRIPS = breaks(drip_s=0.1)
WRONG_LENGTH = breaks(length=100_000, close=True)
GARBAGE_FIRST = breaks(prelude=b"\x16\x03\x01 what is this\r\n")
CHUNKED = breaks(chunked=True)
SAYS_CLOSE = breaks(headers={"Content-Type": "application/json", "Connection": "close"})
CLOSES_AFTERWARDS = breaks(close=True)
OLD_HTTP = breaks(version="HTTP/1.0")


def cut_json(server: FaultServer, call: Call) -> Reply:
    """Half of the JSON, with a Content-Length that is right for the half."""
    right = reply_rightly(call, server.dim)
    return replace(right, body=right.body[: len(right.body) // 2])


def zipped(server: FaultServer, call: Call) -> Reply:
    """The right answer, gzipped."""
    right = reply_rightly(call, server.dim)
    headers = {**right.headers, "Content-Encoding": "gzip"}
    return replace(right, body=gzip.compress(right.body), headers=headers)


def sends_to(origin: str, status: int = 307, *, slash: bool = False) -> Fault:
    """A redirect to the same path at another origin, or with a slash at its end."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        if slash and call.target.endswith("/"):
            return None
        target = f"{origin}{call.target}{'/' if slash else ''}"
        return Reply(status, b"", {"Location": target})

    return act


# ---- a status and some words --------------------------------------------------------------------


def says(status: int, content: object, **headers: str) -> Fault:
    """This status with this body: bytes as they are, anything else as JSON."""
    if isinstance(content, bytes):
        reply = Reply(status, content, headers)
    else:
        reply = as_json(content, status=status, **headers)
    return lambda server, call: reply


def page(status: int, phrase: str, server: str = "nginx/1.27.2") -> Fault:
    """A page of nginx's."""
    html = (
        f"<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {phrase}</h1></center>\r\n<hr><center>{server}</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return says(status, html.encode(), Server=server, **{"Content-Type": "text/html"})


def says_later(wait: str | None, status: int = 429) -> Fault:
    """Busy: try again after ``wait``, as Retry-After has it."""
    headers = {} if wait is None else {"Retry-After": wait}
    return says(status, {"error": {"message": "Rate limit reached", "code": status}}, **headers)


def says_later_by_date(seconds: float) -> Fault:
    """Busy: Retry-After is a date."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        return says_later(formatdate(time.time() + seconds, usegmt=True))(server, call)

    return act


BAD_GATEWAY = page(502, "Bad Gateway")
FAILS = says(500, {"detail": "Internal Server Error"})
UNAVAILABLE = says_later(None, 503)
REFUSES = says(400, {"error": {"message": "1 validation error: input", "code": 400}})
NO_KEY = says(401, {"error": "Unauthorized"})
FORBIDDEN = says(403, {"error": {"message": "Forbidden", "code": 403}})
NO_MODEL = says(
    404,
    {
        "error": {
            "message": "The model `deterministic-16` does not exist.",
            "type": "NotFoundError",
            "param": "model",
            "code": 404,
        }
    },
)
NO_PATH = says(404, {"detail": "Not Found"})
NO_METHOD = says(405, {"detail": "Method Not Allowed"})
NO_EMBEDDINGS = says(
    501,
    {
        "error": {
            "code": 501,
            "message": "This server does not support embeddings. Start it with `--embeddings`",
            "type": "not_supported_error",
        }
    },
)

# ---- limits -------------------------------------------------------------------------------------


def refuses_long(limit: int, program: str) -> Fault:
    """A text of more than ``limit`` tokens is refused, and with it the whole batch."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        longest = max(map(tokens_of, call.texts), default=0)
        if longest <= limit:
            return None
        status, content = too_long(program, longest, limit)
        return as_json(content, status=status)

    return act


def too_long(program: str, tokens: int, limit: int) -> tuple[int, dict[str, Any]]:
    """What a program says of a text that is too long."""
    if program == "vllm":
        words = (
            f"This model's maximum context length is {limit} tokens. However, your prompt contains "
            f"{tokens} input tokens, which exceeds this limit even without any output tokens. "
            "Please reduce the length of the input prompt."
        )
        return 400, {
            "error": {"message": words, "type": "BadRequestError", "param": None, "code": 400}
        }
    if program == "sglang":
        words = (
            f"The input ({tokens} tokens) is longer than the model's context length "
            f"({limit} tokens)."
        )
        return 400, {"object": "error", "message": words, "type": "BadRequestError", "code": 400}
    if program == "llama.cpp":
        words = (
            f"request ({tokens} tokens) exceeds the available context size ({limit} tokens), "
            "try increasing it"
        )
        kind = "exceed_context_size_error"
        return 400, {"error": {"code": 400, "message": words, "type": kind}}
    if program == "llama.cpp ubatch":
        words = (
            f"input ({tokens} tokens) is too large to process. increase the physical batch size "
            f"(current batch size: {limit})"
        )
        return 500, {"error": {"code": 500, "message": words, "type": "server_error"}}
    words = f"Input validation error: `inputs` must have less than {limit} tokens. Given: {tokens}"
    return 422, {"message": words, "code": 422, "type": "Validation"}


def over_items(limit: int, program: str = "tei") -> Fault:
    """More than ``limit`` texts in a request are refused."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        given = len(call.texts)
        if given <= limit:
            return None
        if program == "tei":
            words = f"batch size {given} > maximum allowed batch size {limit}"
            return as_json({"message": words, "code": 413, "type": "Validation"}, status=413)
        words = f"List should have at most {limit} items after validation, not {given}"
        detail = {"type": "too_long", "loc": ["body", "input"], "msg": words}
        return as_json({"detail": [detail]}, status=422)

    return act


def over_bytes(limit: int) -> Fault:
    """Bodies of more than ``limit`` bytes are refused with nginx's page."""
    return where(lambda call: len(call.body) > limit, page(413, "Request Entity Too Large"))


def over_tokens(limit: int) -> Fault:
    """Requests of more than ``limit`` tokens in all are refused."""

    def act(server: FaultServer, call: Call) -> Reply | None:
        given = sum(map(tokens_of, call.texts))
        if given <= limit:
            return None
        words = f"Requested {given} tokens, max {limit} tokens per request"
        return as_json({"error": {"message": words, "code": 400}}, status=400)

    return act


# ---- 200, and something else than the vectors ---------------------------------------------------


def alters(change: Callable[[dict[str, Any], Call], object]) -> Fault:
    """The right payload, changed in place by ``change(payload, call)`` before it goes out."""

    def act(server: FaultServer, call: Call) -> Reply:
        payload = right_payload(call, server.dim)
        change(payload, call)
        return as_json(payload)

    return act


def alters_record(place: int, **fields: Any) -> Fault:
    """One record of ``data`` with other fields; batches that are too short are left alone."""

    def change(payload: dict[str, Any], call: Call) -> None:
        payload["data"][place].update(fields)

    return where(lambda call: len(call.texts) > place, alters(change))


def alters_vector(text: str, value: object) -> Fault:
    """The vector of one text is another thing, wherever it stands."""

    def change(payload: dict[str, Any], call: Call) -> None:
        for record, given in zip(payload["data"], call.texts, strict=True):
            if given == text:
                record["embedding"] = value

    return alters(change)


def sends_as(how: str, dtype: str = "<f4") -> Fault:
    """All vectors in this encoding, whatever was asked."""

    def change(payload: dict[str, Any], call: Call) -> None:
        for record, row in zip(payload["data"], vectors_of(call.texts), strict=True):
            record["embedding"] = encode_vector(row, how, dtype)

    return alters(change)


def base64_of(values: list[float]) -> str:
    """Little-endian float32, as a server sends them."""
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


def no_indices(payload: dict[str, Any], call: Call) -> None:
    for record in payload["data"]:
        del record["index"]


def all_indices_zero(payload: dict[str, Any], call: Call) -> None:
    for record in payload["data"]:
        record["index"] = 0


def as_strings(payload: dict[str, Any], call: Call) -> None:
    for record, row in zip(payload["data"], vectors_of(call.texts), strict=True):
        record["embedding"] = [str(number) for number in row]


def bare_list(server: FaultServer, call: Call) -> Reply:
    """llama.cpp's own route, which answers where /v1 was forgotten."""
    rows = encode_rows(call)
    return as_json([{"index": place, "embedding": [row]} for place, row in enumerate(rows)])


def encode_rows(call: Call) -> list[list[float]]:
    return [[float(number) for number in row] for row in vectors_of(call.texts)]


def doubled_keys(server: FaultServer, call: Call) -> Reply:
    """JSON with "data" twice: an empty one first, which a reader must not keep."""
    right = json.dumps(right_payload(call, server.dim))
    return Reply(200, b'{"data": [], ' + right[1:].encode(), {"Content-Type": "application/json"})


def narrower(payload: dict[str, Any], call: Call) -> None:
    """Half of each vector: another model, or another setting of it."""
    for record, row in zip(payload["data"], encode_rows(call), strict=True):
        record["embedding"] = row[: len(row) // 2]


OUT_OF_ORDER = alters(lambda payload, call: payload["data"].reverse())
INDEX_TWICE = alters_record(1, index=0)
INDEX_OUT_OF_RANGE = alters_record(0, index=10_000)
INDEX_MISSING = where(lambda call: len(call.texts) > 1, alters_record(0, index=None))
NO_INDEX = alters(no_indices)
ALL_INDICES_ZERO = alters(all_indices_zero)
EMPTY_DATA = alters(lambda payload, call: payload["data"].clear())
ONE_FEWER = alters(lambda payload, call: payload["data"].pop())
ONE_MORE = alters(
    lambda payload, call: payload["data"].append(
        {**payload["data"][0], "index": len(payload["data"])}
    )
)
QUARTER_OF_ZEROS = alters(
    lambda payload, call: [record.update(embedding=[0.0] * 4) for record in payload["data"]]
)
FLOAT64 = sends_as("base64", "<f8")
FLOAT16 = sends_as("base64", "<f2")
BIG_ENDIAN = sends_as("base64", ">f4")
ALWAYS_FLOATS = sends_as("float")
ALWAYS_BASE64 = sends_as("base64")
NO_BASE64 = alters_record(0, embedding="*** this is no base64 ***")
NUMBERS_AS_STRINGS = alters(as_strings)
ERROR_WITH_200 = says(200, {"error": {"message": "model crashed", "code": 500}})
CHAT_COMPLETION = says(
    200,
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}}],
    },
)


@contextmanager
def nothing_listens() -> Iterator[str]:
    """A base_url where connections are refused, for as long as the block lasts."""
    server = FaultServer()  # bound, never listening
    try:
        yield server.base_url
    finally:
        server.__exit__(None, None, None)
