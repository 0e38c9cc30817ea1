"""Where a server cuts long texts without a word, and where it refuses them."""

from __future__ import annotations

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.cutting import find_cut, find_limit, has_failed, is_cut, is_refused
from workbench.studies.doctor.evidence import Cut, Evidence, Probe
from workbench.studies.doctor.lengths import (
    Ruler,
    find_model_length,
    make_ruler,
    write_beginning,
    write_end,
)
from workbench.studies.doctor.longtexts import judge_length

SHORTEST = 24
LONGEST = 1_536
"""Tokens of the longest beginning by default; with its end it is some 2,048."""
DEEPEST = 32_768
STEPS = 9
CLOSING_TOKENS, CLOSING_TOKENS_DEEP = 12_000, 120_000
"""What closing in on a limit may cost, estimated; the room that is left then is said."""
SLOW_S = 5.0
"""A server that takes longer for one text is not asked for longer ones."""


def ask_lengths(line: Line, evidence: Evidence) -> None:
    """Ask for growing texts, each with two ends, and close in on where that stops being right."""
    ruler = make_ruler(line, evidence)
    evidence.counted_by = ruler.known_by
    for tokens in plan_lengths(evidence):
        cut = _ask_pair(line, ruler, tokens)
        if cut is None:
            return
        evidence.cuts.append(cut)
        if is_cut(evidence, cut):
            _close_in(line, evidence, ruler, cut.long)
            return
        if is_refused(cut):
            refused = cut.short if cut.short.outcome == "refusal" else cut.long
            if refused.limit is None:
                _close_in(line, evidence, ruler, refused)
            return
        if has_failed(cut) or max(cut.short.seconds, cut.long.seconds) > SLOW_S:
            return


def plan_lengths(evidence: Evidence) -> list[int]:
    """Tokens of the beginnings: doubled each time, and one above what is said to be the limit."""
    stated = evidence.opening.max_tokens or find_model_length(evidence)
    top = min(stated or 8_192, DEEPEST) if evidence.deep else LONGEST
    lengths, tokens = [], SHORTEST
    while tokens <= top and (stated is None or tokens < 0.9 * stated):
        lengths.append(tokens)
        tokens *= 2
    if stated is not None and stated <= top:
        lengths.append(stated + stated // 16 + 4)
    return lengths


def _ask_pair(line: Line, ruler: Ruler, tokens: int) -> Cut | None:
    """A beginning of so many tokens with two ends; None where the budget is spent."""
    words = ruler.words(tokens)
    beginning = write_beginning(words)
    short = beginning + write_end(max(2, words // 3), 0)
    long = beginning + write_end(max(3, words // 2), 1)
    first, second = line.ask([Ask((short,)), Ask((long,))])
    if "unasked" in (first.outcome, second.outcome):
        return None
    return Cut(ruler.tokens(words), first, second)


def _close_in(line: Line, evidence: Evidence, ruler: Ruler, beyond: Answer) -> None:
    """Halve the room between what is whole and what is not, by beginnings without an end.

    A beginning that a cutting server would cut as well has the vector of the longer text.

    Args:
        line: The way to the server.
        evidence: Its cuts are what is known so far; each step adds one.
        ruler: Of the texts.
        beyond: An answer to a text that is too long.
    """
    most = CLOSING_TOKENS_DEEP if evidence.deep else CLOSING_TOKENS
    before = line.spent.tokens
    for _ in range(STEPS):
        low, high = find_cut(evidence) or find_limit(evidence)
        words = (ruler.words(low) + ruler.words(high)) // 2
        tokens = ruler.tokens(words)
        if high - low <= max(1, high // 512) or not low < tokens < high:
            return
        if line.spent.tokens - before >= most:
            return
        (answer,) = line.ask([Ask((write_beginning(words),))])
        if answer.outcome == "unasked":
            return
        evidence.cuts.append(Cut(tokens, answer, beyond))
        if answer.outcome == "trouble" or answer.kind == "fault":
            return


def judge_lengths(evidence: Evidence) -> Finding:
    """The finding of the probe "truncation"."""
    return judge_length(evidence)


PROBE = Probe("truncation", "texts of growing length", ask_lengths, judge_lengths)
