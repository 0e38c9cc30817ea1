"""Which path embeds, and what an OpenAI client with the given address would meet."""

from __future__ import annotations

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply
from tests.studies.doctor.endpoints import examine_address, examine_fault, only_at


def test_the_given_address_embeds() -> None:
    found = examine_fault()
    assert found["path"].status == "ok"
    assert "base_url http://127.0.0.1" in found["path"].says


@pytest.mark.parametrize(
    ("given", "right", "cause"),
    [
        ("", "/v1", "path_without_v1"),
        ("/v1", "", "path_with_v1"),
        ("/gateway", "/gateway/v1", "path_without_v1"),
        ("/api/v2", "/v1", "wrong_path"),
        ("/v1/engines", "/v1", "wrong_path"),
        ("/api/v1", "/v1", "wrong_path"),
    ],
    ids=lambda word: word or "root",
)
def test_a_neighbour_that_embeds_is_named_and_the_given_address_fails(
    given: str, right: str, cause: str
) -> None:
    with FaultServer(only_at(f"{right}/embeddings")) as server:
        finding = examine_address(f"{server.origin}{given}")["path"]
        assert (finding.status, finding.cause) == ("fail", cause)
        assert f"{server.origin}{right}." in finding.mend


def test_the_native_route_of_llamacpp_is_told_from_the_one_of_openai() -> None:
    def llamacpp(server: FaultServer, call: Call) -> Reply | None:
        return None if call.target.startswith("/v1/") else f.bare_list(server, call)

    finding = examine_fault(llamacpp, path="")["path"]
    assert (finding.status, finding.cause) == ("fail", "native_route")
    assert "/v1." in finding.mend


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (f.NO_PATH, "no_embeddings_route"),
        (f.NO_METHOD, "no_embeddings_route"),
        (f.page(200, "Welcome"), "not_an_api"),
        (f.page(404, "Not Found"), "no_embeddings_route"),
        (f.BAD_GATEWAY, "gateway_without_server"),
        (f.page(501, "Unsupported method ('POST')"), "no_embeddings_route"),
        (f.says(200, b"It works!"), "not_an_api"),
        (f.CHAT_COMPLETION, "not_an_api"),
        (f.sends_to("https://login.example.invalid", 302), "redirected"),
        (f.sends_to("https://login.example.invalid", 307), "redirected"),
    ],
    ids=["404", "405", "page", "page 404", "502", "files", "text", "chat", "302", "307"],
)
def test_what_answers_and_does_not_embed_is_named(fault: Fault, cause: str) -> None:
    found = examine_fault(fault)
    assert (found["path"].status, found["path"].cause) == ("fail", cause)
    assert found["reach"].status == "ok"
    assert all("/embeddings: " in line for line in found["path"].evidence)


@pytest.mark.parametrize(
    "fault",
    [f.NO_MODEL, f.NO_EMBEDDINGS, f.FAILS, f.EMPTY_DATA, f.ERROR_WITH_200],
    ids=["model", "off", "500", "no data", "error with 200"],
)
def test_a_route_that_is_there_is_not_to_blame(fault: Fault) -> None:
    assert examine_fault(fault)["path"].status == "ok"


def test_before_a_key_is_taken_no_path_can_be_told() -> None:
    assert examine_fault(f.NO_KEY)["path"].status == "unknown"


def test_what_was_changed_in_the_address_is_told() -> None:
    finding = examine_fault(path="/v1/embeddings")["path"]
    assert finding.status == "ok"
    assert any("took /embeddings off" in line for line in finding.evidence)
