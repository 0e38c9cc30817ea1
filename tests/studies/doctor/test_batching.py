"""Texts alone, among others, in another order and in a crowd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.embedders.remote.fault_server import Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.toys import DIM, Vector, drift, examine, healthy, right, serve
from workbench.contracts import Finding
from workbench.studies.doctor import batching, stability
from workbench.studies.doctor.texts import TEXTS


def find(fault: Fault) -> Finding:
    _, (_, finding) = examine(fault, stability.PROBE, batching.PROBE)
    return finding


def test_a_sound_server_gives_one_vector_in_any_company() -> None:
    finding = find(serve(healthy))
    assert (finding.status, finding.cause) == ("ok", "")
    assert "bitwise equal" in finding.says
    assert len(finding.evidence) == 7


def test_drift_of_half_precision_in_batches_is_told_and_no_fault() -> None:
    def drifting(call: Call) -> list[Vector]:
        return [drift(right(t), f"{t}{len(call.texts)}", 1e-4) for t in call.texts]

    finding = find(serve(drifting))
    assert finding.status == "ok"
    assert "half precision" in finding.says
    assert "0.999" in finding.says


def padded(texts: list[str]) -> list[Vector]:
    """Shorter texts see the padding that the longest one makes."""
    longest = max(map(len, texts))
    return [right(text.ljust(longest)) for text in texts]


def alike(texts: list[str]) -> list[Vector]:
    """Without padding the causal mask is forgotten, where there is more than one text."""
    spoiled = len(texts) > 1 and len({len(text) for text in texts}) == 1
    return [drift(right(text), text, 0.8) if spoiled else right(text) for text in texts]


def reversed_order(texts: list[str]) -> list[Vector]:
    return [right(text) for text in reversed(texts)]


def sorted_order(texts: list[str]) -> list[Vector]:
    return [right(text) for text in sorted(texts, key=len)]


def turned_order(texts: list[str]) -> list[Vector]:
    return [right(text) for text in (*texts[1:], texts[0])]


ALONE: dict[str, tuple[Callable[[list[str]], list[Vector]], str, str]] = {
    "padding": (padded, "batch_dependent", "depends on the texts it is sent with"),
    "equal lengths": (alike, "equal_length_batch", "all texts of a batch are of one length"),
    "reversed": (reversed_order, "order_reversed", "reversed order"),
    "sorted": (sorted_order, "order_permuted", "by length"),
    "turned": (turned_order, "order_permuted", "another order"),
}


@pytest.mark.parametrize(("recipe", "cause", "words"), ALONE.values(), ids=ALONE)
def test_a_fault_of_company_is_named(
    recipe: Callable[[list[str]], list[Vector]], cause: str, words: str
) -> None:
    finding = find(serve(lambda call: recipe(call.texts)))
    assert (finding.status, finding.cause) == ("fail", cause)
    assert words in finding.says
    assert finding.evidence


def is_crowded(server: FaultServer, call: Call) -> bool:
    """Whether others are being answered; each single text takes long enough for others to come."""
    if len(call.texts) == 1:
        server.over.wait(0.01)
    return len(call.texts) == 1 and server.most_at_once > 1


def test_vectors_that_change_in_a_crowd_only_are_of_concurrency() -> None:
    def answer(server: FaultServer, call: Call) -> Reply:
        if is_crowded(server, call):
            return serve(lambda c: [drift(right(t), t, 0.5) for t in c.texts])(server, call)
        return serve(healthy)(server, call)

    finding = find(answer)
    assert (finding.status, finding.cause) == ("fail", "concurrency")


def test_answers_that_go_to_the_wrong_asker_are_named() -> None:
    def answer(server: FaultServer, call: Call) -> Reply:
        if is_crowded(server, call):
            other = TEXTS[(TEXTS.index(call.texts[0]) + 1) % len(TEXTS)]
            return serve(lambda _: [right(other)])(server, call)
        return serve(healthy)(server, call)

    finding = find(answer)
    assert (finding.status, finding.cause) == ("fail", "answers_crossed")


def test_a_crowd_that_is_turned_away_is_a_warning() -> None:
    def busy(server: FaultServer, call: Call) -> Reply:
        if is_crowded(server, call):
            return as_json({"error": {"message": "slow down"}}, status=429)
        return serve(healthy)(server, call)

    finding = find(busy)
    assert (finding.status, finding.cause) == ("warn", "crowd_refused")
    assert any("slow down" in line for line in finding.evidence)


def test_a_text_without_a_vector_is_not_blamed_on_the_crowd() -> None:
    def holes(call: Call) -> list[Vector]:
        bad = np.full(DIM, np.nan, np.float32)
        return [bad if t.startswith("import") else right(t) for t in call.texts]

    assert find(serve(holes)).status == "ok"


def test_a_batch_is_not_blamed_for_what_single_calls_do_too() -> None:
    def varying(call: Call) -> list[Vector]:
        return [drift(right(t), f"{t}{call.number}", 0.2) for t in call.texts]

    _, (again, finding) = examine(serve(varying), stability.PROBE, batching.PROBE)
    assert again.cause == "answers_vary"
    assert finding.status == "unknown"


def test_a_prefix_cache_has_one_cause_in_both_probes() -> None:
    seen: set[str] = set()

    def spoiled(call: Call) -> list[Vector]:
        found = [drift(right(t), t, 0.4) if t in seen else right(t) for t in call.texts]
        seen.update(call.texts)
        return found

    assert find(serve(spoiled)).cause == "second_call_differs"


def test_a_server_without_batches_is_no_fault_here() -> None:
    def single(server: FaultServer, call: Call) -> Reply:
        if len(call.texts) > 1:
            return as_json({"error": {"message": "one at a time"}}, status=400)
        return serve(healthy)(server, call)

    assert find(single).status == "ok"
