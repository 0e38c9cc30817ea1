"""The doctor's probes of calls, company, length, width and size, on real servers in good health."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.servers import KEY, Served, serving
from workbench.contracts import Ask, Budget, Finding, Reference
from workbench.embedders import load, reference_for
from workbench.embedders.remote import EndpointLine
from workbench.engines import Engine
from workbench.studies.doctor import (
    batching,
    dimensions,
    latency,
    limits,
    stability,
    truncation,
)
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.texts import TEXTS

PROBES = (
    stability.PROBE,
    batching.PROBE,
    truncation.PROBE,
    dimensions.PROBE,
    limits.PROBE,
    latency.PROBE,
)
IGNORES = {"dimensions": "dimensions_ignored"}
INFINITY = {"truncation": "cut_silently", "dimensions": "dimensions_not_normalised"}
SERVERS = [
    pytest.param("llamacpp", IGNORES, id="llamacpp"),
    pytest.param("llamacpp_minilm", IGNORES, id="llamacpp-minilm"),
    pytest.param("infinity", INFINITY, id="infinity"),
    pytest.param("infinity_minilm", INFINITY, id="infinity-minilm"),
    pytest.param("vllm", {}, id="vllm"),
    pytest.param("vllm_minilm", {}, id="vllm-minilm"),
    pytest.param("sglang", {}, id="sglang", marks=pytest.mark.sglang),
]
"""Each with all that may be warned of: what its documentation or its source says it does."""


@contextmanager
def open_line(engine: Engine) -> Iterator[EndpointLine]:
    key = KEY if engine.plan.key_env else None
    budget = Budget(requests=200, tokens=60_000)
    line = EndpointLine(engine.base_url, engine.served_name, key=key, budget=budget)
    try:
        yield line
    finally:
        line.close()


def examine(line: EndpointLine, reference: Reference | None) -> list[Finding]:
    evidence = Evidence(line.open(), reference)
    evidence.alone = line.ask([Ask((text,)) for text in TEXTS])
    evidence.batch, evidence.packed = line.ask([Ask(TEXTS), Ask(TEXTS, "base64")])
    findings = []
    for probe in PROBES:
        if probe.ask is not None:
            probe.ask(line, evidence)
        findings.append(probe.judge(evidence))
    return findings


def name_causes(findings: Sequence[Finding]) -> dict[str, str]:
    return {f.probe: f.cause for f in findings if f.status != "ok"}


@pytest.mark.parametrize("informed", [True, False], ids=["reference", "none"])
@pytest.mark.parametrize(("server", "known"), SERVERS)
def test_a_healthy_server_is_warned_of_for_nothing_but_what_is_true(
    server: str, known: dict[str, str], informed: bool, request: pytest.FixtureRequest
) -> None:
    served: Served = request.getfixturevalue(server)
    weights = reference_for(load(served.directory, dtype="float32", device="cpu"))
    with open_line(served.engine) as line:
        findings = examine(line, weights if informed else None)
        spent = line.spent
    told = "\n".join(f"{f.probe}: {f.says}" for f in findings)
    print(f"{server}: {spent.requests} requests, {spent.tokens:,} tokens\n{told}")
    assert {f.status for f in findings} <= {"ok", "warn"}, told
    assert name_causes(findings) == known, told
    assert spent.requests <= 130
    assert spent.tokens <= 50_000


def test_a_context_below_the_model_s_length_is_named(tiny_gguf: Path, tiny_model: Path) -> None:
    extra = ("--ctx-size", "256", "--batch-size", "256", "--ubatch-size", "256")
    weights = reference_for(load(tiny_model, dtype="float32", device="cpu"))
    with serving("llamacpp", tiny_gguf, extra=extra) as engine, open_line(engine) as line:
        findings = {f.probe: f for f in examine(line, weights)}
    truncated = findings["truncation"]
    assert (truncated.status, truncated.cause) == ("warn", "context_too_small")
    assert "above 256 tokens are refused" in truncated.says
    assert "--ubatch-size" in truncated.mend
