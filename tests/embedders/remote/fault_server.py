"""An embeddings server on the loopback that keeps a record and can be told to misbehave.

    with FaultServer() as server:
        embedder = wb.connect(server.base_url)
        server.fault = once(says(500, b"oops"))      # tests.embedders.remote.faults
        embedder.embed(texts)
        server.asked, server.texts, server.most_at_once

Over real sockets: HTTP/1.1 with keep-alive, a thread a connection. A text's vector depends on the
text alone. As a script it serves until it is interrupted:
``python -m tests.embedders.remote.fault_server PORT DIM``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from io import BufferedReader
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

DIM = 16
MODEL = "deterministic-16"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST
_ENDING_S = 10.0


def vector_of(text: str, dim: int = DIM) -> NDArray[np.float32]:
    """(dim,) float32 of unit norm, from the SHAKE-128 hash of the text."""
    row: NDArray[np.float32] = vectors_of([text], dim)[0]
    return row


def vectors_of(texts: Sequence[str], dim: int = DIM) -> NDArray[np.float32]:
    """(n, dim) float32: what a client should have in the end."""
    hashes = b"".join(hashlib.shake_128(text.encode()).digest(4 * dim) for text in texts)
    rows = np.frombuffer(hashes, "<u4").reshape(-1, dim) / 2**31 - 1  # (n, dim) float64
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)


def tokens_of(text: str) -> int:
    """This server's tokens: a word each, and one that ends."""
    return len(text.split()) + 1


