"""The examination: probes in a fixed order, a finding each, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from workbench.contracts import (
    CancelSignal,
    Diagnosis,
    Finding,
    Line,
    Opening,
    Progress,
    ProgressFn,
    Reference,
    check_cancel,
)
from workbench.errors import EndpointError, InputError
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.golden import save_golden
from workbench.studies.doctor.probes import PROBES
from workbench.studies.doctor.verdict import reach_verdict


def examine(
    line: Line,
    *,
    find_reference: Callable[[Opening], Reference | None] = lambda _: None,
    deep: bool = False,
    accept: Collection[str] = (),
    save: Path | None = None,
    probes: Sequence[Probe] = PROBES,
    tell: Callable[[Finding], None] | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Diagnosis:
    """Ask an endpoint what the probes want to know, and say what is found.

    Args:
        line: The way to the endpoint.
        find_reference: Vectors that are trusted, once the model's name is known; None: what needs
            them is "unknown".
        deep: Look longer: the model's whole length, more texts in a request, larger bodies.
        accept: Names of probes whose warnings are known and do not count in the verdict.
        save: Where to keep the vectors for later comparison; whether that was done is the last
            finding, "golden". None: they are not kept.
        probes: What is tried, in this order.
        tell: Given each finding as it is made.
        progress: Told before each probe.
        cancel: Looked at between requests.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    started = time.perf_counter()
    opening = line.open()
    reference = find_reference(opening) if opening.embeds else None
    evidence = Evidence(opening, reference, deep)
    findings: list[Finding] = []
    for place, probe in enumerate(probes):
        check_cancel(cancel, done=place, total=len(probes), unit="probes")
        if probe.needs_vectors and not opening.embeds:
            continue
        if progress is not None:
            progress(Progress("load", place, len(probes), probe.about))
        if probe.ask is not None:
            probe.ask(line, evidence)
        findings.append(probe.judge(evidence))
        if tell is not None:
            tell(findings[-1])
    if save is not None:
        findings.append(_keep(save, line, evidence, findings))
    return _conclude(line, evidence, findings, accept, time.perf_counter() - started)


def _conclude(
    line: Line,
    evidence: Evidence,
    findings: Sequence[Finding],
    accept: Collection[str],
    seconds: float,
) -> Diagnosis:
    judged = reach_verdict(evidence, findings, accept)
    opening = evidence.opening
    return Diagnosis(
        verdict=judged.says,
        status=judged.status,
        cause=judged.cause,
        findings=tuple(findings),
        base_url=opening.base_url,
        model=opening.model,
        server=opening.label or "",
        reference="" if evidence.reference is None else evidence.reference.label,
        spent=line.spent,
        budget=line.budget,
        seconds=seconds,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        accepted=tuple(sorted(accept)),
    )


def _keep(path: Path, line: Line, evidence: Evidence, findings: Sequence[Finding]) -> Finding:
    """Write a golden file, or say why not: the examination is not lost with it."""
    try:
        save_golden(path, line, evidence, findings=findings)
    except (EndpointError, InputError) as exc:
        return Finding("golden", "warn", str(exc), "golden_not_kept")
    return Finding("golden", "ok", f"The vectors are kept in {path}")
