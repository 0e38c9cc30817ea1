"""What an evaluation found, in words and figures: the same in pictures, panel and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    Cost,
    Difference,
    EmbedderResult,
    Interval,
    Prompt,
    Score,
    TaskKind,
    TaskResult,
    size_words,
)

Clock: TypeAlias = Literal["single", "batch"]
"""One text a call, or all texts at once."""
Facts: TypeAlias = list[tuple[str, str]]
"""(word, text) each."""

MINUS = "−"
NONE = "–"
"""Stands where there is no number."""


def value_words(value: float) -> str:
    """A score: "0.812"."""
    return f"{value:.3f}".replace("-", MINUS)


def signed_words(value: float) -> str:
    """A difference of scores: "+0.031"."""
    return f"{value:+.3f}".replace("-", MINUS)


def interval_words(interval: Interval | None) -> str:
    """The ends in brackets after a space; nothing where there is no interval."""
    if interval is None:
        return ""
    return f" [{interval.low:.3f}, {interval.high:.3f}]".replace("-", MINUS)


def score_words(score: Score) -> str:
    """A score with its interval and n: "0.812 [0.780, 0.840], n=160"."""
    return f"{value_words(score.value)}{interval_words(score.interval)}, n={score.n:,}"


def verdict_words(difference: Difference) -> str:
    """What a difference comes to, in a sentence that needs no statistics to be read."""
    if difference.verdict == "the same":
        return "the same on every item"
    if difference.verdict == "not separable":
        if not includes_zero(difference.interval):
            return "not separable: too few items for an interval"
        return "not separable: the interval includes 0"
    higher = difference.first if difference.verdict == "higher" else difference.second
    return f"{higher} is higher"


def explain_verdict(difference: Difference) -> str:
    """The verdict with the ends that it rests on, for a reader who has nothing else at hand."""
    words, interval = verdict_words(difference), difference.interval
    if interval is None or difference.verdict == "the same":
        return words
    ends = f"{value_words(interval.low)} to {value_words(interval.high)}"
    if difference.verdict != "not separable":
        return f"{words}: the interval of the difference, {ends}, leaves out 0"
    if includes_zero(interval):
        return f"not separable: the interval of the difference, {ends}, includes 0"
    return f"not separable: too few items to trust the interval of the difference, {ends}"


def includes_zero(interval: Interval | None) -> bool:
    """Whether there is an interval, with 0 in it."""
    return interval is not None and interval.low <= 0 <= interval.high


def count_words(difference: Difference) -> str:
    """Items won, lost and tied by the first: "12 / 7 / 41"."""
    if difference.wins < 0:
        return NONE
    return f"{difference.wins:,} / {difference.losses:,} / {difference.ties:,}"


def bracket_words(embedders: Sequence[EmbedderResult]) -> str:
    """What the brackets beside the scores are; nothing where no score has any."""
    scores = (score for one in embedders for found in one.tasks for score in found.scores)
    interval = next((score.interval for score in scores if score.interval is not None), None)
    if interval is None:
        return ""
    return (
        f"In brackets: {interval.level:.0%} of {interval.draws:,} bootstrap draws lie there, so "
        "far would the score move with other items of the same kind."
    )


def metric_words(score: Score) -> str:
    """The metric, and that lower is better where it is."""
    return score.metric + ("" if score.higher_is_better else " (lower is better)")


def failure_names(kind: TaskKind) -> tuple[str, str, str]:
    """What the three texts of a failure are."""
    if kind in ("sts", "pairs"):
        return "first text", "second text", ""
    return "asked", "expected", "found instead"


def cost_times(cost: Cost, clock: Clock) -> NDArray[np.float64]:
    """Seconds a text, (calls,) float64, by one clock or the other."""
    if clock == "single":
        return cost.single_seconds
    return cost.batch_seconds / max(1, cost.texts)


def quantile_words(seconds: NDArray[np.float64]) -> str:
    """Median and 95th percentile of seconds, in milliseconds: "2.1 / 2.8"."""
    if not seconds.size:
        return NONE
    median, late = np.percentile(seconds * 1000, [50, 95])
    return f"{median:.3g} / {late:.3g}"


def memory_words(size: int | None) -> str:
    """A size, or the sign for one that is not known."""
    return NONE if size is None else size_words(size)


def prompt_words(prompt: Prompt) -> str:
    """The exact prefix, with what should be known about it."""
    words = repr(prompt.prefix) if prompt.prefix else "nothing"
    return f"{words} ({prompt.note})" if prompt.note else words


def embedder_facts(one: EmbedderResult) -> Facts:
    """What an embedder is, and every choice that was made for the user."""
    info = one.info
    dim = f"{info.dim}" if info.dim == info.native_dim else f"{info.dim} of {info.native_dim}"
    return [
        ("loaded as", one.asked or "handed in as an object"),
        ("model", info.name),
        ("revision", info.revision or "not known"),
        ("where", info.base_url or info.device or info.backend),
        ("type", info.dtype or "not known"),
        ("dimensions", dim),
        ("longest text", f"{info.max_tokens:,} tokens" if info.max_tokens else "no known limit"),
        *(("note", note) for note in info.notes),
    ]


def task_facts(found: TaskResult) -> Facts:
    """What was embedded for a task, with which prefix, and whose judgement its answers are."""
    tokens = f", {found.tokens:,} tokens" if found.tokens >= 0 else ""
    cut = f"{found.truncated:,} of {found.texts:,} texts" if found.truncated else "none"
    facts = [
        *((f"before a {role}", prompt_words(prompt)) for role, prompt in found.prompts.items()),
        ("embedded", f"{found.texts:,} texts{tokens} in {found.seconds:.1f} s"),
        ("truncated", cut),
        ("answers", found.source.note),
        ("content", f"sha256 {found.source.sha256[:16]}" if found.source.sha256 else ""),
        *(("note", note) for note in found.notes),
    ]
    return [pair for pair in facts if pair[1]]
