"""How many texts and bytes a request may hold."""

from __future__ import annotations

import pytest

from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.toys import examine, healthy, serve
from workbench.contracts import Budget, Finding
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.limits import PROBE


def find(fault: Fault, *, deep: bool = False) -> tuple[Evidence, Finding]:
    evidence, (finding,) = examine(fault, PROBE, deep=deep)
    return evidence, finding


def items_up_to(most: int, words: str = "too many", status: int = 422) -> Fault:
    def answer(server: FaultServer, call: Call) -> Reply:
        if len(call.texts) > most:
            return as_json({"error": {"message": words}}, status=status)
        return serve(healthy)(server, call)

    return answer


def bytes_up_to(most: int) -> Fault:
    page = b"<html><head><title>413 Request Entity Too Large</title></head></html>"

    def answer(server: FaultServer, call: Call) -> Reply:
        if len(call.body) > most:
            return Reply(413, page, {"Content-Type": "text/html"})
        return serve(healthy)(server, call)

    return answer


def test_a_server_without_limits_is_told_what_was_tried() -> None:
    evidence, finding = find(serve(healthy))
    assert (finding.status, finding.cause) == ("ok", "")
    assert finding.says == "A request may hold at least 256 texts and 1.1 MB"
    assert [len(answer.ask.texts) for answer in evidence.items] == [32, 64, 128, 256]


def test_a_deep_look_sends_more() -> None:
    evidence, finding = find(serve(healthy), deep=True)
    assert finding.numbers["items"] == 4_096
    assert finding.numbers["bytes"] == 2_200_000
    assert len(evidence.bytes_) == 2


@pytest.mark.parametrize("most", [33, 100, 255])
def test_a_limit_that_is_not_said_is_found(most: int) -> None:
    evidence, finding = find(items_up_to(most))
    assert (finding.status, finding.numbers["items"]) == ("ok", most)
    assert f"{most} texts" in finding.says
    assert len(evidence.items) <= 12


def test_a_limit_in_the_server_s_words_is_taken() -> None:
    words = "batch size 64 > maximum allowed batch size 32"
    evidence, finding = find(items_up_to(32, words, 413))
    assert (finding.status, finding.numbers["items"]) == ("ok", 32)
    assert len(evidence.items) == 2


@pytest.mark.parametrize("most", [1, 10, 31])
def test_fewer_than_clients_send_is_a_warning(most: int) -> None:
    _, finding = find(items_up_to(most))
    assert (finding.status, finding.cause) == ("warn", "few_items")
    assert finding.numbers["items"] == most


def test_an_error_ends_the_asking() -> None:
    evidence, finding = find(items_up_to(100, "out of memory", 500))
    assert (finding.status, finding.cause) == ("warn", "many_items_fail")
    assert len(evidence.items) == 3


def test_the_default_of_nginx_is_found_and_named() -> None:
    evidence, finding = find(bytes_up_to(2**20))
    assert (finding.status, finding.cause) == ("warn", "small_bodies")
    assert "client_max_body_size" in finding.mend
    assert finding.numbers["bytes"] == 1_000_000
    assert len(evidence.bytes_) == 2


def test_a_limit_of_two_megabytes_is_a_fact() -> None:
    _, finding = find(bytes_up_to(2_000_000), deep=True)
    assert finding.status == "ok"
    assert any("2,200,000 bytes: HTTP 413" in line for line in finding.evidence)


def test_nothing_asked_is_nothing_known() -> None:
    _, (finding,) = examine(serve(healthy), PROBE, budget=Budget(requests=22, tokens=60_000))
    assert finding.status in ("ok", "unknown")
    _, (finding,) = examine(serve(healthy), PROBE, budget=Budget(requests=10, tokens=60_000))
    assert finding.status == "unknown"
