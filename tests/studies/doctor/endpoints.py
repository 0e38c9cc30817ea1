"""The doctor's first probes at an endpoint, as an examination asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.embedders.remote.fault_server import MODEL, Call, Fault, FaultServer, Reply, as_json
from workbench.contracts import Answer, Attempt, Budget, Finding, Opening, Reference
from workbench.embedders.remote.line import EndpointLine
from workbench.studies.doctor import (
    keys,
    models,
    paths,
    payload,
    reach,
    serving,
    tokens,
    vectors,
)
from workbench.studies.doctor.evidence import Evidence

FIRST = (
    reach.PROBE,
    paths.PROBE,
    serving.PROBE,
    keys.PROBE,
    models.PROBE,
    tokens.PROBE,
    payload.PROBE,
    vectors.PROBE,
)
HERE = "http://127.0.0.1:30000/v1"


@dataclass
class Examined:
    """What the first probes found.

    Attributes:
        evidence: What they asked and were answered.
        findings: By probe.
        requests: That the line counted.
    """

    evidence: Evidence
    findings: dict[str, Finding] = field(default_factory=dict)
    requests: int = 0

    def __getitem__(self, probe: str) -> Finding:
        return self.findings[probe]

    def causes(self, status: str) -> dict[str, str]:
        """Probe to cause of all findings of a status."""
        return {f.probe: f.cause for f in self.findings.values() if f.status == status}


def examine_address(
    base_url: str,
    *,
    model: str | None = MODEL,
    key: str | None = None,
    reference: Reference | None = None,
    timeout_s: float = 10.0,
) -> Examined:
    """Ask an address what the first probes want to know."""
    budget = Budget(200, 60_000)
    line = EndpointLine(base_url, model, key=key, budget=budget, timeout_s=timeout_s)
    try:
        opening = line.open()
        found = Examined(Evidence(opening, reference if opening.embeds else None))
        for probe in FIRST:
            if probe.needs_vectors and not opening.embeds:
                continue
            if probe.ask is not None:
                probe.ask(line, found.evidence)
            found.findings[probe.name] = probe.judge(found.evidence)
        found.requests = line.spent.requests
        return found
    finally:
        line.close()


def examine_fault(
    fault: Fault | None = None,
    *,
    model: str | None = MODEL,
    path: str = "/v1",
    reference: Reference | None = None,
    timeout_s: float = 10.0,
    other: Fault | None = None,
) -> Examined:
    """Ask a server with a fault."""
    with FaultServer(fault) as server:
        server.other_fault = other
        return examine_address(
            f"{server.origin}{path}", model=model, reference=reference, timeout_s=timeout_s
        )


def lists(*cards: Mapping[str, object]) -> Fault:
    """Answers these when it is asked for its models."""

    def answer(_: FaultServer, call: Call) -> Reply | None:
        wanted = call.method == "GET" and call.target.endswith("/models")
        return as_json({"data": list(cards)}) if wanted else None

    return answer


def open_with(answer: Answer, **more: Any) -> Evidence:
    """Evidence of one request at one address."""
    return Evidence(replace(Opening(HERE, HERE, (Attempt(HERE, answer),), MODEL), **more))


def only_at(*targets: str) -> Fault:
    """Embeddings are given at these paths, and nothing is at any other."""
    gone = as_json({"detail": "Not Found"}, status=404)
    return lambda _, call: None if call.target in targets else gone


def texts_of(answers: Sequence[Answer]) -> list[str]:
    """The texts that were asked for."""
    return [text for answer in answers for text in answer.ask.texts]
