"""What a doctor says of an endpoint: findings, and the verdict before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from workbench.contracts.line import Budget

Status: TypeAlias = Literal["ok", "warn", "fail", "unknown"]
EXIT_CODES: Mapping[Status, int] = MappingProxyType({"ok": 0, "warn": 1, "fail": 2, "unknown": 3})
_NO_NUMBERS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Attributes:
        probe: Its name: "reach", "path", "server", "auth", "model", "tokens", "decode", "vectors",
            "repeat", "batch", "parity", "truncation", "dimensions", "limits",
            "latency", or "golden" where vectors are kept.
        status: "ok"; "warn": it works and something has to be known; "fail": the vectors are not
            the model's, or cannot be had; "unknown": it could not be told.
        says: What was found, one sentence.
        cause: Why, in one word that does not change between versions: "end_token_missing"; "" where
            nothing is wrong.
        mend: What to do about it, a sentence or two.
        source: Where it is known from: a document, a page of an issue.
        evidence: What the sentence rests on, with numbers, a line each.
        numbers: The same for programs.
        confidence: How sure the cause is, 0 to 1; None where there is no doubt to speak of.
    """

    probe: str
    status: Status
    says: str
    cause: str = ""
    mend: str = ""
    source: str = ""
    evidence: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=lambda: _NO_NUMBERS)
    confidence: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """The whole of what a doctor found.

    Attributes:
        verdict: One line that a person can act on.
        status: "ok": healthy; "warn"; "fail": wrong; "unknown": could not tell.
        cause: The cause that the verdict names; "" where it names none.
        findings: One a probe, in the order asked.
        base_url: The endpoint.
        model: The model asked for.
        server: Program and version, or "".
        reference: What the vectors were held against, or "".
        spent: What it took.
        budget: What it was allowed.
        seconds: How long it took.
        when: The time it ended, ISO 8601 in UTC.
        accepted: Names of probes whose warnings were declared to be known.
    """

    verdict: str
    status: Status
    cause: str
    findings: tuple[Finding, ...]
    base_url: str
    model: str
    server: str
    reference: str
    spent: Budget
    budget: Budget
    seconds: float
    when: str
    accepted: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 warnings, 2 wrong, 3 could not tell."""
        return EXIT_CODES[self.status]

    def find(self, probe: str) -> Finding | None:
        """The finding of a probe; None where it was not reached."""
        return next((finding for finding in self.findings if finding.probe == probe), None)
