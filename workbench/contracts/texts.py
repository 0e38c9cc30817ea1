"""A text as it was given, and what was noticed about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["zh", "en", "code", "mixed", "other"]
KINDS: tuple[Kind, ...] = ("zh", "en", "code", "mixed", "other")


@dataclass(frozen=True)
class TextItem:
    """One text, unaltered.

    Attributes:
        text: The text to the letter: nothing stripped, folded or normalised.
        kind: Guessed, or as the user's own column says. "other": a script that is neither
            Chinese nor Latin, or no letters at all.
        line: First line of the text in what was pasted or in its file, counted from 1.
        label: The user's own label (a column), or "".
    """

    text: str
    kind: Kind
    line: int
    label: str = ""


@dataclass(frozen=True)
class Issue:
    """Something noticed about a text: reported, not repaired.

    Attributes:
        line: Where, counted from 1.
        what: "empty", "duplicate", "unreadable", "truncated", "control characters", "fence",
            "header", "kind", "missing", "encoding" or "refused".
        message: A sentence for a person.
    """

    line: int
    what: str
    message: str
