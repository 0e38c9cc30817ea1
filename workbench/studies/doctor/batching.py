"""Whether a text has one vector alone, among others, in another order and in a crowd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.caching import ask_pairs, suspect_cache
from workbench.studies.doctor.company import (
    Company,
    Vector,
    find_order,
    find_own,
    find_owner,
    gather,
)
from workbench.studies.doctor.drift import APART, name_answer, name_drift, name_text
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.stability import judge_again
from workbench.studies.doctor.texts import LONG, PAIR_ALIKE, TEXTS

AT_ONCE = 8
FEW_AT_ONCE = 2
"""For llama.cpp: its HTTP library gives each open connection a thread of its few until that has
been silent for five seconds, so that more would keep the server's other clients waiting."""
SHUFFLED = tuple(TEXTS[(7 * place + 3) % len(TEXTS)] for place in range(len(TEXTS)))
_A, _SHORT = TEXTS[PAIR_ALIKE[0]], TEXTS[0]
_TWICE, _WITH_SHORT, _WITH_LONG = (_A, _A), (_A, _SHORT), (_A, LONG)
_VARIES = frozenset({"two_clusters", "answers_vary"})


@dataclass(frozen=True)
class _Cause:
    word: str
    says: str
    mend: str
    source: str = ""


def ask_company(line: Line, evidence: Evidence) -> None:
    """Send texts together, in another order, many at once, and in pairs a cache may confuse."""
    together = (_TWICE, _WITH_SHORT, _WITH_LONG, SHUFFLED)
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
    suspicion = suspect_cache(evidence)
    if suspicion is not None:
        cause = _name_cache(suspicion.says)
        return _fail(cause, suspicion.evidence, {}, suspicion.confidence)
    own = find_own(evidence.alone)
    companies = _gather_all(evidence, own)
    if not any(company.rows for company in companies.values()):
        return Finding("batch", "unknown", "No text came alone as well as in company")
    off = [company for company in companies.values() if company.off]
    if not off:
        return _name_sound(evidence, list(companies.values()))
    lines = tuple(map(_describe, off))
    largest = max(company.largest for company in off)
    cause = _name_cause(companies, own, again)
    return _fail(cause, lines, {"largest": largest, "requests_off": len(off)}, None)


def _gather_all(evidence: Evidence, own: Mapping[str, Vector]) -> dict[str, Company]:
    """Requests by a short name; what was not asked has no rows."""
    requests: dict[str, tuple[str, list[Answer]]] = {
        "batch": ("all in one request", _one(evidence.batch)),
        "packed": ("all in one request, in base64", _one(evidence.packed)),
        "twice": ("a text twice in one request", _find(evidence, _TWICE)),
        "short": ("a text and a shorter one", _find(evidence, _WITH_SHORT)),
        "long": ("a text and a longer one", _find(evidence, _WITH_LONG)),
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
    asked = [answer for answer in evidence.crowd if answer.outcome != "unasked"]
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


def _name_cause(
    companies: Mapping[str, Company], own: Mapping[str, Vector], again: Finding
) -> _Cause:
    """Why rows are off, from which requests they are off in."""
    if again.cause == "second_call_differs":
        return _Cause(again.cause, "A text asked for again is given another vector", again.mend)
    return (
        _name_order(companies, own)
        or _name_crossing(companies["crowd"], own)
        or _name_company({name for name, company in companies.items() if company.off})
    )


def _name_order(companies: Mapping[str, Company], own: Mapping[str, Vector]) -> _Cause | None:
    """Whether the vectors are right and lie at the wrong texts."""
    batch, shuffled = companies["batch"], companies["shuffled"]
    if not batch.off and _is_earlier(companies, own):
        return _name_cache("A batch is given the vectors of an earlier one that is like it")
    orders = [find_order(one, own) for one in (batch, shuffled) if one.off]
    if not orders or None in orders:
        return None
    word = "order_reversed" if set(orders) == {"reversed"} else "order_permuted"
    how = {"reversed": "in reversed order", "another order": "in another order than was asked"}
    return _Cause(
        word,
        "The vectors of a batch are right and lie at the wrong texts: they come "
        + how.get(str(orders[0]), f"sorted, {orders[0]}"),
        "Ask for one text a request until whatever stands before the server keeps the order, or "
        "sets the index of each vector rightly.",
    )


def _is_earlier(companies: Mapping[str, Company], own: Mapping[str, Vector]) -> bool:
    """Whether rows hold what an earlier request of as many texts has at their places."""
    earlier = {"short": _TWICE, "long": _TWICE, "shuffled": TEXTS}
    rows = [(earlier[name][row.place], row) for name in earlier for row in companies[name].off]
    return bool(rows) and all(find_owner(row, [text], own) is not None for text, row in rows)


def _name_crossing(crowd: Company, own: Mapping[str, Vector]) -> _Cause | None:
    """Whether requests sent at once are given each other's vectors."""
    owners = [find_owner(row, [text for text in own if text != row.text], own) for row in crowd.off]
    if not owners or None in owners:
        return None
    return _Cause(
        "answers_crossed",
        "Requests sent at once are given the vectors of one another's texts",
        "Send one request at a time until whatever stands before the server keeps them apart.",
    )


def _name_company(off: set[str]) -> _Cause:
    if "twice" in off and not off & {"short", "long", "batch", "packed", "shuffled"}:
        return _Cause(
            "equal_length_batch",
            "A text has another vector where all texts of a batch are of one length",
            "Use a build whose attention is always causal (TEI: flash attention on CUDA, or the "
            "patch of PR 883); until then send one text a request and one request at a time.",
            "TEI issue 882 and PR 883",
        )
    if off == {"crowd"}:
        return _Cause(
            "concurrency",
            "A text has another vector when several requests come at once",
            "Upgrade the server; until then send one request at a time.",
            "TEI issues 648 and 649",
        )
    return _Cause(
        "batch_dependent",
        "A text's vector depends on the texts it is sent with",
        "The padding of shorter texts is attended to, or positions count from the padding: upgrade "
        "the server; until then send one text a request.",
        "mlx-swift-lm issue 418, TEI issue 649",
    )


def _name_cache(says: str) -> _Cause:
    return _Cause(
        "cache",
        says,
        "Switch off or mend the cache in front of the server: its key has to be the whole request, "
        "letter by letter.",
    )


def _fail(
    cause: _Cause,
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
