"""The fault table: what goes wrong, and what a caller gets.

    python -m tests.embedders.remote.fault_table      # as Markdown, from runs made now

Every case connects to a server in good health, makes it misbehave, and embeds 40 texts in batches
of 8. "Lost" are texts that have no vector in the end; "requests" are those that the server saw.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import DIM, Fault, FaultServer, vectors_of
from workbench import errors
from workbench.contracts import PartialError, Progress
from workbench.embedders.remote import connect
from workbench.errors import (
    BusyError,
    CountError,
    DimError,
    EndpointError,
    KeyRefusedError,
    MalformedReplyError,
    ModelNotServedError,
    NotFiniteError,
    NullValueError,
    PayloadTypeError,
    RefusedError,
    ServerFaultError,
    TooLongError,
    UnreachableError,
    ZeroVectorError,
)

TEXTS = [f"text number {number}" for number in range(40)]
BATCH = 8
BATCHES = len(TEXTS) // BATCH
POISON = TEXTS[13]
LONG = [text if text != POISON else POISON + " word" * 300 for text in TEXTS]
LIMIT = 100  # tokens that LONG's one text exceeds


@dataclass(frozen=True)
class Case:
    """A fault, and what should come of it.

    Attributes:
        name: What goes wrong.
        fault: How.
        error: What the caller gets; None: nothing, all vectors come.
        match: Found in its message.
        lost: Texts without a vector.
        most: Requests, at most.
        texts: What is asked.
        patience_s: As ``connect`` takes it.
        timeout_s: As ``connect`` takes it.
    """

    name: str
    fault: Fault
    error: type[EndpointError] | None = None
    match: str = ""
    lost: int = 0
    most: int = BATCHES
    texts: Sequence[str] = tuple(TEXTS)
    patience_s: float = 0.5
    timeout_s: float = 10.0


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        error: What the caller got: the cause, else the first refused text's error; None: nothing.
        rows: Places of the texts that have a vector.
        vectors: (len(rows), dim) float32, theirs.
        failed: Places of the texts that were refused by themselves.
        requests: Requests for embeddings that the server saw.
        progress: Texts done, as it was reported.
    """

    error: EndpointError | None
    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]
    failed: tuple[int, ...]
    requests: int
    progress: tuple[int, ...]


def run_case(case: Case) -> Result:
    """Let it happen."""
    steps: list[Progress] = []
    with FaultServer() as server:
        embedder = connect(
            server.base_url,
            batch_items=BATCH,
            in_flight=4,
            patience_s=case.patience_s,
            timeout_s=case.timeout_s,
        )
        server.forget()
        server.fault = case.fault
        if case.fault is f.dies:  # before the first request, not at it
            server.die()
        error: EndpointError | None = None
        failed: tuple[int, ...] = ()
        try:
            made = embedder.embed(case.texts, progress=steps.append)
            rows = np.arange(len(made))
        except PartialError as partial:
            made, rows = partial.made, partial.rows
            failed = tuple(text.row for text in partial.failed)
            error = partial.cause or partial.failed[0].error
        finally:
            embedder.unload()
        done = tuple(step.done for step in steps)
        return Result(error, rows, made.vectors, failed, len(server.asked), done)


def expected_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    return vectors_of(texts, DIM)


def _nan_list() -> list[float]:
    return [math.nan, *([0.25] * (DIM - 1))]


def _in_base64(fault: Fault) -> Fault:
    return f.where(lambda call: call.asked.get("encoding_format") == "base64", fault)


ALL = len(TEXTS)
ONE_TEXT = BATCHES + 2 * 2 * 3 + 3
"""Requests to find one text of eight: each half twice at three depths, and the text once more."""
DOUBTED = 60
"""Requests until a server that fails at everything is held to be the culprit, and not the texts."""
SINGLY = 2 * ALL
"""Requests when batches do not work and single texts do."""

