"""How long answers took, from those that came anyway."""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.contracts import Answer, Finding
from workbench.studies.doctor.evidence import Evidence, Probe

_TAIL = 0.025
"""What may lie outside an interval, at each end."""
_LONG = 10
"""A call of more than so many medians is told."""


def judge_latency(evidence: Evidence) -> Finding:
    """The finding of the probe "latency"; it is ok however long answers take."""
    single = _seconds(evidence.alone)
    if not single:
        return Finding("latency", "unknown", "No answer was timed")
    times = sorted(single)
    median = find_quantile(times, 0.5)
    low, high = find_interval(times, 0.5)
    slow = find_quantile(times, 0.95)
    lines = [
        f"one short text a request, one after another: median {_say(median)} (95 % interval "
        f"{_say(low)} to {_say(high)}), p95 {_say(slow)}, largest {_say(times[-1])}, "
        f"n = {len(times)}"
    ]
    numbers = {"median_s": median, "p95_s": slow, "n": len(times), "low_s": low, "high_s": high}
    cold = _seconds([attempt.answer for attempt in evidence.opening.attempts])
    if cold:
        lines.append(f"the first of all, connection and warming up included: {_say(cold[-1])}")
        numbers["first_s"] = cold[-1]
    if evidence.batch is not None and evidence.batch.outcome == "vectors":
        each = evidence.batch.seconds / len(evidence.batch.ask.texts)
        lines.append(f"in one request of {len(evidence.batch.ask.texts)}: {_say(each)} a text")
        numbers["batched_s"] = each
    lines += _say_repeats(evidence) + _say_crowd(evidence, numbers)
    says = f"A short text takes {_say(median)} (median of {len(times)}; p95 {_say(slow)})"
    odd = [seconds for seconds in times if seconds > _LONG * median]
    if odd:
        says += f"; {len(odd)} took over {_LONG} times the median, {_say(times[-1])} at most"
    return Finding("latency", "ok", says, evidence=tuple(lines), numbers=numbers)


def find_quantile(times: Sequence[float], share: float) -> float:
    """The smallest of some sorted times that so large a share does not exceed."""
    return times[max(0, math.ceil(share * len(times)) - 1)]


def find_interval(times: Sequence[float], share: float) -> tuple[float, float]:
    """A 95 % interval of a quantile, by the ranks of sorted times: no law of theirs is assumed.

    How many of ``n`` independent times lie below the true quantile is binomial, so two of the
    times enclose it (Conover, Practical Nonparametric Statistics, on quantiles). Where ``n`` is too
    small for that at an end, the smallest or the largest stands for it.
    """
    n, below = len(times), 0.0
    low, high = 0, n - 1
    for rank in range(n):
        below += math.comb(n, rank) * share**rank * (1 - share) ** (n - rank)
        if below <= _TAIL:
            low = rank
        if below >= 1 - _TAIL:
            high = min(high, rank)
    return times[low], times[high]


def _seconds(answers: Sequence[Answer]) -> list[float]:
    return [answer.seconds for answer in answers if answer.outcome == "vectors"]


def _say(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _say_repeats(evidence: Evidence) -> list[str]:
    times = sorted(_seconds(evidence.repeats))
    if not times:
        return []
    texts = len(evidence.repeats[0].ask.texts)
    half, most = find_quantile(times, 0.5), times[-1]
    return [
        f"the same {texts} texts a request, again and again: median {_say(half)}, largest "
        f"{_say(most)}, n = {len(times)}"
    ]


def _say_crowd(evidence: Evidence, numbers: dict[str, float]) -> list[str]:
    times = sorted(_seconds(evidence.crowd))
    if not times:
        return []
    numbers["crowd_s"] = find_quantile(times, 0.5)
    return [
        f"one text a request, several at once: median {_say(numbers['crowd_s'])}, largest "
        f"{_say(times[-1])}, n = {len(times)}"
    ]


PROBE = Probe("latency", "how long answers took", None, judge_latency)
