"""A small embeddings server inside this process, right or wrong in one named way, to learn from."""

from __future__ import annotations

import base64
import json
import random
import re
import struct
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self, TypeAlias, get_args

from workbench.contracts import Embedder
from workbench.errors import InputError, WorkbenchError

TeachingFault: TypeAlias = Literal[
    "instruction_added", "cut_at_64_tokens", "rows_reversed", "half_the_width", "not_normalized",
    "noise", "careless_cache", "float64", "lists_for_base64",
]  # fmt: skip
FAULTS: tuple[TeachingFault, ...] = get_args(TeachingFault)
INSTRUCTION = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
CUT = 64
ALIKE = 32
"""Characters by which the careless cache tells texts apart."""
LARGEST_BODY = 8_000_000
_NOISE = 0.15
"""Length of the noise beside vectors of length 1: a cosine of 0.99, as coarse weights give."""

_PARTS = re.compile(r"[A-Za-z0-9]+|.", re.DOTALL)

Rows: TypeAlias = list[list[float]]


class TeachingServer:
    """An OpenAI-compatible endpoint on the loopback over any embedder; close it when done.

    Attributes:
        base_url: Its address.
        model: The name that it serves the embedder under.
        fault: What it does wrongly; None: nothing.
    """

    def __init__(self, embedder: Embedder, fault: TeachingFault | None, model: str) -> None:
        self.model, self.fault = model, fault
        self._embedder = embedder
        self._one_at_a_time = threading.RLock()
        self._closed = False
        self._cached: dict[str, list[float]] = {}
        handler = type("Handler", (_Handler,), {"teaching": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="workbench-teaching", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, once what is being embedded is done. The embedder stays loaded."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with self._one_at_a_time:  # torch ends the process hard where Python ends inside it
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TeachingServer({self.base_url!r}, model={self.model!r}, fault={self.fault!r})"

    def answer(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body of one request for embeddings."""
        given = asked.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return _refuse(400, "input must be a string or a list of strings.")
        if asked.get("model") not in (None, "", self.model):
            return _refuse(404, f"The model `{asked['model']}` does not exist.")
        if asked.get("dimensions") is not None:
            return _refuse(400, "This model does not support Matryoshka; leave dimensions unset.")
        packed = asked.get("encoding_format", "float")
        if packed not in ("float", "base64"):
            return _refuse(400, f"encoding_format must be float or base64, not {packed!r:.40}.")
        with self._one_at_a_time:
            if self._closed:
                return _refuse(503, "This server was closed.")
            rows, tokens = self._embed(texts)
        lists = packed == "float" or self.fault == "lists_for_base64"
        kind = "d" if self.fault == "float64" else "f"
        data = [
            {"object": "embedding", "index": at, "embedding": row if lists else _pack(row, kind)}
            for at, row in enumerate(rows)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return 200, {"object": "list", "model": self.model, "data": data, "usage": usage}

    def _embed(self, texts: Sequence[str]) -> tuple[Rows, int]:
        """Vectors of the texts, and the tokens of what was really embedded."""
        edit = {"instruction_added": INSTRUCTION.__add__, "cut_at_64_tokens": self._cut}
        sent = [edit.get(self.fault or "", str)(text) for text in texts]
        made = self._embedder.embed(sent, prompt="")
        rows: Rows = made.vectors.tolist()
        if self.fault == "careless_cache":
            pairs = zip(sent, rows, strict=True)
            rows = [self._cached.setdefault(text[:ALIKE], row) for text, row in pairs]
        change = _CHANGES.get(self.fault or "")
        return change(rows, sent) if change else rows, int(made.tokens.clip(0).sum())

    def _cut(self, text: str) -> str:
        """The longest beginning of whole words that the embedder reads in so many tokens."""
        if self._count(text) <= CUT:
            return text
        ends = [0, *(part.end() for part in _PARTS.finditer(text))]
        return text[: ends[bisect_right(ends, CUT, key=lambda end: self._count(text[:end])) - 1]]

    def _count(self, text: str) -> int:
        return int(self._embedder.embed([text], prompt="").tokens[0])


def serve_wrongly(
    embedder: Embedder, fault: TeachingFault | None = None, *, model: str | None = None
) -> TeachingServer:
    """Serve an embedder from this process, with one fault that real servers have, or with none.

    Args:
        embedder: Any; it is used by the server's threads one at a time and stays loaded.
        fault: None, or one of ``FAULTS``: an instruction put before every text; texts cut at 64
            tokens; the rows of a reply in reverse; half the width; vectors of another length than
            1; noise as of coarse weights; a cache that looks at the first 32 characters only;
            float64 where base64 is asked for; lists where base64 is asked for.
        model: The name to serve it under; None: its own. Another model under a right name is a
            fault as well.

    Raises:
        InputError: An unknown fault.
    """
    if fault is not None and fault not in FAULTS:
        raise InputError(f"fault={fault!r} is unknown. Known: None, {', '.join(FAULTS)}.")
    return TeachingServer(embedder, fault, model or embedder.info.name)


def _disturb(rows: Rows, texts: Sequence[str]) -> Rows:
    """Noise that a text always has alike, as coarse weights give it; unit length again."""
    noisy: Rows = []
    for row, text in zip(rows, texts, strict=True):
        draw = random.Random(text)  # noqa: S311  (repeatable is what it must be)
        scale = _NOISE / len(row) ** 0.5
        shaken = [value + draw.gauss(0.0, scale) for value in row]
        length = sum(value * value for value in shaken) ** 0.5
        noisy.append([value / length for value in shaken])
    return noisy


_CHANGES: Mapping[str, Callable[[Rows, Sequence[str]], Rows]] = MappingProxyType(
    {
        "rows_reversed": lambda rows, _: rows[::-1],
        "half_the_width": lambda rows, _: [row[: len(row) // 2] for row in rows],
        "not_normalized": lambda rows, _: [[7.5 * value for value in row] for row in rows],
        "noise": _disturb,
    }
)


def _pack(row: Sequence[float], kind: str) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}{kind}", *row)).decode("ascii")


def _refuse(status: int, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "type": "invalid_request", "code": status}}


class _Handler(BaseHTTPRequestHandler):
    teaching: ClassVar[TeachingServer]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "teaching", ""
    disable_nagle_algorithm = True
    timeout = 60.0

    def handle(self) -> None:
        """Serve a connection; a client that leaves in the middle is no error of the server's."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._send(*_refuse(404, "Not Found"))
            return
        listed = {"id": self.teaching.model, "object": "model", "owned_by": "workbench"}
        self._send(200, {"object": "list", "data": [listed]})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST_BODY:
            self.close_connection = True
            self._send(*_refuse(413, f"The body has more than {LARGEST_BODY:,} bytes."))
            return
        body = self.rfile.read(size)
        if self.path != "/v1/embeddings":
            self._send(*_refuse(404, "Not Found"))
            return
        try:
            asked = json.loads(body)
            self._send(*self.teaching.answer(asked if isinstance(asked, dict) else {}))
        except WorkbenchError as exc:
            self._send(*_refuse(500, str(exc)))
        except ValueError as exc:
            self._send(*_refuse(400, f"The body is no JSON: {exc}"))

    def _send(self, status: int, content: Mapping[str, Any]) -> None:
        body = json.dumps(content).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
