"""The shape of a case: a server, what is wrong with it, and what the doctor has to say."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.engines.doctor.proxy import Fault, FaultyProxy, as_it_is
from tests.engines.doctor.world import World
from workbench.contracts import Diagnosis, Finding, Status
from workbench.doctor import diagnose

MakeFault = Callable[[World], Fault]
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Case:
    """One server with one fault.

    Attributes:
        name: For the table.
        server: A name in ``world.STARTS``; "" where ``address`` is all there is.
        cause: What has to be named.
        status: Of the diagnosis.
        probe: The finding that has to name it; "": the verdict itself.
        fault: Of a proxy before the server.
        reference: Of ``World.model``; "": none.
        against: A file of vectors, or another endpoint, in the place of a reference.
        model: The name that is asked for; None: the one that is served.
        key: None: none is sent; ``AS_IT_IS``: the right one.
        address: From the server's address to the one that is given.
    """

    name: str
    server: str
    cause: str
    status: Status = "fail"
    probe: str = ""
    fault: MakeFault | None = None
    reference: str = "tiny"
    against: Callable[[World], str | Path] | None = None
    model: str | None = None
    key: str | None = AS_IT_IS
    address: Callable[[str], str] = str


@dataclass(frozen=True)
class Healthy:
    """A server that is as it should be.

    Attributes:
        name: For the table.
        server: A name in ``world.STARTS``.
        known: Causes that are documented of it, and are the only ones that may be told.
        reference: Of ``World.model``.
        proxied: Whether a proxy without a fault stands before it.
    """

    name: str
    server: str
    known: frozenset[str]
    reference: str = "tiny"
    proxied: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of one examination.

    Attributes:
        diagnosis: What the doctor said.
        seconds: How long it took.
        sent: Requests for embeddings, counted by the proxy; None without one.
        wrong: What it should have said otherwise; "" where it is right.
    """

    diagnosis: Diagnosis
    seconds: float
    sent: int | None
    wrong: str


def run_case(world: World, case: Case) -> Outcome:
    """Examine the endpoint of a case, and hold what is said to what is so.

    Cases that are several words on one server without a proxy share one examination.
    """
    alike = replace(case, name="", cause="", status="fail", probe="")
    if alike not in world.examined or case.fault is not None:
        world.examined[alike] = _examine(world, case)
    diagnosis, seconds, sent = world.examined[alike]
    return Outcome(diagnosis, seconds, sent, _hold_case(diagnosis, case))


def run_healthy(world: World, healthy: Healthy) -> Outcome:
    """Examine a server that is as it should be."""
    fault = (lambda _: as_it_is) if healthy.proxied else None
    case = Case(healthy.name, healthy.server, "", fault=fault, reference=healthy.reference)
    diagnosis, seconds, sent = _examine(world, case)
    return Outcome(diagnosis, seconds, sent, hold_healthy(diagnosis, healthy.known))


def _examine(world: World, case: Case) -> tuple[Diagnosis, float, int | None]:
    running = world.server(case.server) if case.server else None
    base_url, sent = "" if running is None else running.base_url, None
    key = None if running is None or case.key is None else running.key
    with ExitStack() as stack:
        proxy = None
        if case.fault is not None:
            proxy = stack.enter_context(FaultyProxy(base_url, case.fault(world)))
            base_url = proxy.base_url
        started = time.perf_counter()
        diagnosis = diagnose(
            case.address(base_url),
            model=case.model or (running.name if running is not None else "tiny-qwen3"),
            key=case.key if case.key != AS_IT_IS else key,
            **_trusted(world, case),
        )
        seconds = time.perf_counter() - started
        sent = None if proxy is None else proxy.counts["embeddings"]
    return diagnosis, seconds, sent


def _trusted(world: World, case: Case) -> dict[str, Any]:
    if case.against is not None:
        return {"against": case.against(world)}
    return {"reference": world.reference(case.reference) if case.reference else "none"}


def _hold_case(diagnosis: Diagnosis, case: Case) -> str:
    wrong = []
    if diagnosis.status != case.status:
        wrong.append(f"status {diagnosis.status}, not {case.status}")
    finding = diagnosis.find(case.probe) if case.probe else None
    told = (
        diagnosis.cause if not case.probe else finding.cause if finding is not None else "nothing"
    )
    if told != case.cause:
        wrong.append(f"{case.probe or 'the verdict'} names {told or 'nothing'}, not {case.cause}")
    return "; ".join(wrong)


def hold_healthy(diagnosis: Diagnosis, known: frozenset[str]) -> str:
    """What a doctor should not have said of a sound server."""
    wrong = [
        _describe(finding)
        for finding in diagnosis.findings
        if finding.status != "ok" and not (finding.status == "warn" and finding.cause in known)
    ]
    if diagnosis.status not in ("ok", "warn"):
        wrong.append(f"status {diagnosis.status}: {diagnosis.verdict}")
    return "; ".join(wrong)


def _describe(finding: Finding) -> str:
    return f"{finding.probe} {finding.status} {finding.cause}: {finding.says}"


ON_LLAMACPP = "llamacpp"


def spoiled(name: str, cause: str, fault: Fault, **more: Any) -> Case:
    """llama.cpp behind a fault that remembers nothing."""
    return Case(name, ON_LLAMACPP, cause, fault=lambda _: fault, **more)


def remembering(name: str, cause: str, make: Callable[[], Fault], **more: Any) -> Case:
    """llama.cpp behind a fault that is made anew."""
    return Case(name, ON_LLAMACPP, cause, fault=lambda _: make(), **more)


def warned(probe: str) -> dict[str, Any]:
    """It works, and this probe tells what has to be known."""
    return {"status": "warn", "probe": probe}


LLAMACPP = frozenset({"dimensions_ignored"})
INFINITY = frozenset({"dimensions_not_normalised", "whitespace_stripped", "cut_silently"})
NOTHING: frozenset[str] = frozenset()
HEALTHY: tuple[Healthy, ...] = (
    Healthy("llama.cpp", "llamacpp", LLAMACPP, proxied=True),
    Healthy("llama.cpp, a key", "llamacpp with a key", LLAMACPP),
    Healthy("llama.cpp, bf16", "llamacpp bf16", LLAMACPP),
    Healthy("llama.cpp, f16", "llamacpp f16", LLAMACPP),
    Healthy("llama.cpp, two slots", "llamacpp two slots", LLAMACPP),
    Healthy("llama.cpp, MiniLM", "llamacpp minilm", LLAMACPP, "minilm"),
    Healthy("infinity", "infinity", INFINITY),
    Healthy("infinity, bf16", "infinity bf16", INFINITY),
    Healthy("infinity, MiniLM", "infinity minilm", INFINITY, "minilm"),
    Healthy("vLLM, matryoshka", "vllm", NOTHING),
    Healthy("vLLM, bf16", "vllm bf16", NOTHING),
    Healthy("vLLM, MiniLM", "vllm minilm", NOTHING, "minilm"),
)
SGLANG: tuple[Healthy, ...] = (
    Healthy("SGLang, matryoshka", "sglang", NOTHING),
    Healthy("SGLang, bf16", "sglang bf16", NOTHING),
)
"""An additional run, as the engine itself is."""
