"""The same request again and again."""

from __future__ import annotations

import pytest

from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.toys import Vector, drift, examine, healthy, right, serve
from workbench.contracts import Budget, Finding
from workbench.studies.doctor.stability import CALLS, PROBE


def find(fault: Fault, budget: Budget | None = None) -> Finding:
    _, (finding,) = examine(fault, PROBE, budget=budget)
    return finding


def test_a_server_that_answers_alike_is_bitwise_equal() -> None:
    finding = find(serve(healthy))
    assert (finding.status, finding.cause) == ("ok", "")
    assert "20 calls" in finding.says
    assert "bitwise equal" in finding.says
    assert finding.numbers["largest"] == 0


@pytest.mark.parametrize(
    ("size", "words"), [(1e-7, "float32"), (1e-3, "half precision")], ids=["float32", "half"]
)
def test_drift_of_arithmetic_is_told_and_no_fault(size: float, words: str) -> None:
    def drifting(call: Call) -> list[Vector]:
        return [drift(right(text), f"{text}{call.number}", size) for text in call.texts]

    finding = find(serve(drifting))
    assert finding.status == "ok"
    assert words in finding.says
    assert 0 < finding.numbers["largest"] < 6 * size


def test_a_prefix_cache_that_spoils_every_later_call_is_named() -> None:
    seen: set[str] = set()

    def spoiled(call: Call) -> list[Vector]:
        found = [drift(right(t), t, 0.4) if t in seen else right(t) for t in call.texts]
        seen.update(call.texts)
        return found

    finding = find(serve(spoiled))
    assert (finding.status, finding.cause) == ("fail", "second_call_differs")
    assert "prefix caching" in finding.mend


@pytest.mark.parametrize("odd", [0, 7], ids=["the first of all", "one in the middle"])
def test_one_call_of_twenty_that_is_off_is_two_clusters(odd: int) -> None:
    first: list[int] = []

    def sometimes(call: Call) -> list[Vector]:
        if len(call.texts) != 4:
            return healthy(call)
        first.append(call.number)
        off = call.number == first[0] + odd
        return [drift(right(t), t, 0.4) if off else right(t) for t in call.texts]

    finding = find(serve(sometimes))
    assert (finding.status, finding.cause) == ("fail", "two_clusters")
    assert "1 of 20" in finding.says


def test_a_call_in_twenty_that_falls_on_first_calls_is_no_rule() -> None:
    first: list[int] = []

    def every_twentieth(call: Call) -> list[Vector]:
        if len(call.texts) != 4:
            return healthy(call)
        first.append(call.number)
        off = (call.number - first[0]) % 20 == 0
        return [drift(right(t), t, 0.4) if off else right(t) for t in call.texts]

    assert find(serve(every_twentieth)).cause == "two_clusters"


def test_noise_in_every_call_is_more_than_two_answers() -> None:
    def noisy(call: Call) -> list[Vector]:
        return [drift(right(t), f"{t}{call.number}", 0.1) for t in call.texts]

    finding = find(serve(noisy))
    assert (finding.status, finding.cause) == ("fail", "answers_vary")


def test_calls_that_fail_now_and_then_are_a_warning() -> None:
    def failing(_: FaultServer, call: Call) -> Reply | None:
        if len(call.texts) == 4 and call.number % 7 == 0:
            return as_json({"error": {"message": "out of memory"}}, status=500)
        return None

    finding = find(failing)
    assert (finding.status, finding.cause) == ("warn", "calls_fail")
    assert any("out of memory" in line for line in finding.evidence)


def test_a_spent_budget_is_no_finding() -> None:
    finding = find(serve(healthy), budget=Budget(requests=20, tokens=60_000))
    assert finding.status == "unknown"


def test_as_many_calls_are_sent_as_are_said() -> None:
    evidence, _ = examine(serve(healthy), PROBE)
    assert len(evidence.repeats) == CALLS
    assert len({answer.ask for answer in evidence.repeats}) == 1
