"""Whether names and widths speak against the model, and which names are known."""

from __future__ import annotations

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import MODEL, Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.endpoints import examine_address, examine_fault, lists
from tests.studies.doctor.toys import ToyReference
from workbench.studies.doctor.known import find_known
from workbench.studies.doctor.models import NOBODY

QWEN = "Qwen/Qwen3-Embedding-0.6B"


def answers_as(name: str) -> Fault:
    return f.alters(lambda payload, call: payload.update(model=name))


def serves_only(*names: str) -> Fault:
    def answer(server: FaultServer, call: Call) -> Reply | None:
        return None if call.asked.get("model") in names else f.NO_MODEL(server, call)

    return answer


def test_a_name_that_is_listed_and_the_only_one_answered_is_right() -> None:
    finding = examine_fault(serves_only(MODEL))["model"]
    assert (finding.status, finding.cause) == ("ok", "")
    assert "listed and answered" in finding.says
    assert any(NOBODY in line and "404" in line for line in finding.evidence)


def test_a_server_that_answers_to_any_name_is_remarked_upon() -> None:
    finding = examine_fault(model="something-else")["model"]
    assert (finding.status, finding.cause) == ("ok", "any_name_answers")
    assert "'something-else' is not listed but answered" in finding.says
    assert f"served: {MODEL!r}" in finding.evidence


def test_a_name_that_is_not_served_fails_with_the_names_that_are() -> None:
    finding = examine_fault(serves_only("a", "b"), other=lists({"id": "a"}, {"id": "b"}))["model"]
    assert (finding.status, finding.cause) == ("fail", "model_not_served")
    assert "'a', 'b'" in finding.mend


def test_one_of_several_has_to_be_named() -> None:
    cards = lists({"id": "a"}, {"id": "b"})
    finding = examine_fault(serves_only("a", "b"), model=None, other=cards)["model"]
    assert (finding.status, finding.cause) == ("fail", "model_not_named")
    assert "'a', 'b'" in finding.mend


def test_a_long_list_is_cut_short() -> None:
    cards = lists(*({"id": f"model-{number}"} for number in range(500)))
    finding = examine_fault(serves_only(), other=cards)["model"]
    assert "and 488 more" in finding.mend
    assert len(finding.mend) < 1000


@pytest.mark.parametrize(
    ("root", "answered", "other"),
    [
        ("/models/Qwen3-Embedding-4B", MODEL, "Qwen3-Embedding-4B"),
        ("BAAI/bge-m3", MODEL, "bge-m3"),
        (None, "/models/bge-m3", "bge-m3"),
    ],
    ids=["another size", "another model", "by its answer"],
)
def test_other_weights_behind_the_name_are_named(
    root: str | None, answered: str, other: str
) -> None:
    card = lists({"id": QWEN, "root": root})
    finding = examine_fault(answers_as(answered), model=QWEN, other=card)["model"]
    assert (finding.status, finding.cause) == ("fail", "other_model_listed")
    assert other in finding.says


def test_the_only_model_of_a_server_that_takes_any_name_is_the_one_that_answers() -> None:
    finding = examine_fault(model=QWEN, other=lists({"id": "bge-m3"}))["model"]
    assert finding.cause == "other_model_listed"


@pytest.mark.parametrize("root", [QWEN, "./Qwen3-Embedding-0.6B", "/models/mine", None])
def test_weights_of_that_name_or_of_none_that_is_known_are_no_fault(root: str | None) -> None:
    with FaultServer(answers_as(str(root)), dim=1024) as server:
        server.other_fault = lists({"id": QWEN, "root": root})
        assert examine_address(server.base_url, model=QWEN)["model"].status == "ok"


@pytest.mark.parametrize(
    ("dim", "cause", "words"),
    [
        (1024, "any_name_answers", ""),
        (4096, "wrong_width", "Qwen3-Embedding-8B"),
        (256, "wrong_width", "cut"),
    ],
)
def test_the_width_of_a_known_model_is_held_against_what_comes(
    dim: int, cause: str, words: str
) -> None:
    with FaultServer(dim=dim) as server:
        server.other_fault = lists({"id": QWEN})
        finding = examine_address(server.base_url, model=QWEN)["model"]
    assert finding.cause == cause
    assert words in finding.says
    assert finding.numbers["width"] == dim
    assert finding.numbers["known_width"] == 1024


def test_with_a_reference_the_width_is_for_parity_to_judge() -> None:
    with FaultServer(dim=256) as server:
        server.other_fault = lists({"id": QWEN})
        found = examine_address(server.base_url, model=QWEN, reference=ToyReference())
    assert found["model"].status == "ok"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (QWEN, "Qwen3-Embedding-0.6B"),
        ("./Qwen3-Embedding-0.6B/", "Qwen3-Embedding-0.6B"),
        ("qwen3-embedding:0.6b", "Qwen3-Embedding-0.6B"),
        ("qwen3-embedding:8b-q8_0", "Qwen3-Embedding-8B"),
        ("text-embedding-qwen3-embedding-4b", "Qwen3-Embedding-4B"),
        ("Qwen3-Embedding-0.6B-Q8_0.gguf", "Qwen3-Embedding-0.6B"),
        ("/cache/models--Qwen--Qwen3-Embedding-4B/snapshots/abc", "Qwen3-Embedding-4B"),
        ("BAAI/bge-m3", "bge-m3"),
        ("sentence-transformers/all-MiniLM-L6-v2", "all-MiniLM-L6-v2"),
        ("bge-m3-retromae", None),
        ("multilingual-e5-large-instruct", None),
        ("qwen3-embedding", None),
        ("Qwen3-Reranker-0.6B", None),
        ("my-Qwen3-Embedding-0.6B-finetuned", None),
        ("", None),
    ],
)
def test_known_names_are_found_however_they_are_wrapped(name: str, known: str | None) -> None:
    found = find_known(name)
    assert (None if found is None else found.name) == known


def test_the_made_up_name_is_asked_for_once() -> None:
    with FaultServer() as server:
        examine_address(server.base_url)
        names = [call.asked["model"] for call in server.asked]
    assert names.count(NOBODY) == 1
    assert ":" not in NOBODY


def test_a_list_of_models_that_is_no_list_is_no_fault() -> None:
    odd: Fault = lambda server, call: as_json({"data": "none"})  # noqa: E731
    assert examine_fault(other=odd)["model"].status == "ok"
