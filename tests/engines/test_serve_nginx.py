"""The printed configuration, in Debian's real nginx, before a real engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.engines.nginx import run_nginx
from tests.engines.test_serve_failures import find_port
from workbench.engines import Engine, serve
from workbench.engines.proxy import write_nginx

# one token of the tiny model's vocabulary, so that 3 MB of it are embedded in seconds
SENTENCE = "向量检索把文本映射到高维空间"
STOCK = """
server {{
    listen 127.0.0.1:{listen};
    {extra}
    location / {{ proxy_pass http://127.0.0.1:{port}; }}
}}
"""


@pytest.fixture(scope="module")
def engine(tiny_gguf: Path, xllamacpp_python: str) -> Iterator[Engine]:
    with serve(tiny_gguf, engine="llamacpp", python=xllamacpp_python, port=find_port()) as running:
        yield running


def ask(port: int, texts: list[str]) -> tuple[int, bytes]:
    """Status and body of one request for embeddings."""
    body = json.dumps({"input": texts, "model": "tiny", "encoding_format": "base64"})
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/v1/embeddings", body.encode(), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def make_batch(size: int) -> list[str]:
    """Texts whose request is larger than ``size`` bytes."""
    text = SENTENCE * 20
    return [text] * (size // len(json.dumps(text)) + 1)


def test_a_batch_of_3_mb_goes_through_and_nginx_as_it_comes_refuses_it(
    engine: Engine, tmp_path: Path
) -> None:
    texts = make_batch(3_000_000)
    ours, stock = find_port(), find_port()
    conf = write_nginx("127.0.0.1", engine.plan.port, listen=ours)
    conf += STOCK.format(listen=stock, port=engine.plan.port, extra="")
    with run_nginx(conf, tmp_path, port=ours):
        assert ask(stock, texts)[0] == 413
        status, body = ask(ours, texts)
    assert status == 200
    assert len(json.loads(body)["data"]) == len(texts)


class _Slow(ThreadingHTTPServer):
    """Passes requests on to an engine, and its replies back when a while has gone by."""

    daemon_threads = True

    def __init__(self, port: int, delay_s: float) -> None:
        super().__init__(("127.0.0.1", 0), _SlowHandler)
        self.engine_port = port
        self.delay_s = delay_s
        self.connections = 0

    def process_request(self, *args: object) -> None:
        self.connections += 1
        super().process_request(*args)  # type: ignore[arg-type]


class _SlowHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Slow

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, content = ask(self.server.engine_port, body["input"])
        time.sleep(self.server.delay_s)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def slow(engine: Engine, request: pytest.FixtureRequest) -> Iterator[_Slow]:
    server = _Slow(engine.plan.port, request.param)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("slow", [3.0], indirect=True)
def test_a_slow_reply_is_waited_for_and_nginx_as_it_comes_gives_up(
    slow: _Slow, tmp_path: Path
) -> None:
    # all times at one 50th: nginx's own 60 s become 1.2 s, our 600 s 12 s, the reply's 150 s 3 s
    ours, stock = find_port(), find_port()
    conf = write_nginx("127.0.0.1", slow.server_port, listen=ours)
    assert conf.count(" 600s;") == 2
    conf = conf.replace(" 600s;", " 12s;")
    conf += STOCK.format(listen=stock, port=slow.server_port, extra="proxy_read_timeout 1200ms;")
    with run_nginx(conf, tmp_path, port=ours):
        assert ask(stock, ["a"])[0] == 504
        status, body = ask(ours, ["a"])
    assert status == 200
    assert len(json.loads(body)["data"]) == 1


@pytest.mark.parametrize("slow", [0.0], indirect=True)
def test_connections_to_the_engine_are_used_again(slow: _Slow, tmp_path: Path) -> None:
    ours, stock = find_port(), find_port()
    conf = write_nginx("127.0.0.1", slow.server_port, listen=ours)
    conf += STOCK.format(listen=stock, port=slow.server_port, extra="")
    counts = []
    with run_nginx(conf, tmp_path, port=ours):
        for port in (ours, stock):
            before = slow.connections
            assert [ask(port, ["a"])[0] for _ in range(5)] == [200] * 5
            counts.append(slow.connections - before)
    assert counts == [1, 5]


def test_nothing_but_the_endpoint_and_its_health_is_passed_on(
    engine: Engine, tmp_path: Path
) -> None:
    ours = find_port()
    with run_nginx(write_nginx("127.0.0.1", engine.plan.port, listen=ours), tmp_path, port=ours):
        statuses = {}
        for path in ("/health", "/v1/models", "/props", "/slots"):
            connection = HTTPConnection("127.0.0.1", ours, timeout=30)
            connection.request("GET", path)
            statuses[path] = connection.getresponse().status
            connection.close()
    assert statuses == {"/health": 200, "/v1/models": 200, "/props": 404, "/slots": 404}