WIRE = [
    Case("nothing listens", f.dies, UnreachableError, "nothing listens", ALL, 0),
    Case("accepts and closes, always", f.CLOSES, UnreachableError, "broke the conn", ALL, DOUBTED),
    Case("accepts and closes, once", f.once(f.CLOSES), most=BATCHES + 1),
    Case("reset in the body, always", f.RESETS, UnreachableError, "broke the conn", ALL, DOUBTED),
    Case("reset in the body, once", f.once(f.RESETS), most=BATCHES + 1),
    Case(
        "a byte at a time, always",
        f.DRIPS,
        UnreachableError,
        "no whole answer in 0.3 s",
        ALL,
        DOUBTED,
        timeout_s=0.3,
    ),
    Case("a byte at a time, once", f.once(f.DRIPS), most=BATCHES + 5, timeout_s=0.5),
    Case(
        "no answer, always",
        f.STALLS,
        UnreachableError,
        "no whole answer in 0.3 s",
        ALL,
        DOUBTED,
        timeout_s=0.3,
    ),
    Case("no answer, once", f.once(f.STALLS), most=BATCHES + 5, timeout_s=0.5),
    Case(
        "garbage before the status line",
        f.GARBAGE_FIRST,
        UnreachableError,
        "broke the connection",
        ALL,
        DOUBTED,
    ),
    Case(
        "Content-Length too large, always",
        f.WRONG_LENGTH,
        UnreachableError,
        "broke the connection",
        ALL,
        DOUBTED,
    ),
    Case("Content-Length too large, once", f.once(f.WRONG_LENGTH), most=BATCHES + 1),
    Case(
        "connection dropped at one text",
        f.holding(POISON, f.CLOSES),
        UnreachableError,
        "",
        1,
        ONE_TEXT,
    ),
    Case("chunked", f.CHUNKED),
    Case("gzip", f.zipped),
    Case("Connection: close", f.SAYS_CLOSE),
    Case("closes without saying so", f.CLOSES_AFTERWARDS, most=2 * BATCHES),
    Case("HTTP/1.0", f.OLD_HTTP),
]

STATUS = [
    Case("502 page of nginx, always", f.BAD_GATEWAY, ServerFaultError, "502", ALL, DOUBTED),
    Case("502 page of nginx, once", f.once(f.BAD_GATEWAY), most=BATCHES + 1),
    Case("429, Retry-After: 1, once", f.once(f.says_later("1")), most=BATCHES + 1, patience_s=5),
    Case(
        "429, Retry-After a date, once",
        f.once(f.says_later_by_date(2)),
        most=BATCHES + 1,
        patience_s=5,
    ),
    Case("429, Retry-After: 3600", f.says_later("3600"), BusyError, "3,600 s", ALL, BATCHES),
    Case("429, always", f.says_later(None), BusyError, "Rate limit reached", ALL, 4 * BATCHES),
    Case("503, once", f.once(f.UNAVAILABLE), most=BATCHES + 1, patience_s=5),
    Case("503, always", f.UNAVAILABLE, BusyError, "503", ALL, 4 * BATCHES),
    Case("500, once", f.once(f.FAILS), most=BATCHES + 1),
    Case("500, always", f.FAILS, ServerFaultError, "Internal Server Error", ALL, DOUBTED),
    Case("500 at one text", f.holding(POISON, f.FAILS), ServerFaultError, "500", 1, ONE_TEXT),
    Case("400 at everything", f.REFUSES, RefusedError, "validation error", ALL, DOUBTED),
    Case("400 at one text", f.holding(POISON, f.REFUSES), RefusedError, "validation", 1, ONE_TEXT),
    Case("401", f.NO_KEY, KeyRefusedError, "Unauthorized", ALL, BATCHES),
    Case("403", f.FORBIDDEN, KeyRefusedError, "Forbidden", ALL, BATCHES),
    Case("404, no such model", f.NO_MODEL, ModelNotServedError, "does not exist", ALL, BATCHES),
    Case("404, no such path", f.NO_PATH, UnreachableError, "Not Found", ALL, BATCHES),
    Case("405", f.NO_METHOD, UnreachableError, "Method Not Allowed", ALL, BATCHES),
    Case("501, no embeddings", f.NO_EMBEDDINGS, ModelNotServedError, "--embeddings", ALL, BATCHES),
]

LIMITS = [
    *(
        Case(
            f"one text too long, {program}",
            f.refuses_long(LIMIT, program),
            TooLongError,
            "100",
            1,
            ONE_TEXT,
            LONG,
        )
        for program in ("vllm", "sglang", "llama.cpp", "llama.cpp ubatch", "tei")
    ),
    Case("413, more than 5 texts (TEI)", f.over_items(5), most=2 * BATCHES + BATCHES),
    Case("422, more than 5 texts (infinity)", f.over_items(5, "infinity"), most=3 * BATCHES),
    Case("413, more than 200 bytes (nginx)", f.over_bytes(200), most=SINGLY),
    Case("400, more than 20 tokens a request", f.over_tokens(20), most=SINGLY),
]

