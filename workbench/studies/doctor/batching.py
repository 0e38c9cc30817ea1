"""Whether a text has one vector alone, among others, in another order and in a crowd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.caching import ask_pairs, suspect_cache
from workbench.studies.doctor.company import (
    Company,
    Vector,
    find_own,
    gather,
    has_one_vector,
)
from workbench.studies.doctor.drift import APART, name_answer, name_drift, name_text
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.mixing import (
    TWICE,
    WITH_LONG,
    WITH_SHORT,
    Cause,
    name_cache,
    name_cause,
)
from workbench.studies.doctor.stability import judge_again
from workbench.studies.doctor.texts import TEXTS

AT_ONCE = 8
FEW_AT_ONCE = 2
"""For llama.cpp: its HTTP library gives each open connection a thread of its few until that has
been silent for five seconds, so that more would keep the server's other clients waiting."""
SHUFFLED = tuple(TEXTS[(7 * place + 3) % len(TEXTS)] for place in range(len(TEXTS)))
_VARIES = frozenset({"two_clusters", "answers_vary"})


def ask_company(line: Line, evidence: Evidence) -> None:
    """Send texts together, in another order, many at once, and in pairs a cache may confuse."""
    together = (TWICE, WITH_SHORT, WITH_LONG, SHUFFLED)
    evidence.mixed += line.ask([Ask(texts) for texts in together])
    ask_pairs(line, evidence)
    evidence.crowd += line.ask([Ask((text,)) for text in TEXTS], at_once=_at_once(evidence))


def _at_once(evidence: Evidence) -> int:
    return FEW_AT_ONCE if evidence.opening.engine == "llamacpp" else AT_ONCE


def judge_company(evidence: Evidence) -> Finding:
    """The finding of the probe "batch"."""
    again = judge_again(evidence)
    if again.cause in _VARIES:
        return Finding(
            "batch",
            "unknown",
            "Nothing can be said of batches: the same request is not answered alike either",
        )
    own = find_own(evidence.alone)
    if has_one_vector(own):
        says = "Nothing can be said of batches: all texts have one vector"
        return Finding("batch", "unknown", says)
    suspicion = suspect_cache(evidence)
    if suspicion is not None:
        cause = name_cache(suspicion.says)
        return _fail(cause, suspicion.evidence, {}, suspicion.confidence)
    companies = _gather_all(evidence, own)
    if not any(company.rows for company in companies.values()):
        return Finding("batch", "unknown", "No text came alone as well as in company")
    off = [company for company in companies.values() if company.off]
    if not off:
        return _name_sound(evidence, list(companies.values()))
    lines = tuple(map(_describe, off))
    largest = max(company.largest for company in off)
    cause = name_cause(companies, own, again)
    return _fail(cause, lines, {"largest": largest, "requests_off": len(off)}, None)


def _gather_all(evidence: Evidence, own: Mapping[str, Vector]) -> dict[str, Company]:
    """Requests by a short name; what was not asked has no rows."""
    requests: dict[str, tuple[str, list[Answer]]] = {
        "batch": ("all in one request", _one(evidence.batch)),
        "packed": ("all in one request, in base64", _one(evidence.packed)),
        "twice": ("a text twice in one request", _find(evidence, TWICE)),
        "short": ("a text and a shorter one", _find(evidence, WITH_SHORT)),
        "long": ("a text and a longer one", _find(evidence, WITH_LONG)),
        "shuffled": ("all in one request, in another order", _find(evidence, SHUFFLED)),
        "crowd": (f"one by one, {_at_once(evidence)} requests at once", evidence.crowd),
    }
    return {short: gather(name, answers, own) for short, (name, answers) in requests.items()}


def _one(answer: Answer | None) -> list[Answer]:
    return [] if answer is None else [answer]


def _find(evidence: Evidence, texts: Sequence[str]) -> list[Answer]:
    return [answer for answer in evidence.mixed if answer.ask.texts == tuple(texts)]


def _describe(company: Company) -> str:
    worst = max(company.rows, key=lambda row: row.off)
    return (
        f"{company.name}: {len(company.off)} of {len(company.rows)} vectors are off, "
        f"{name_text(worst.text)} most (cosine {1 - worst.off:.4f} to the one it has alone)"
    )


def _name_sound(evidence: Evidence, companies: Sequence[Company]) -> Finding:
    worst = max(companies, key=lambda company: company.largest)
    lines = tuple(
        f"{company.name}: largest 1 - cosine {company.largest:.1e} over {len(company.rows)} vectors"
        for company in companies
        if company.rows
    )
    numbers = {company.name: company.largest for company in companies if company.rows}
    numbers["largest"] = worst.largest
    own = find_own(evidence.alone)
    asked = [a for a in evidence.crowd if a.outcome != "unasked" and a.ask.texts[0] in own]
    lacking = [answer for answer in asked if answer.whole is None]
    if lacking:
        words = tuple(dict.fromkeys(map(name_answer, lacking)))
        return Finding(
            "batch",
            "warn",
            f"{len(lacking)} of {len(asked)} requests, {_at_once(evidence)} at once, were not "
            "answered with vectors",
            "crowd_refused",
            f"Send fewer than {_at_once(evidence)} requests at once, and ask again after a while.",
            evidence=(*words, *lines),
            numbers=numbers,
        )
    return Finding(
        "batch",
        "ok",
        f"Alone, in batches and in a crowd: {name_drift(worst.largest)}",
        source="vllm issue 34910" if worst.largest > 0 else "",
        evidence=lines,
        numbers=numbers,
    )


def _fail(
    cause: Cause,
    lines: tuple[str, ...],
    numbers: Mapping[str, float],
    confidence: float | None,
) -> Finding:
    bound = (f"half precision explains a 1 - cosine of {APART:g} at most",) if numbers else ()
    return Finding(
        "batch",
        "fail",
        cause.says,
        cause.word,
        cause.mend,
        cause.source,
        (*lines, *bound),
        numbers,
        confidence,
    )


PROBE = Probe("batch", "texts alone, in batches and in a crowd", ask_company, judge_company)
