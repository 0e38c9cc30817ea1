"""A diagnosis as plain text, Markdown and JSON. What a server said is data in all of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from workbench.contracts import Diagnosis, Finding, Status
from workbench.studies.shown import clean, escape_markdown, find_version

SIGNS: Mapping[Status, str] = MappingProxyType(
    {"ok": "✓", "warn": "!", "fail": "✗", "unknown": "?"}
)
WORDS: Mapping[Status, str] = MappingProxyType(
    {"ok": "ok", "warn": "to know", "fail": "wrong", "unknown": "not told"}
)
OUTCOMES: Mapping[Status, str] = MappingProxyType(
    {
        "ok": "Healthy",
        "warn": "Healthy, with things to know",
        "fail": "Wrong",
        "unknown": "Could not tell",
    }
)
FORMAT = 1
"""Of the JSON; a field that is added does not change it."""

_WORST_FIRST: tuple[Status, ...] = ("fail", "unknown", "warn", "ok")


def name_status(status: Status) -> str:
    """Its sign and its word: nobody has to see a colour."""
    return f"{SIGNS[status]} {WORDS[status]}"


def sort_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The worst first, else in the order asked."""
    return sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.status))


def describe_details(finding: Finding) -> list[tuple[str, str]]:
    """What stands behind a finding, (word, text) each, cleaned: cause, mend, source and numbers."""
    sure = "" if finding.confidence is None else f", {finding.confidence:.0%} sure"
    numbers = ", ".join(f"{name} {value:.6g}" for name, value in finding.numbers.items())
    named = [
        ("cause", f"{finding.cause}{sure}" if finding.cause else ""),
        ("what to do", finding.mend),
        ("known from", finding.source),
        ("numbers", numbers),
    ]
    return [(word, clean(text)) for word, text in named if text]


def describe_run(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """What was examined, against what, when and at what cost, (word, text) each, cleaned."""
    spent, budget = diagnosis.spent, diagnosis.budget
    facts = [
        ("endpoint", diagnosis.base_url),
        ("model", diagnosis.model or "none named"),
        ("server", diagnosis.server or "does not say what it is"),
        ("held against", diagnosis.reference or "nothing: no reference was at hand"),
        (
            "asked",
            f"{spent.requests:,} of at most {budget.requests:,} requests, some {spent.tokens:,} of "
            f"{budget.tokens:,} tokens, in {diagnosis.seconds:.1f} s",
        ),
        ("accepted", ", ".join(diagnosis.accepted)),
        ("when", diagnosis.when),
        ("by", f"embedding workbench {find_version()}".strip()),
    ]
    return [(word, clean(text)) for word, text in facts if text]


def to_record(diagnosis: Diagnosis) -> dict[str, Any]:
    """The whole of it as JSON can hold it; a number that is none is null."""
    kept: dict[str, Any] = {
        "format": FORMAT,
        "workbench": find_version(),
        **asdict(_plain(diagnosis)),
        "exit_code": diagnosis.exit_code,
    }
    kept["findings"] = [_record_finding(finding) for finding in diagnosis.findings]
    return kept


def to_json(diagnosis: Diagnosis) -> str:
    """The whole of it for programs: one JSON object, with a line break at its end.

    Characters that a terminal obeys are escaped.
    """
    text = json.dumps(to_record(diagnosis), ensure_ascii=False, indent=2, allow_nan=False)
    return re.sub("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", _escape_character, text) + "\n"


def to_text(diagnosis: Diagnosis) -> str:
    """The verdict, a line a probe, then what stands behind those that are not ok."""
    lines = [f"{SIGNS[diagnosis.status]} {clean(diagnosis.verdict, 2_000)}", ""]
    lines += describe_lines(diagnosis.findings)
    lines += ["", *(f"{word}: {text}" for word, text in describe_run(diagnosis))]
    return "\n".join(lines) + "\n"


def describe_lines(findings: Sequence[Finding]) -> list[str]:
    """A line a probe, then what stands behind those that are not ok."""
    width = max((len(finding.probe) for finding in findings), default=0)
    lines = [
        f"{name_status(one.status):10} {one.probe:{width}}  {clean(one.says)}" for one in findings
    ]
    for finding in sort_findings(findings):
        if finding.status != "ok":
            lines += ["", f"{SIGNS[finding.status]} {finding.probe}: {clean(finding.says)}"]
            lines += [f"    {clean(line)}" for line in finding.evidence]
            lines += [f"    {word}: {text}" for word, text in describe_details(finding)]
    return lines


def to_markdown(diagnosis: Diagnosis) -> str:
    """A report to keep or to put into an issue: verdict, table, evidence, what it took."""
    outcome = f"{SIGNS[diagnosis.status]} {OUTCOMES[diagnosis.status]}"
    lines = [
        f"# {outcome}: {escape_markdown(diagnosis.model)}",
        "",
        escape_markdown(diagnosis.verdict, 2_000),
        "",
        "| | probe | what was found |",
        "|---|---|---|",
    ]
    for one in diagnosis.findings:
        probe, says = escape_markdown(one.probe), escape_markdown(one.says)
        lines.append(f"| {name_status(one.status)} | {probe} | {says} |")
    for finding in sort_findings(diagnosis.findings):
        lines += _finding_markdown(finding)
    lines += ["", "## What was examined", ""]
    lines += [f"- {word}: {escape_markdown(text)}" for word, text in describe_run(diagnosis)]
    return "\n".join(lines) + "\n"


def _finding_markdown(finding: Finding) -> list[str]:
    details = describe_details(finding)
    if finding.status == "ok" and not finding.evidence and not details:
        return []
    lines = ["", f"## {SIGNS[finding.status]} {escape_markdown(finding.probe)}", ""]
    lines += [escape_markdown(finding.says), ""]
    lines += [f"- {escape_markdown(line)}" for line in finding.evidence]
    lines += [f"- *{word}:* {escape_markdown(text)}" for word, text in details]
    return lines


def _plain(diagnosis: Diagnosis) -> Diagnosis:
    """Without the findings: ``asdict`` cannot copy their mapping proxies."""
    return replace(diagnosis, findings=())


def _record_finding(finding: Finding) -> dict[str, Any]:
    numbers = {
        name: float(value) if math.isfinite(value) else None
        for name, value in finding.numbers.items()
    }
    return {
        "probe": finding.probe,
        "status": finding.status,
        "says": finding.says,
        "cause": finding.cause,
        "mend": finding.mend,
        "source": finding.source,
        "evidence": list(finding.evidence),
        "numbers": numbers,
        "confidence": finding.confidence,
    }


def _escape_character(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
