"""Faults that remember: caches with careless keys, and a second answer unlike the first."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.engines.doctor.faults import shifted
from tests.engines.doctor.proxy import (
    Call,
    Fault,
    Forward,
    Reply,
    Vectors,
    read_vectors,
    write_vectors,
)


def cached_by(key: Callable[[str], str], *, dimensions: bool = True) -> Fault:
    """Vectors are kept by a key that takes different texts for one."""
    lock = threading.Lock()
    kept: dict[tuple[str, object], Vectors] = {}

    def run(call: Call, forward: Forward) -> Reply:
        reply = forward(call.asking(encoding_format="base64"))
        if not reply.has_vectors:
            return reply
        width = call.asked.get("dimensions") if dimensions else None
        rows = []
        for text, row in zip(call.texts, read_vectors(reply), strict=True):
            with lock:
                rows.append(kept.setdefault((key(text), width), row))
        return write_vectors(reply, rows, packed=call.wants_base64)

    return run


def second_call_wrong() -> Fault:
    """The first time a text is asked for it is right, from then on it is not."""
    lock, seen = threading.Lock(), set[str]()

    def run(call: Call, forward: Forward) -> Reply:
        reply = forward(call.asking(encoding_format="base64"))
        if not reply.has_vectors:
            return reply
        right = read_vectors(reply)
        wrong = shifted(call.texts, right, 0.58)
        with lock:
            again = [text in seen for text in call.texts]
            seen.update(call.texts)
        rows = [wrong[i] if known else right[i] for i, known in enumerate(again)]
        return write_vectors(reply, rows, packed=call.wants_base64)

    return run
