"""One line that a person can act on, from all the findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from workbench.contracts import Finding, Status
from workbench.studies.doctor.evidence import Evidence

_MAY_BE_UNKNOWN = frozenset({"reach", "path", "server", "parity"})
"""Probes without whose answer nobody can say whether it is the model; the others tell more."""
_EXPLAINED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "texts_alike": frozenset({"cls_pooling"}),
        "cache": frozenset({"cls_pooling", "another_model"}),
    }
)
"""What one vector for two texts looks like, and what parity may find that brings it about: a causal
model's first token sees no other, and another model may not tell capital letters apart."""


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
    """The verdict.

    What is wrong comes first, in the order of the probes: where no key is taken, nothing after it
    says anything; but what another finding explains comes after that one. Then whether the vectors
    could be held against anything. Warnings come last; those of accepted probes do not count.
    """
    wrong = _put_causes_first([finding for finding in findings if finding.status == "fail"])
    if wrong:
        return _name_unknown(wrong[0], findings) or _name(wrong[0], wrong[1:], "fail")
    open_ = [f for f in findings if f.status == "unknown" and f.probe in _MAY_BE_UNKNOWN]
    if open_:
        return _name(open_[0], [], "unknown")
    warned = [f for f in findings if f.status == "warn" and f.probe not in accept]
    served = _describe(evidence, findings)
    if not warned:
        return Verdict(served, "ok")
    others = [finding for finding in warned if finding.probe != "parity"]  # that one is said
    noun = "One thing" if len(others) == 1 else f"{len(others)} things"
    told = " ".join(_sentence(finding.says) for finding in others)
    more = f" {noun} to know: {told}" if others else ""
    return Verdict(f"{served}{more}", "warn", warned[0].cause)


def _put_causes_first(wrong: list[Finding]) -> list[Finding]:
    """Parity's finding before the others, where the first of them only follows from it."""
    parity = next((finding for finding in wrong if finding.probe == "parity"), None)
    if parity is None or parity.cause not in _EXPLAINED.get(wrong[0].cause, ()):
        return wrong
    return [parity, *(finding for finding in wrong if finding is not parity)]


def _name_unknown(finding: Finding, findings: Sequence[Finding]) -> Verdict | None:
    """What token counts say of vectors that no known recipe gives; None: nothing, or they fit."""
    told = next((one for one in findings if one.probe == "tokens" and one.status == "warn"), None)
    if finding.cause != "unknown_recipe" or told is None:
        return None
    says = f"{_sentence(told.says)} {_sentence(finding.says)} {told.mend}"
    return Verdict(says.strip(), "fail", told.cause)


def _name(finding: Finding, others: Sequence[Finding], status: Status) -> Verdict:
    also = list(dict.fromkeys(f.cause for f in others if f.cause and f.cause != finding.cause))
    more = f" Also: {', '.join(also)}." if also else ""
    return Verdict(
        f"{_sentence(finding.says)} {finding.mend}".strip() + more, status, finding.cause
    )


def _describe(evidence: Evidence, findings: Sequence[Finding]) -> str:
    """What a sound endpoint is, with the number that says so."""
    opening = evidence.opening
    server = f"{opening.label} at {opening.base_url}" if opening.label else opening.base_url
    parity = next((f.says for f in findings if f.probe == "parity" and f.status != "unknown"), "")
    return f"{server} serves {opening.model}. {_sentence(parity)}".strip()


def _sentence(words: str) -> str:
    return words if not words or words.endswith((".", "!", "?")) else f"{words}."
