"""What program it is, whether it embeds at all, and versions that are known for wrong vectors."""

from __future__ import annotations

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import MODEL, Call, Fault, FaultServer, Reply, as_json
from tests.studies.doctor.endpoints import examine_fault, lists, open_with
from workbench.contracts import Answer, Ask
from workbench.studies.doctor.serving import judge_server, read_version

VECTORS = Answer(Ask(("apple",)), "vectors", status=200)


def vllm(version: str) -> Fault:
    def answer(server: FaultServer, call: Call) -> Reply | None:
        if call.target == "/version":
            return as_json({"version": version})
        return lists({"id": MODEL, "owned_by": "vllm", "max_model_len": 512})(server, call)

    return answer


def test_program_and_version_are_told_with_what_showed_them() -> None:
    finding = examine_fault(other=vllm("0.32.0"))["server"]
    assert (finding.status, finding.says) == ("ok", "vLLM 0.32.0")
    assert "recognised: its list of models says owned_by 'vllm'" in finding.evidence
    assert "it states a longest input of 512 tokens" in finding.evidence


def test_a_program_that_does_not_say_what_it_is_is_no_fault() -> None:
    finding = examine_fault()["server"]
    assert (finding.status, finding.cause) == ("ok", "")


@pytest.mark.parametrize(
    ("owner", "switch"),
    [("sglang", "--is-embedding"), ("llamacpp", "--embeddings"), ("vllm", "--runner pooling")],
)
def test_a_server_that_was_not_started_to_embed_is_told_which_switch(
    owner: str, switch: str
) -> None:
    finding = examine_fault(f.NO_EMBEDDINGS, other=lists({"id": MODEL, "owned_by": owner}))[
        "server"
    ]
    assert (finding.status, finding.cause) == ("fail", "embeddings_off")
    assert switch in finding.mend


@pytest.mark.parametrize(
    "fault", [f.FAILS, f.ERROR_WITH_200, f.REFUSES], ids=["500", "error with 200", "400"]
)
def test_a_server_that_fails_at_the_first_text_is_named(fault: Fault) -> None:
    finding = examine_fault(fault)["server"]
    assert (finding.status, finding.cause) == ("fail", "server_fails")
    assert "log" in finding.mend


def test_a_server_that_is_not_ready_is_not_judged() -> None:
    found = examine_fault(f.UNAVAILABLE)
    assert (found["server"].status, found["server"].cause) == ("unknown", "busy")
    assert "fail" not in {finding.status for finding in found.findings.values()}


@pytest.mark.parametrize(
    ("engine", "label", "model", "status"),
    [
        ("tei", "Text Embeddings Inference 1.7.2", "Qwen/Qwen3-Embedding-0.6B", "warn"),
        ("tei", "Text Embeddings Inference 1.7.4", "Qwen/Qwen3-Embedding-0.6B", "ok"),
        ("tei", "Text Embeddings Inference 1.10.0", "Qwen/Qwen3-Embedding-0.6B", "ok"),
        ("tei", "Text Embeddings Inference 1.7.2", "BAAI/bge-m3", "ok"),
        ("tei", "Text Embeddings Inference", "Qwen/Qwen3-Embedding-0.6B", "ok"),
        ("sglang", "SGLang 0.5.8", "BAAI/bge-small-zh-v1.5", "warn"),
        ("sglang", "SGLang 0.5.9", "BAAI/bge-small-zh-v1.5", "ok"),
        ("sglang", "SGLang 0.5.10", "BAAI/bge-small-zh-v1.5", "ok"),
        ("sglang", "SGLang 0.5.8", "Qwen/Qwen3-Embedding-0.6B", "ok"),
        ("vllm", "vLLM 0.5.8", "BAAI/bge-small-zh-v1.5", "ok"),
    ],
)
def test_known_bad_versions_are_warned_of_where_the_model_is_concerned(
    engine: str, label: str, model: str, status: str
) -> None:
    finding = judge_server(open_with(VECTORS, engine=engine, label=label, model=model))
    assert finding.status == status
    assert finding.cause == ("known_bad_version" if status == "warn" else "")


def test_what_a_later_probe_tries_is_told_and_not_warned_of() -> None:
    evidence = open_with(
        VECTORS, engine="tei", label="TEI 1.9.3", model="Qwen/Qwen3-Embedding-0.6B"
    )
    finding = judge_server(evidence)
    assert finding.status == "ok"
    assert any("issue 882" in line for line in finding.evidence)


def test_the_weights_behind_a_served_name_count_as_its_name() -> None:
    evidence = open_with(
        VECTORS,
        engine="sglang",
        label="SGLang 0.5.8",
        model="embedder",
        served=("embedder",),
        roots=("/models/bge-base-en-v1.5",),
    )
    assert judge_server(evidence).cause == "known_bad_version"


@pytest.mark.parametrize(
    ("label", "version"),
    [
        ("vLLM 0.32.0", (0, 32, 0)),
        ("SGLang 0.5.9rc1", (0, 5, 9)),
        ("TEI v1.7.2", (1, 7, 2)),
        ("llama.cpp b1234-abcdef", None),
        ("Ollama", None),
        (None, None),
    ],
)
def test_versions_are_read_from_labels(label: str | None, version: tuple[int, ...] | None) -> None:
    assert read_version(label) == version
