"""Texts of a wanted length in tokens, and what is known of how long a text may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.contracts import Answer, Ask, Line
from workbench.studies.doctor.evidence import Cut, Evidence

_WORDS = (
    *("river", "stone", "window", "garden", "paper", "winter", "music", "letter", "table"),
    *("bridge", "morning", "silver", "village", "forest", "engine", "market", "doctor"),
    *("island", "kitchen", "button", "summer", "station", "yellow", "harbour", "mountain"),
    *("teacher", "carpet", "bottle", "ladder", "orange", "railway", "candle"),
)
_ENDS = tuple(
    sentence.split(" ")
    for sentence in (
        "the surgeon measured blood pressure before anaesthesia and wrote down each dose",
        "our football team lost every match although both goalkeepers trained at night",
    )
)
_SAMPLE = 25
_BYTES_PER_TOKEN = 7
"""Of these words, where nobody counts: most tokenizers have each as one token."""
_PUBLISHED = {"qwen3-embedding": 32_768}
"""Longest input by a part of the model's name; from the model cards."""


def write_beginning(words: int) -> str:
    """So many words, the same ones for every length: the shorter is how the longer begins."""
    state, found = 1, []
    for _ in range(words):
        state = (state * 1103515245 + 12345) % 2**31
        found.append(_WORDS[(state >> 16) % len(_WORDS)])
    return " ".join(found)


def write_end(words: int, which: int) -> str:
    """So many words that the beginning has not, in one of two sorts."""
    sort = _ENDS[which]
    return "".join(f" {sort[place % len(sort)]}" for place in range(words))


@dataclass(frozen=True)
class Ruler:
    """Tokens by words.

    Attributes:
        per_word: Tokens of a word.
        special: Tokens that every text has besides.
        count: Counts exactly; None: only the two above are known.
        known_by: Who counts: "the reference", "the server", or "an estimate".
    """

    per_word: float
    special: float
    count: Callable[[str], int | None] | None
    known_by: str

    def words(self, tokens: float) -> int:
        """Words that have about so many tokens."""
        return max(1, round((tokens - self.special) / self.per_word))

    def tokens(self, words: int) -> int:
        """Tokens of the beginning of so many words."""
        exact = self.count(write_beginning(words)) if self.count is not None else None
        return round(self.special + self.per_word * words) if exact is None else exact


def make_ruler(line: Line, evidence: Evidence) -> Ruler:
    """Learn how many tokens a word has: by the reference, else the server, else by its bytes.

    It takes no request, or two small ones.
    """
    if evidence.reference is not None:
        count = evidence.reference.count_tokens
        found = _measure(count)
        if found is not None:
            return Ruler(*found, count, "the reference")
    found = _measure(line.count_tokens) or _measure(lambda text: _count_by_usage(line, text))
    if found is not None:
        return Ruler(*found, None, "the server")
    sample = write_beginning(_SAMPLE)
    return Ruler(len(sample) / _SAMPLE / _BYTES_PER_TOKEN, 0, None, "an estimate")


def _measure(count: Callable[[str], int | None]) -> tuple[float, float] | None:
    """Tokens of a word and of a text without words; None where they are not counted."""
    short = count(write_beginning(1))
    long = count(write_beginning(_SAMPLE)) if short else None
    if not short or long is None or long - short < _SAMPLE - 1:
        return None
    per_word = (long - short) / (_SAMPLE - 1)
    return per_word, max(0.0, short - per_word)


def _count_by_usage(line: Line, text: str) -> int | None:
    (answer,) = line.ask([Ask((text,))])
    counted = answer.tokens
    if counted is None or counted >= 0.9 * len(text):  # infinity counts characters
        return None
    return counted


def find_model_length(evidence: Evidence) -> int | None:
    """Longest input of the model under examination; None: not known."""
    if evidence.reference is not None and evidence.reference.max_tokens is not None:
        return evidence.reference.max_tokens
    opening = evidence.opening
    names = [name.casefold() for name in (opening.asked_model, opening.model) if name]
    found = (length for part, length in _PUBLISHED.items() if any(part in n for n in names))
    return next(found, None)


def measure_total(cut: Cut, answer: Answer) -> int:
    """Tokens of a whole text of a pair, by its words and the tokens of the words of a beginning."""
    words = cut.short.ask.texts[0].split(" ")
    pairs = zip(words, write_beginning(len(words)).split(" "), strict=True)
    beginning = next((place for place, (a, b) in enumerate(pairs) if a != b), len(words))
    return round(cut.tokens * len(answer.ask.texts[0].split(" ")) / max(1, beginning))
