"""The doctor's first probes on real servers: in good health, and as people start them wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.doctor.starting import run_llamacpp, run_without_embeddings
from tests.engines.gguf import write_gguf
from tests.engines.servers import KEY, Served
from tests.studies.doctor.endpoints import Examined, examine_address
from workbench.contracts import Reference
from workbench.embedders import load, reference_for

SERVERS = [
    pytest.param("llamacpp", "any_name_answers", "", id="llamacpp"),
    pytest.param("llamacpp_minilm", "any_name_answers", "", id="llamacpp-minilm"),
    pytest.param("infinity", "any_name_answers", "usage_counts_characters", id="infinity"),
    pytest.param(
        "infinity_minilm", "any_name_answers", "usage_counts_characters", id="infinity-minilm"
    ),
    pytest.param("vllm", "", "", id="vllm"),
    pytest.param("vllm_minilm", "", "", id="vllm-minilm"),
    pytest.param("sglang", "any_name_answers", "", id="sglang", marks=pytest.mark.sglang),
]
"""Each with what may be remarked upon: of the name, and of the counts."""


def trust(directory: Path) -> Reference:
    return reference_for(load(str(directory)))


def examine(served: Served) -> Examined:
    engine = served.engine
    key = KEY if engine.plan.key_env else None
    reference = trust(served.directory)
    return examine_address(
        engine.base_url, model=engine.served_name, key=key, reference=reference, timeout_s=60
    )


@pytest.mark.parametrize(("name", "named", "counted"), SERVERS)
def test_a_sound_server_is_warned_of_nothing(
    name: str, named: str, counted: str, request: pytest.FixtureRequest
) -> None:
    found = examine(request.getfixturevalue(name))
    bad = [finding for finding in found.findings.values() if finding.status != "ok"]
    assert bad == []
    assert (found["model"].cause, found["tokens"].cause) == (named, counted)
    assert found.requests <= 30


def test_a_file_that_forgot_the_end_token_is_seen_by_its_counts(
    tiny_model: Path, tmp_path: Path
) -> None:
    file = write_gguf(tiny_model, tmp_path / "no-end.gguf", end_token=False)
    with run_llamacpp(file) as server:
        found = examine_address(server.base_url, model=server.name, reference=trust(tiny_model))
    assert found.causes("warn") == {"tokens": "end_token_missing"}
    assert found["tokens"].confidence == 0.9  # /tokenize agrees


def test_a_chat_server_is_told_how_to_embed(tiny_gguf: Path) -> None:
    with run_without_embeddings(tiny_gguf) as server:
        found = examine_address(server.base_url, model=server.name)
    assert found.causes("fail") == {"server": "embeddings_off"}
    assert "--embeddings" in found["server"].mend


@pytest.mark.parametrize(
    ("cut", "given", "probe", "cause"),
    [
        ("/v1", KEY, "path", "native_route"),
        ("", "sk-another-key-of-some-length", "auth", "key_refused"),
        ("", None, "auth", "key_missing"),
    ],
    ids=["address without /v1", "wrong key", "no key"],
)
def test_an_address_or_a_key_that_is_wrong_is_named(
    llamacpp: Served, cut: str, given: str | None, probe: str, cause: str
) -> None:
    url = llamacpp.engine.base_url.removesuffix(cut) if cut else llamacpp.engine.base_url
    found = examine_address(url, model=llamacpp.engine.served_name, key=given)
    assert found.causes("fail") == {probe: cause}


def test_a_model_that_vllm_does_not_serve_is_named_with_the_one_it_does(vllm: Served) -> None:
    found = examine_address(vllm.engine.base_url, model="no-such-model", key=KEY)
    assert found.causes("fail") == {"model": "model_not_served"}
    assert vllm.engine.served_name in found["model"].mend