REPLIES = [
    Case("JSON cut in half, always", f.cut_json, MalformedReplyError, "no JSON", ALL, DOUBTED),
    Case("JSON cut in half, once", f.once(f.cut_json), most=BATCHES + 1),
    Case("no vectors at all", f.EMPTY_DATA, CountError, "0 vectors", ALL, DOUBTED),
    Case("one vector fewer", f.ONE_FEWER, CountError, "0 vectors", ALL, DOUBTED),
    Case("one vector more", f.ONE_MORE, CountError, "2 vectors", ALL, DOUBTED),
    Case("out of order", f.OUT_OF_ORDER),
    Case("no index", f.NO_INDEX),
    Case("an index twice, in batches", f.INDEX_TWICE, most=SINGLY),
    Case("an index missing, in batches", f.INDEX_MISSING, most=SINGLY),
    Case("index out of range, in batches", f.INDEX_OUT_OF_RANGE, most=SINGLY),
    Case("every index 0", f.ALL_INDICES_ZERO, most=SINGLY),
    Case(
        "a quarter of the width, zeros",
        f.QUARTER_OF_ZEROS,
        ZeroVectorError,
        "JavaScript",
        ALL,
        DOUBTED,
    ),
    Case("float64 in base64", f.FLOAT64, PayloadTypeError, "float64", ALL, DOUBTED),
    Case("float16 in base64", f.FLOAT16, PayloadTypeError, "float16", ALL, DOUBTED),
    Case("big-endian base64", f.BIG_ENDIAN, PayloadTypeError, "big-endian", ALL, DOUBTED),
    Case("float64 in base64, floats right", _in_base64(f.FLOAT64), most=2 * BATCHES),
    Case("big-endian base64, floats right", _in_base64(f.BIG_ENDIAN), most=2 * BATCHES),
    Case("floats, base64 asked", f.ALWAYS_FLOATS),
    Case("base64, whatever is asked", f.ALWAYS_BASE64),
    Case("invalid base64", f.NO_BASE64, PayloadTypeError, "not base64", ALL, DOUBTED),
    Case("numbers as strings", f.NUMBERS_AS_STRINGS, PayloadTypeError, "", ALL, DOUBTED),
    Case(
        "NaN at one text",
        f.alters_vector(POISON, _nan_list()),
        NotFiniteError,
        "NaN",
        1,
        BATCHES + 2,
    ),
    Case(
        "NaN in base64 at one text",
        f.alters_vector(POISON, f.base64_of(_nan_list())),
        NotFiniteError,
        "NaN",
        1,
        BATCHES + 2,
    ),
    Case("NaN at one text, once", f.once(f.alters_vector(TEXTS[1], _nan_list())), most=BATCHES + 2),
    Case(
        "infinity at one text",
        f.alters_vector(POISON, [math.inf] * DIM),
        NotFiniteError,
        "infinity",
        1,
        BATCHES + 2,
    ),
    Case(
        "null in one vector",
        f.alters_vector(POISON, [None] * DIM),
        NullValueError,
        "null",
        1,
        BATCHES + 2,
    ),
    Case(
        "null for one vector", f.alters_vector(POISON, None), NullValueError, "null", 1, BATCHES + 2
    ),
    Case(
        "zeros for one vector",
        f.alters_vector(POISON, [0.0] * DIM),
        ZeroVectorError,
        "zeros",
        1,
        BATCHES + 2,
    ),
    Case(
        "another width for one vector",
        f.alters_vector(POISON, [1.0] * 8),
        DimError,
        "8 numbers",
        1,
        BATCHES + 2,
    ),
    Case(
        "another width from the second request on",
        f.after(1, f.alters(f.narrower)),
        DimError,
        "",
        ALL - BATCH,
        DOUBTED,
    ),
    Case(
        "a bare list (llama.cpp's own route)", f.bare_list, MalformedReplyError, "/v1", ALL, DOUBTED
    ),
    Case(
        '200 with an "error"', f.ERROR_WITH_200, MalformedReplyError, "model crashed", ALL, DOUBTED
    ),
    Case("a chat completion", f.CHAT_COMPLETION, MalformedReplyError, "another API", ALL, DOUBTED),
    Case('"data" twice', f.doubled_keys),
]

CASES = [*WIRE, *STATUS, *LIMITS, *REPLIES]


def table_of(cases: Sequence[Case]) -> Iterator[str]:
    """The lines of the table, as the runs end."""
    yield "| fault | error, or recovery | vectors lost | requests |"
    yield "|---|---|---|---|"
    for case in cases:
        result = run_case(case)
        got = "all vectors come" if result.error is None else f"`{public_name(result.error)}`"
        lost = len(case.texts) - len(result.rows)
        yield f"| {case.name} | {got} | {lost} of {len(case.texts)} | {result.requests} |"


def public_name(error: EndpointError) -> str:
    """The class that a caller can name: of ``workbench.errors``."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)


def main() -> None:
    """Print the table; with words after the command, only of cases that have one in their name."""
    wanted = sys.argv[1:]
    chosen = [case for case in CASES if not wanted or any(word in case.name for word in wanted)]
    for line in table_of(chosen):
        print(line, flush=True)


if __name__ == "__main__":
    main()
