"""Whether anything answers, and what it means where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import MODEL, Fault, FaultServer
from tests.embedders.remote.test_redirects import make_certificate
from tests.studies.doctor.endpoints import HERE, examine_address, examine_fault, open_with
from workbench.contracts import Answer, Ask
from workbench.studies.doctor.reach import is_loopback, judge_reach

ASK = Ask(("apple",))


def test_a_server_that_answers_is_reached() -> None:
    found = examine_fault()
    assert found["reach"].status == "ok"
    assert "127.0.0.1" in found["reach"].says


@pytest.mark.parametrize("fault", [f.NO_PATH, f.NO_KEY, f.FAILS], ids=["404", "401", "500"])
def test_a_refusal_is_an_answer(fault: Fault) -> None:
    assert examine_fault(fault)["reach"].status == "ok"


def test_a_port_where_nothing_listens_is_named() -> None:
    with FaultServer() as server:
        url = server.base_url
    found = examine_address(url)
    assert (found["reach"].status, found["reach"].cause) == ("fail", "nothing_listens")
    assert url.split("/")[2] in found["reach"].says
    assert {found[probe].status for probe in ("path", "server", "auth", "model")} == {"unknown"}


def test_a_name_without_an_address_is_named() -> None:
    found = examine_address("http://no-such-host.invalid/v1")
    assert (found["reach"].status, found["reach"].cause) == ("fail", "dns_failed")
    assert "no-such-host.invalid" in found["reach"].says


def test_https_asked_of_a_server_of_http_is_told_to_ask_http() -> None:
    with FaultServer() as server:
        found = examine_address(server.base_url.replace("http:", "https:"))
        assert (found["reach"].status, found["reach"].cause) == ("fail", "tls_failed")
        assert server.base_url in found["reach"].mend


def test_https_asked_of_a_server_that_is_silent_to_it_is_told_to_ask_http() -> None:
    with FaultServer() as server:
        server.mute = True
        found = examine_address(server.base_url.replace("http:", "https:"), timeout_s=2)
        assert found["reach"].status == "fail"
        assert f"try {server.base_url}" in found["reach"].mend


def test_http_asked_of_a_server_of_https_is_told_to_ask_https() -> None:
    words = "a page, '400 The plain HTTP request was sent to HTTPS port'"
    found = judge_reach(open_with(Answer(ASK, "refusal", "not_the_server", 400, words)))
    assert (found.status, found.cause) == ("fail", "tls_failed")
    assert HERE.replace("http:", "https:") in found.mend


def test_a_certificate_that_is_not_trusted_is_another_matter() -> None:
    words = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
    found = judge_reach(open_with(Answer(ASK, "trouble", "tls", words=words)))
    assert found.cause == "tls_failed"
    assert "SSL_CERT_FILE" in found.mend


def test_a_self_signed_certificate_over_a_real_socket(tmp_path: Path) -> None:
    with FaultServer(tls=make_certificate(tmp_path)) as server:
        found = examine_address(server.base_url)
    assert "SSL_CERT_FILE" in found["reach"].mend


@pytest.mark.parametrize(
    ("fault", "cause"),
    [(f.CLOSES, "connection_dropped"), (f.STALLS, "no_answer_in_time")],
    ids=["breaks", "stalls"],
)
def test_a_server_that_takes_the_connection_and_says_nothing(fault: Fault, cause: str) -> None:
    found = examine_fault(fault, timeout_s=2.0)
    assert (found["reach"].status, found["reach"].cause) == ("fail", cause)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("silent", "no_connection"), ("proxy", "proxy_refuses"), ("other", "unreachable")],
)
def test_every_kind_of_trouble_has_a_cause(kind: str, cause: str) -> None:
    found = judge_reach(open_with(Answer(ASK, "trouble", kind, words="what was raised")))
    assert (found.status, found.cause) == ("fail", cause)
    assert any("what was raised" in line for line in found.evidence)


@pytest.mark.parametrize("kind", ["silent", "timeout"])
def test_silence_in_https_may_be_a_server_that_speaks_http(kind: str) -> None:
    answer = Answer(ASK, "trouble", kind, words="no connection")
    url = "https://localhost:8080/v1"
    found = judge_reach(open_with(answer, given=url))
    assert "try http://localhost:8080/v1" in found.mend
    assert "http://" not in judge_reach(open_with(answer)).mend


def test_where_the_budget_allows_no_request_nothing_is_said() -> None:
    assert judge_reach(open_with(Answer(ASK, "unasked"))).status == "unknown"


def test_a_proxy_that_others_would_be_sent_through_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://somebody:secret@127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FaultServer() as server:
        found = examine_address(server.base_url, model=MODEL)
        assert (found["reach"].status, found["reach"].cause) == ("warn", "proxy_in_environment")
        assert "NO_PROXY" in found["reach"].mend
        assert "secret" not in repr(found)
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        assert examine_address(server.base_url)["reach"].status == "ok"


def test_a_proxy_before_a_host_elsewhere_is_no_fault() -> None:
    answer = Answer(ASK, "refusal", "key", 401, "Unauthorized")
    evidence = open_with(answer, given="https://models.example/v1", proxy="proxy.example:3128")
    found = judge_reach(evidence)
    assert found.status == "ok"
    assert "proxy.example:3128" in found.says


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.5/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://a.localhost/v1", True),
        ("http://10.0.0.1/v1", False),
        ("https://models.example/v1", False),
    ],
)
def test_addresses_of_this_machine_are_told_from_others(url: str, here: bool) -> None:
    assert is_loopback(url) is here
