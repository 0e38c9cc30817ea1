"""Proxies that the environment names: not asked for loopback, named where they refuse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import Fault, FaultServer, vectors_of
from workbench.embedders.remote import connect
from workbench.errors import EndpointError, ServerFaultError

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
NOWHERE = "embeddings.invalid"
"""A host that no name server knows (RFC 6761): only a proxy is asked for it."""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def proxy() -> Iterator[FaultServer]:
    """A proxy that reaches nobody."""
    with FaultServer(f.BAD_GATEWAY) as made:
        made.other_fault = f.BAD_GATEWAY
        yield made


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_loopback_endpoint_is_asked_directly(
    name: str, host: str, server: FaultServer, proxy: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, proxy.origin)
    embedder = connect(f"http://{host}:{server.port}/v1")
    np.testing.assert_allclose(embedder.embed(["a"]).vectors, vectors_of(["a"]), atol=1e-6)
    embedder.unload()
    assert proxy.calls == []


def test_a_dead_proxy_does_not_matter_to_a_loopback_endpoint(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with f.nothing_listens() as dead:
        monkeypatch.setenv("HTTP_PROXY", dead.removesuffix("/v1"))
        embedder = connect(server.base_url)
        assert len(embedder.embed(["a"])) == 1
        embedder.unload()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [(f.BAD_GATEWAY, "502"), (f.page(503, "Service Unavailable"), "503")],
    ids=["502", "503"],
)
def test_a_page_of_a_proxy_is_told_from_an_answer_of_the_server(
    name: str, fault: Fault, status: str, proxy: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.fault = proxy.other_fault = fault
    monkeypatch.setenv(name, proxy.origin)
    with pytest.raises(EndpointError, match=status) as caught:
        connect(f"http://{NOWHERE}/v1", "m", patience_s=0.3)
    words = str(caught.value)
    assert f"${name}" in words
    assert "NO_PROXY" in words
    assert any(call.target.startswith(f"http://{NOWHERE}") for call in proxy.calls), "premise"


def test_a_proxy_that_opens_no_tunnel_is_named(
    proxy: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.origin)
    with pytest.raises(EndpointError, match=r"HTTPS_PROXY.*NO_PROXY"):
        connect(f"https://{NOWHERE}/v1", "m", patience_s=0.3)
    assert any(call.method == "CONNECT" for call in proxy.calls), "premise"


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with f.nothing_listens() as dead:
        monkeypatch.setenv("HTTP_PROXY", dead.removesuffix("/v1"))
        with pytest.raises(EndpointError, match=r"HTTP_PROXY.*NO_PROXY"):
            connect(f"http://{NOWHERE}/v1", "m", patience_s=0.3)


def test_a_page_of_the_servers_own_front_names_no_proxy_that_is_not_set(
    server: FaultServer,
) -> None:
    server.fault = f.BAD_GATEWAY
    with pytest.raises(ServerFaultError, match="502") as caught:
        connect(server.base_url, patience_s=0.3)
    assert "HTTP_PROXY" not in str(caught.value)
