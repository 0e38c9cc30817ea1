"""The server that misbehaves does what its words say: asked here without the client under test."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import FaultServer, vector_of, vectors_of


def ask(server: FaultServer, texts: list[str], how: str = "float") -> tuple[int, Any]:
    """Status and JSON of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        body = json.dumps({"model": "m", "input": texts, "encoding_format": how})
        connection.request("POST", "/v1/embeddings", body, {"Authorization": "Bearer k"})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read() or b"null")
    finally:
        connection.close()


def test_a_text_has_the_same_unit_vector_in_both_encodings() -> None:
    with FaultServer() as server:
        floats = ask(server, ["a", "苹果"])[1]["data"]
        encoded = ask(server, ["苹果"], "base64")[1]["data"]
    listed = np.array([record["embedding"] for record in floats], np.float32)
    np.testing.assert_array_equal(listed, vectors_of(["a", "苹果"]))
    raw = np.frombuffer(base64.b64decode(encoded[0]["embedding"]), "<f4")
    np.testing.assert_array_equal(raw, vector_of("苹果"))
    np.testing.assert_allclose(np.linalg.norm(listed, axis=1), 1, atol=1e-6)


def test_it_records_what_it_was_sent() -> None:
    with FaultServer() as server:
        ask(server, ["a", "b"])
        ask(server, ["c"])
        assert server.texts == ["a", "b", "c"]
        assert [call.number for call in server.asked] == [1, 2]
        assert server.asked[0].headers["authorization"] == "Bearer k"


def test_it_counts_how_many_requests_it_answers_at_once() -> None:
    gate = threading.Event()
    with FaultServer(f.holds(gate)) as server, ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(ask, server, [str(number)]) for number in range(3)]
        while len(server.asked) < 3:
            threading.Event().wait(0.01)
        gate.set()
        assert [future.result()[0] for future in waiting] == [200] * 3
        assert server.most_at_once == 3


def test_a_connection_serves_many_requests() -> None:
    with FaultServer() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        for _ in range(3):
            connection.request("GET", "/v1/models")
            assert json.loads(connection.getresponse().read())["data"][0]["id"]
        connection.close()
        assert {call.connection for call in server.calls} == {1}


def test_a_dead_server_refuses_and_answers_again_on_the_same_port() -> None:
    with FaultServer() as server:
        server.die()
        with pytest.raises(ConnectionRefusedError):
            ask(server, ["a"])
        server.listen()
        assert ask(server, ["a"])[0] == 200


def test_a_reset_breaks_the_connection_in_the_middle_of_the_body() -> None:
    with FaultServer(f.RESETS) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
            body = b'{"input": ["a"]}'
            plain.sendall(
                b"POST /v1/embeddings HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            got = b""
            with pytest.raises(ConnectionResetError):
                while piece := plain.recv(4096):
                    got += piece
        assert got.startswith(b"HTTP/1.1 200 OK")


def test_faults_can_be_narrowed_to_some_requests() -> None:
    with FaultServer(f.once(f.FAILS)) as server:
        assert [ask(server, ["a"])[0] for _ in range(3)] == [500, 200, 200]
        server.fault = f.after(1, f.FAILS)
        assert [ask(server, ["a"])[0] for _ in range(3)] == [200, 500, 500]
        server.fault = f.holding("b", f.FAILS)
        assert [ask(server, texts)[0] for texts in (["a"], ["a", "b"], ["b"])] == [200, 500, 500]


def test_stopping_does_not_wait_for_a_reply_that_never_comes() -> None:
    with FaultServer(f.STALLS) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, server, ["a"])
        while not server.asked:
            threading.Event().wait(0.01)
        server.__exit__(None, None, None)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            waiting.result(timeout=5)


def test_a_key_is_demanded_of_every_request() -> None:
    with FaultServer(key="k") as server:
        assert ask(server, ["a"])[0] == 200
    with FaultServer(key="another") as server:
        assert ask(server, ["a"]) == (401, {"error": "Unauthorized"})
