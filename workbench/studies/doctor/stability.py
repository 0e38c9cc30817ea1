"""Whether the same request is answered alike, again and again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.drift import APART, distances, name_answer, name_drift
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.texts import LONG

CALLS = 20
CONFIRMING = 2
"""Further pairs of calls, of fresh texts each, where the first call alone is the odd one."""
_AT_A_TIME = 5
_TEXTS = ("a red apple on the table", "苹果是一种常见的水果", "return a + b", LONG)
_VARY = "vllm issue 27433, TEI issues 649 and 704"
_SECOND = "vllm-ascend issue 5725"


def make_fresh(text: str) -> str:
    """A text that no cache can know, since nobody asked for it before; it differs in front."""
    return f"{secrets.token_hex(4)}: {text}"


def ask_again(line: Line, evidence: Evidence) -> None:
    """Send one request of fresh texts many times, one after another.

    Where the first alone differs, pairs of calls of other fresh texts tell whether that is a rule.
    """
    repeats = evidence.repeats
    ask = Ask(tuple(map(make_fresh, _TEXTS)))
    while len(repeats) < CALLS and not (repeats and repeats[-1].outcome != "vectors"):
        repeats += line.ask([ask] * min(_AT_A_TIME, CALLS - len(repeats)))
    groups = _group(_stack(repeats))
    if len(groups) > 1 and groups[0] == [0]:
        for _ in range(CONFIRMING):
            repeats += line.ask([Ask(tuple(map(make_fresh, _TEXTS)))] * 2)


def judge_again(evidence: Evidence) -> Finding:
    """The finding of the probe "repeat"."""
    first = [a for a in evidence.repeats if a.ask == evidence.repeats[0].ask]
    calls = _stack(first)
    lacking = [answer for answer in first if answer.whole is None]
    asked = [answer for answer in lacking if answer.outcome != "unasked"]
    if len(calls) < 2:
        told = tuple(name_answer(answer) for answer in lacking[:1])
        return Finding(
            "repeat", "unknown", "The same request was not answered twice", evidence=told
        )
    groups = _group(calls)
    if len(groups) > 1:
        return _name_change(evidence, calls, groups)
    if asked:
        return _name_lacking(first, asked)
    return _name_same(calls)


def _stack(answers: Sequence[Answer]) -> NDArray[np.float32]:
    """(calls, texts, dim) of the answers that are whole and of one width."""
    found = [answer.whole for answer in answers if answer.whole is not None]
    alike = [vectors for vectors in found if vectors.shape == found[0].shape]
    return np.stack(alike) if alike else np.empty((0, 0, 0), np.float32)


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Largest distance of a text's vectors in two calls, (texts, dim) each."""
    return float(distances(one, other).max())


def _group(calls: NDArray[np.float32]) -> list[list[int]]:
    """Calls whose vectors no arithmetic holds apart, in order of the first of each group."""
    groups: list[list[int]] = []
    for place, call in enumerate(calls):
        near = (group for group in groups if _apart(call, calls[group[0]]) <= APART)
        group = next(near, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _name_same(calls: NDArray[np.float32]) -> Finding:
    largest = max(_apart(call, calls[0]) for call in calls[1:])
    texts = calls.shape[1]
    return Finding(
        "repeat",
        "ok",
        f"{len(calls)} calls of the same {texts} texts: {name_drift(largest)}",
        evidence=(
            f"largest 1 - cosine to the first call: {largest:.1e} "
            f"({len(calls)} calls, {texts} texts)",
        ),
        numbers={"calls": len(calls), "largest": largest},
        source="vllm issues 27433 and 34910" if largest > 0 else "",
    )


def _name_lacking(first: Sequence[Answer], lacking: Sequence[Answer]) -> Finding:
    return Finding(
        "repeat",
        "warn",
        f"{len(lacking)} of {len(first)} calls of the same request were not answered with vectors",
        "calls_fail",
        "Read the server's log of this moment; where it says that it is busy, ask it more slowly.",
        evidence=tuple(dict.fromkeys(name_answer(answer) for answer in lacking)),
        numbers={"calls": len(first), "lacking": len(lacking)},
    )


def _name_change(
    evidence: Evidence, calls: NDArray[np.float32], groups: Sequence[Sequence[int]]
) -> Finding:
    """Why one request has several answers: by which calls are the odd ones."""
    largest = max(_apart(call, calls[0]) for call in calls)
    lines = (
        f"{len(groups)} different answers in {len(calls)} calls; sizes "
        f"{', '.join(str(len(group)) for group in groups[:6])}",
        f"largest 1 - cosine to the first call: {largest:.3g}; half precision gives {APART:g} "
        "at most",
    )
    numbers = {"calls": len(calls), "answers": len(groups), "largest": largest}
    if groups[0] == [0] and len(groups) == 2 and _is_rule(evidence):
        return Finding(
            "repeat",
            "fail",
            "The second call of the same text gives another vector than the first, and so do all "
            f"after it (cosine {1 - largest:.3f})",
            "second_call_differs",
            "Switch off prefix caching (vLLM: --no-enable-prefix-caching), or upgrade the server; "
            "a cache in front of it is the other suspect.",
            _SECOND,
            lines,
            numbers,
        )
    odd = len(calls) - max(map(len, groups))
    two = len(groups) == 2
    return Finding(
        "repeat",
        "fail",
        f"The same request has {'two' if two else len(groups)} answers: {odd} of {len(calls)} "
        f"calls differ from the others (cosine down to {1 - largest:.3f})",
        "two_clusters" if two else "answers_vary",
        "Look for several servers of different settings behind one address, and for batching that "
        "changes vectors: upgrade the server, or ask it for one text at a time and compare.",
        _VARY,
        lines,
        numbers,
    )


def _is_rule(evidence: Evidence) -> bool:
    """Whether the second call of all other fresh texts differed as well; True where none was asked.

    A call in so many that is off may be the first by chance, and hardly that of each pair too.
    """
    more = [answer for answer in evidence.repeats if answer.ask != evidence.repeats[0].ask]
    pairs = [_stack([one for one in more if one.ask == ask]) for ask in {a.ask for a in more}]
    return all(len(_group(calls)) > 1 for calls in pairs if len(calls) > 1)


PROBE = Probe("repeat", "the same request again and again", ask_again, judge_again)
