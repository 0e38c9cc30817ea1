"""Faults of payloads, and of what a server refuses, for a ``FaultyProxy``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.engines.doctor.proxy import (
    Call,
    Fault,
    Forward,
    Reply,
    read_vectors,
    says,
    write_vectors,
)

NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>"
    "{0}</h1></center>\r\n<hr><center>nginx/1.26.3</center>\r\n</body>"
    "\r\n</html>\r\n"
)
PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works.</body></html>"


def packs_as(convert: Callable[[NDArray[Any]], NDArray[Any]]) -> Fault:
    """The bytes that base64 carries are other numbers than float32."""

    def run(call: Call, forward: Forward) -> Reply:
        reply = forward(call)
        if not reply.has_vectors or not call.wants_base64:
            return reply
        return write_vectors(reply, [convert(row) for row in read_vectors(reply)], packed=True)

    return run


def floats_always(call: Call, forward: Forward) -> Reply:
    """encoding_format is not looked at."""
    return forward(call.asking(encoding_format="float"))


def base64_always(call: Call, forward: Forward) -> Reply:
    """A string comes where numbers were asked for."""
    return forward(call.asking(encoding_format="base64"))


def quarter_of_zeros(call: Call, forward: Forward) -> Reply:
    """What a JavaScript gateway makes of a list of numbers that it takes for base64."""
    reply = forward(call.asking(encoding_format="base64"))
    if not reply.has_vectors:
        return reply
    width = read_vectors(reply).shape[1] // 4
    rows = [np.zeros(width, np.float32) for _ in call.texts]
    return write_vectors(reply, rows, packed=call.wants_base64)


def on_record(change: Callable[[dict[str, Any], list[str]], None]) -> Fault:
    """The JSON of each reply with vectors is altered."""

    def run(call: Call, forward: Forward) -> Reply:
        reply = forward(call)
        if not reply.has_vectors:
            return reply
        record = reply.record
        change(record, call.texts)
        return reply.holding(record)

    return run


def turn_list(record: dict[str, Any], _: list[str]) -> None:
    record["data"].reverse()


def turn_list_restamped(record: dict[str, Any], _: list[str]) -> None:
    record["data"].reverse()
    for place, row in enumerate(record["data"]):
        row["index"] = place


def index_all_zero(record: dict[str, Any], _: list[str]) -> None:
    for row in record["data"]:
        row["index"] = 0


def drop_last(record: dict[str, Any], _: list[str]) -> None:
    if len(record["data"]) > 1:
        record["data"].pop()


def usage_zero(record: dict[str, Any], _: list[str]) -> None:
    record["usage"] = {"prompt_tokens": 0, "total_tokens": 0}


def no_usage(record: dict[str, Any], _: list[str]) -> None:
    record.pop("usage", None)


def no_data(record: dict[str, Any], _: list[str]) -> None:
    record["data"] = []


def null_where_it_begins(record: dict[str, Any], texts: list[str]) -> None:
    for text, row in zip(texts, record["data"], strict=True):
        if text.startswith("import"):
            row["embedding"] = None


def not_a_number(call: Call, forward: Forward) -> Reply:
    """Texts that begin with "import" overflow half precision."""
    reply = forward(call.asking(encoding_format="base64"))
    if not reply.has_vectors:
        return reply
    rows = read_vectors(reply).copy()
    for place, text in enumerate(call.texts):
        if text.startswith("import"):
            rows[place] = np.nan
    return write_vectors(reply, list(rows), packed=call.wants_base64)


def redirect(_: Call, __: Forward) -> Reply:
    moved = says(302, "")
    return Reply(302, moved.body, {"Location": "https://gateway.example.invalid/login"})


def broken(_: Call, __: Forward) -> Reply:
    error = {"message": "Internal server error", "type": "InternalServerError", "code": 500}
    return says(500, {"error": error})


def no_upstream(_: Call, __: Forward) -> Reply:
    return says(502, NGINX.format("502 Bad Gateway"), "text/html")


def no_route(_: Call, __: Forward) -> Reply:
    return says(404, {"detail": "Not Found"})


def page(_: Call, __: Forward) -> Reply:
    return says(200, PAGE, "text/html")


def above_items(most: int, status: int) -> Fault:
    """Too many texts in a request; TEI's words for it."""

    def run(call: Call, forward: Forward) -> Reply:
        if len(call.texts) <= most:
            return forward(call)
        message = f"batch size {len(call.texts)} > maximum allowed batch size {most}"
        return says(status, {"message": message, "code": status, "type": "Validation"})

    return run


def above_body(most: int = 1 << 20) -> Fault:
    """nginx before the server, as it is installed."""
    return lambda call, forward: (
        says(413, NGINX.format("413 Request Entity Too Large"), "text/html")
        if len(call.body) > most
        else forward(call)
    )


def above_tokens(model: Path, most: int = 512) -> Fault:
    """llama.cpp with a physical batch that is too small: its own words and status."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))

    def run(call: Call, forward: Forward) -> Reply:
        longest = max((len(tokenizer.encode(text).ids) for text in call.texts), default=0)
        if longest <= most:
            return forward(call)
        words = f"input ({longest} tokens) is too large to process. increase the physical batch "
        error = {"code": 500, "message": f"{words}size (current batch size: {most})"}
        return says(500, {"error": error | {"type": "server_error"}})

    return run


def last_dimensions(call: Call, forward: Forward) -> Reply:
    """``dimensions`` gives other components than the first ones."""
    width = call.asked.get("dimensions")
    reply = forward(call.asking(encoding_format="base64", dimensions=None))
    if not reply.has_vectors or not isinstance(width, int):
        return forward(call)
    rows = read_vectors(reply)[:, -width:]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return write_vectors(reply, list(rows), packed=call.wants_base64)


PAYLOADS: dict[str, Fault] = {
    "floats for base64": floats_always,
    "base64 for floats": base64_always,
    "float64": packs_as(lambda row: row.astype("<f8")),
    "float16": packs_as(lambda row: row.astype("<f2")),
    "big-endian": packs_as(lambda row: row.astype(">f4")),
    "a quarter of zeros": quarter_of_zeros,
    "list turned, index right": on_record(turn_list),
    "list turned, index made to fit": on_record(turn_list_restamped),
    "index all zero": on_record(index_all_zero),
    "one vector too few": on_record(drop_last),
    "no data": on_record(no_data),
    "usage zero": on_record(usage_zero),
    "no usage": on_record(no_usage),
    "null for some": on_record(null_where_it_begins),
    "NaN for some": not_a_number,
    "redirected": redirect,
    "a page": page,
    "no route": no_route,
    "500 to all": broken,
    "502 to all": no_upstream,
    "other components": last_dimensions,
}
