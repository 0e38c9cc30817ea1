"""A server in front of a real one that passes everything on and spoils something on the way.

    with FaultyProxy(engine.base_url, fault) as proxy:
        diagnose(proxy.base_url)
        proxy.counts

Over real sockets: HTTP/1.1 with keep-alive, a thread a connection. A fault is a function from a
call, and the way to the real server, to the reply that the client gets; see ``faults``.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
_IDLE_S = 20
_WAIT_S = 120
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True)
class Call:
    """A request as the client sent it, or as it goes on to the server."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def embeds(self) -> bool:
        return self.method == "POST" and self.path.rstrip("/").endswith("/embeddings")

    @property
    def asked(self) -> dict[str, Any]:
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def texts(self) -> list[str]:
        given = self.asked.get("input", [])
        return [given] if isinstance(given, str) else list(given)

    @property
    def wants_base64(self) -> bool:
        return bool(self.asked.get("encoding_format") == "base64")

    def asking(self, **fields: object) -> Call:
        """The same call with other fields in its body; None takes one out."""
        content = self.asked | fields
        kept = {name: value for name, value in content.items() if value is not None}
        return replace(self, body=json.dumps(kept, ensure_ascii=False).encode())


@dataclass(frozen=True)
class Reply:
    """A reply as the server sent it, or as it goes back to the client."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def has_vectors(self) -> bool:
        """Whether it is an answer of the route that clients use; llama.cpp has another one."""
        if self.status != 200:
            return False
        content = json.loads(self.body)
        return isinstance(content, dict) and isinstance(content.get("data"), list)

    def holding(self, record: Mapping[str, object]) -> Reply:
        """The same reply with another body."""
        return replace(self, body=json.dumps(record).encode())


Forward: TypeAlias = Callable[[Call], Reply]
Fault: TypeAlias = Callable[[Call, Forward], Reply]


def says(status: int, body: str | Mapping[str, object], kind: str = "application/json") -> Reply:
    """A reply of the proxy's own."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(status, text.encode(), {"Content-Type": kind})


def as_it_is(call: Call, forward: Forward) -> Reply:
    """Nothing is spoiled."""
    return forward(call)


def read_vectors(reply: Reply) -> Vectors:
    """(n, dim) float32 of a reply in base64, in the order of the texts."""
    rows = sorted(reply.record["data"], key=lambda row: row["index"])
    return np.stack([np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in rows])


def write_vectors(reply: Reply, vectors: Sequence[NDArray[Any]], *, packed: bool) -> Reply:
    """The reply with these vectors, as little-endian bytes or as numbers, to the last bit."""
    record = reply.record
    record["data"] = [
        {
            "object": "embedding",
            "index": place,
            "embedding": base64.b64encode(row.tobytes()).decode()
            if packed
            else [float(value) for value in row],
        }
        for place, row in enumerate(vectors)
    ]
    return reply.holding(record)


def send_on(target: str, call: Call) -> Reply:
    """What the server at this address answers to a call."""
    address = urlsplit(target)
    assert address.hostname is not None
    headers = {n: v for n, v in call.headers.items() if n.lower() not in _HOP_BY_HOP}
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=_WAIT_S)
    try:
        connection.request(call.method, call.path, call.body or None, headers)
        got = connection.getresponse()
        kept = {n: v for n, v in got.getheaders() if n.lower() not in _HOP_BY_HOP}
        return Reply(got.status, got.read(), kept)
    finally:
        connection.close()


class FaultyProxy:
    """The proxy, from the ``with`` to the end of the block.

    Args:
        target: The real server's base URL, with its path.
        fault: What is spoiled; None: nothing.

    Attributes:
        counts: Requests by status, and those for embeddings under "embeddings".
    """

    def __init__(self, target: str, fault: Fault | None = None) -> None:
        self._target = target
        self._fault = fault
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self._server = _Listener(("127.0.0.1", 0), self)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}{urlsplit(target).path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, call: Call) -> Reply:
        """What the client gets."""
        spoiled = self._fault is not None and call.embeds
        reply = self._fault(call, self.forward) if spoiled and self._fault else self.forward(call)
        with self._lock:
            self.counts[str(reply.status)] += 1
            self.counts["embeddings"] += call.embeds
        return reply

    def forward(self, call: Call) -> Reply:
        """What the real server answers."""
        return send_on(self._target, call)


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], proxy: FaultyProxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    disable_nagle_algorithm = True
    server: _Listener

    def _pass_on(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        call = Call(self.command, self.path, dict(self.headers.items()), body)
        reply = self.server.proxy.answer(call)
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = _pass_on  # noqa: N815  (names that http.server looks for)

    def log_message(self, format: str, *args: object) -> None:
        """A log would only be in the way."""
