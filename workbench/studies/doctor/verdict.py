"""One line that a person can act on, from all the findings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workbench.contracts import Finding, Status
from workbench.studies.doctor.evidence import Evidence


@dataclass(frozen=True)
class Verdict:
    """What an examination comes to.

    Attributes:
        says: One line.
        status: The worst that counts.
        cause: The cause it names, or "".
    """

    says: str
    status: Status
    cause: str = ""


def reach_verdict(
    evidence: Evidence, findings: Sequence[Finding], accept: Collection[str]
) -> Verdict:
    """The verdict; warnings of accepted probes do not count."""
    counted = [f for f in findings if not (f.status == "warn" and f.probe in accept)]
    for status in ("fail", "unknown", "warn"):
        found = next((finding for finding in counted if finding.status == status), None)
        if found is not None:
            return Verdict(f"{found.says} {found.mend}".strip(), found.status, found.cause)
    return Verdict(f"{evidence.opening.base_url} is healthy.", "ok")