@dataclass(frozen=True)
class Call:
    """One request as it arrived.

    Attributes:
        number: Its place among the requests for embeddings, from 1, or among all others.
        method: "GET", "POST" or "CONNECT".
        target: Path as it stood on the request line; a whole address where a proxy is asked.
        headers: By lower-case name.
        body: To the byte.
        at: ``time.monotonic()`` when it had arrived.
        connection: Which connection it came on, from 1.
    """

    number: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def wants_vectors(self) -> bool:
        return self.method == "POST" and self.target.rstrip("/").endswith("/embeddings")

    @property
    def asked(self) -> dict[str, Any]:
        """The body as JSON; empty where it is none."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def texts(self) -> list[str]:
        given = self.asked.get("input", [])
        return [given] if isinstance(given, str) else list(given)


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire, and how badly.

    Attributes:
        status: HTTP status.
        body: To the byte.
        headers: Besides Content-Length, which is always said unless ``chunked``.
        version: Of the protocol.
        length: What Content-Length says; None: the truth.
        chunked: Send the body in chunks of seven bytes.
        prelude: Bytes before the status line.
        cut_after: Reset the connection after so many bytes of the body.
        drip_s: Seconds before each byte of the body.
        close: Close the connection afterwards, without having said so.
        silent: Send nothing at all.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = "HTTP/1.1"
    length: int | None = None
    chunked: bool = False
    prelude: bytes = b""
    cut_after: int | None = None
    drip_s: float = 0.0
    close: bool = False
    silent: bool = False

    def head(self) -> bytes:
        phrase = HTTPStatus(self.status).phrase
        lines = [f"{self.version} {self.status} {phrase}"]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        else:
            told = len(self.body) if self.length is None else self.length
            lines.append(f"Content-Length: {told}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return self.prelude + ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def payload(self) -> bytes:
        if not self.chunked:
            return self.body
        pieces = [self.body[at : at + 7] for at in range(0, len(self.body), 7)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


Fault: TypeAlias = Callable[["FaultServer", Call], Reply | None]
"""Looks at a request and says what to answer instead; None: the right answer."""


class FaultServer:
    """Listens from ``with`` on; see the module's words.

    Args:
        fault: What goes wrong with requests for embeddings.
        dim: Width of the vectors.
        tls: Speak HTTPS.
        port: 0: any that is free.
        record: Keep every request; without, ``calls`` stays empty.
        key: What every request has to carry; None: nothing.

    Attributes:
        fault: What goes wrong with requests for embeddings; None: nothing.
        other_fault: What goes wrong with all other requests.
        calls: Every request, in order of arrival.
        most_at_once: Requests for embeddings that were being answered at one time, at most.
        over: Set when the server stops: whatever waits in a fault should wait for this.
        mute: Say nothing to what is no HTTP, a client that speaks TLS, and wait for more of it;
            False: 400, as h11 answers at its first byte.
    """

    def __init__(
        self,
        fault: Fault | None = None,
        *,
        dim: int = DIM,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        record: bool = True,
        key: str | None = None,
    ) -> None:
        self.fault = fault
        self.other_fault: Fault | None = None
        self.mute = False
        self.dim = dim
        self.calls: list[Call] = []
        self.most_at_once = 0
        self.over = threading.Event()
        self._tls = tls
        self._record = record
        self._key = key
        self._counts = {True: 0, False: 0}
        self._lock = threading.Lock()
        self._life = threading.Lock()
        self._listening = False
        self._at_once = 0
        self._connections = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = _bind(port)
        self.port: int = self._listener.getsockname()[1]

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    @property
    def asked(self) -> list[Call]:
        """The requests for embeddings, in order of arrival."""
        return [call for call in self.calls if call.wants_vectors]

    @property
    def texts(self) -> list[str]:
        """Every text of every request for embeddings, in order of arrival."""
        return [text for call in self.asked for text in call.texts]

    def forget(self) -> None:
        """Start a new record: requests are counted from 1 again."""
        with self._lock:
            self.calls, self.most_at_once = [], 0
            self._counts = {True: 0, False: 0}

    def __enter__(self) -> FaultServer:
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self.die()
        self._listener.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_ENDING_S)

    # ---- its life ------------------------------------------------------------------------------

    def listen(self) -> None:
        """Take connections, for the first time or again after ``die``."""
        with self._life:
            self._listener.listen(256)
            self._listening = True
            self._start(self._accept, self._listener)

    def die(self) -> None:
        """Refuse connections and break those that are open, as a program that was killed."""
        with self._life:
            if self._listening:
                self._listening = False
                with suppress(OSError):
                    self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
                self._listener.close()
                if not self.over.is_set():  # bound and not listening: refuses, and keeps the port
                    self._listener = _bind(self.port)
        with self._lock:
            broken = list(self._open)
        for connection in broken:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), daemon=True)
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            self._start(self._talk, connection)

    def _talk(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections += 1
            number = self._connections
        spoken: socket.socket = connection
        try:
            if self._tls is not None:
                spoken = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.add(spoken)
            with spoken.makefile("rb") as source:
                if not self._is_http(spoken, source):
                    return
                while self._answer(spoken, source, number):
                    pass
        except OSError:
            pass  # the client went away, or die() broke the connection
        finally:
            with self._lock:
                self._open -= {connection, spoken}
            spoken.close()
            connection.close()

    def _is_http(self, connection: socket.socket, source: BufferedReader) -> bool:
        if not b"\0" < source.peek(1)[:1] < b"!":
            return True
        if self.mute:
            self.over.wait()
        else:
            self._send(connection, Reply(400, b"Invalid HTTP request received."))
        return False

    # ---- one request ---------------------------------------------------------------------------

    def _answer(self, connection: socket.socket, source: BinaryIO, number: int) -> bool:
        """Read one request and reply; whether another may follow on this connection."""
        call = self._read(source, number)
        if call is None:
            return False
        if self._key and call.headers.get("authorization") != f"Bearer {self._key}":
            reply = as_json({"error": "Unauthorized"}, status=401)
        elif call.wants_vectors:
            reply = (self.fault and self.fault(self, call)) or reply_rightly(call, self.dim)
        else:
            reply = (self.other_fault and self.other_fault(self, call)) or self._describe(call)
        with self._lock:
            self._at_once -= call.wants_vectors
        if self.over.is_set():
            return False
        return self._send(connection, reply)

    def _read(self, source: BinaryIO, connection: int) -> Call | None:
        first = source.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = {}
        while line := source.readline().strip().decode("latin-1"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = source.read(int(headers.get("content-length", 0)))
        now = time.monotonic()
        with self._lock:
            call = Call(0, first[0], first[1], headers, body, now, connection)
            self._counts[call.wants_vectors] += 1
            call = replace(call, number=self._counts[call.wants_vectors])
            if self._record:
                self.calls.append(call)
            if call.wants_vectors:
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
        return call

    def _describe(self, call: Call) -> Reply:
        if call.method == "GET" and call.target.split("?")[0].endswith("/v1/models"):
            card = {"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}
            return as_json({"object": "list", "data": [card]})
        return as_json({"detail": "Not Found"}, status=404)

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        if reply.silent:
            return False
        payload = reply.payload()
        if reply.cut_after is not None:
            connection.sendall(reply.head() + payload[: reply.cut_after])
            self.over.wait(0.05)  # let what was sent arrive before the reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return False
        if reply.drip_s:
            connection.sendall(reply.head())
            for at in range(len(payload)):
                if self.over.wait(reply.drip_s):
                    return False
                connection.sendall(payload[at : at + 1])
        else:
            connection.sendall(reply.head() + payload)
        told = reply.headers.get("Connection", "").lower() == "close"
        return not (reply.close or told or reply.version == "HTTP/1.0")


def as_json(content: object, *, status: int = 200, **headers: str) -> Reply:
    """A JSON reply; NaN and infinity are written as Python writes them."""
    kind = {"Content-Type": "application/json", **headers}
    return Reply(status, json.dumps(content, ensure_ascii=False).encode(), kind)


def encode_vector(row: NDArray[np.float32], how: str, dtype: str = "<f4") -> str | list[float]:
    """One vector as the reply holds it: base64 of its bytes, or a list of numbers."""
    if how == "base64":
        return base64.b64encode(row.astype(dtype).tobytes()).decode()
    return [float(number) for number in row]


def right_payload(call: Call, dim: int = DIM, *, how: str | None = None) -> dict[str, Any]:
    """The body of the right answer, in the encoding that was asked for unless ``how`` says."""
    encoding = how or call.asked.get("encoding_format", "float")
    records = [
        {"object": "embedding", "index": place, "embedding": encode_vector(row, encoding)}
        for place, row in enumerate(vectors_of(call.texts, dim))
    ]
    tokens = sum(map(tokens_of, call.texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": records, "model": MODEL, "usage": usage}


def reply_rightly(call: Call, dim: int = DIM) -> Reply:
    """What a server in good health answers."""
    return as_json(right_payload(call, dim))


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def main() -> None:
    """Serve on the port given, vectors of the width given, until interrupted."""
    port, dim = map(int, sys.argv[1:3])
    with FaultServer(port=port, dim=dim, record=False) as server, suppress(KeyboardInterrupt):
        print(server.base_url, flush=True)
        server.over.wait()


if __name__ == "__main__":
    main()
