"""What the answers to growing texts show: where they are cut, refused, or break the server."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.contracts import Answer
from workbench.studies.doctor.drift import SAME, distance
from workbench.studies.doctor.evidence import Cut, Evidence
from workbench.studies.doctor.lengths import measure_total
from workbench.studies.doctor.stability import judge_again


def is_cut(evidence: Evidence, cut: Cut) -> bool:
    """Whether two texts of different ends have one vector, up to how alike two calls are."""
    short, long = cut.short.whole, cut.long.whole
    if short is None or long is None:
        return False
    again = judge_again(evidence) if len(evidence.repeats) > 1 else None
    largest = again.numbers.get("largest", 0.0) if again and again.status == "ok" else 0.0
    return distance(short[0], long[0]) <= max(SAME, 2 * largest)


def is_refused(cut: Cut) -> bool:
    """Whether the server said no to one of the two, in words of its own."""
    return any(
        answer.outcome == "refusal" and answer.kind not in ("fault", "not_the_server", "busy")
        for answer in (cut.short, cut.long)
    )


def has_failed(cut: Cut) -> bool:
    """Whether one of the two came as no vector, and not because it was refused as too long."""
    return any(answer.whole is None for answer in (cut.short, cut.long)) and not is_refused(cut)


def find_cut(evidence: Evidence) -> tuple[int, int] | None:
    """Tokens above which, and at which at the latest, a text is cut; None: none is.

    What is cut away at ``n`` tokens makes all beginnings of ``n`` tokens and more alike.
    """
    alike = [cut.tokens for cut in evidence.cuts if is_cut(evidence, cut)]
    if not alike:
        return None
    high = min(alike)
    apart = [cut.tokens for cut in evidence.cuts if not is_cut(evidence, cut)]
    return max((tokens for tokens in apart if tokens < high), default=0), high


def find_limit(evidence: Evidence) -> tuple[int, int]:
    """Tokens of the longest text that was taken, and of the shortest that was refused."""
    refused = [tokens for tokens, answer in _totals(evidence) if answer.outcome == "refusal"]
    high = min(refused, default=0)
    taken = [t for t, answer in _totals(evidence) if answer.outcome == "vectors" and t < high]
    return max(taken, default=0), high


def find_longest(evidence: Evidence) -> int:
    """Tokens of the longest text that was given a vector; 0: none was."""
    taken = [tokens for tokens, answer in _totals(evidence) if answer.whole is not None]
    return max(taken, default=0)


def find_refusal(evidence: Evidence) -> Answer | None:
    """The refusal of the shortest text that is refused; one with a number before others."""
    refusals = [(t, answer) for t, answer in _totals(evidence) if answer.outcome == "refusal"]
    found = min(refusals, default=None, key=lambda pair: (pair[1].limit is None, pair[0]))
    return None if found is None else found[1]


def find_failure(evidence: Evidence) -> tuple[int, Answer] | None:
    """The first text that came as no usable vector without being refused, and its tokens."""
    for cut in evidence.cuts:
        if not has_failed(cut):
            continue
        for answer in (cut.short, cut.long):
            if answer.whole is None:
                return measure_total(cut, answer), answer
    return None


def _totals(evidence: Evidence) -> Iterator[tuple[int, Answer]]:
    """Each answer with the tokens of its text."""
    for cut in evidence.cuts:
        for answer in (cut.short, cut.long):
            yield measure_total(cut, answer), answer
