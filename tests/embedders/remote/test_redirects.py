"""Neither key nor texts go where a redirect points."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import FaultServer, vectors_of
from workbench.contracts import PartialError
from workbench.embedders.remote import connect
from workbench.errors import RedirectedError

KEY = "sk-only-for-the-first-server"
STATUSES = [301, 302, 307, 308]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def other() -> Iterator[FaultServer]:
    """Another server, and so another port of the same host."""
    with FaultServer() as made:
        yield made


@pytest.mark.parametrize("status", STATUSES)
def test_on_connecting_nothing_is_sent_to_another_port(
    status: int, server: FaultServer, other: FaultServer
) -> None:
    server.fault = server.other_fault = f.sends_to(other.origin, status)
    with pytest.raises(RedirectedError, match=f"127.0.0.1:{other.port}"):
        connect(server.base_url, key=KEY)
    assert other.calls == []


@pytest.mark.parametrize("status", STATUSES)
def test_in_the_middle_of_a_run_nothing_is_sent_to_another_port(
    status: int, server: FaultServer, other: FaultServer
) -> None:
    embedder = connect(server.base_url, key=KEY, batch_items=1, in_flight=1)
    server.forget()
    server.fault = f.after(1, f.sends_to(other.origin, status))
    with pytest.raises(PartialError) as caught:
        embedder.embed(["first", "second", "third"])
    assert isinstance(caught.value.cause, RedirectedError)
    assert f"127.0.0.1:{other.port}" in str(caught.value.cause)
    assert caught.value.rows.tolist() == [0], "what came before is kept"
    assert other.calls == []
    assert len(server.asked) == 2, "a redirect is not asked again"
    embedder.unload()


def test_nothing_is_sent_to_another_host(server: FaultServer, other: FaultServer) -> None:
    elsewhere = f"http://localhost:{other.port}"
    server.fault = server.other_fault = f.sends_to(elsewhere)
    with pytest.raises(RedirectedError, match=elsewhere):
        connect(server.base_url, key=KEY)
    assert other.calls == []


def test_a_redirect_to_a_slash_at_the_same_origin_is_followed_or_explained(
    server: FaultServer,
) -> None:
    server.fault = f.sends_to(server.origin, slash=True)
    try:
        embedder = connect(server.base_url, key=KEY)
    except RedirectedError as error:
        assert f"{server.base_url}/embeddings/" in str(error)
    else:
        np.testing.assert_allclose(embedder.embed(["a"]).vectors, vectors_of(["a"]), atol=1e-6)
        embedder.unload()


def test_a_key_is_not_taken_from_https_to_http(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(tls=make_certificate(tmp_path)) as secure:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        embedder = connect(secure.base_url, key=KEY)
        assert secure.asked[-1].headers["authorization"] == f"Bearer {KEY}"
        secure.fault = f.sends_to(server.origin)
        with pytest.raises(PartialError) as caught:
            embedder.embed(["a"])
        assert isinstance(caught.value.cause, RedirectedError)
        embedder.unload()
    assert server.calls == []


def make_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1, made now and good for a day; ``cert.pem`` is also its own CA."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing: no certificate can be made for an https server")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-keyout", str(key), "-out", str(cert), "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
