"""Texts of others as a report shows them: data, never markup, never what a terminal obeys."""

from __future__ import annotations

import re
import sys

LONGEST = 600
"""Characters of one text that are shown unless asked otherwise."""

_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_MARKS = re.compile(r"([\\`*\[\]<>|~#$&]|(?<![^\W_])_|_(?![^\W_]))")
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)]))([.)]?)")


def clean(text: str, most: int = LONGEST) -> str:
    """One line of a text: no colours, no control or direction characters, not longer than that.

    Line breaks become visible signs.
    """
    line = re.sub(r"\r\n|[\r\n\u2028\u2029]", "⏎", _SEQUENCES.sub("", text)).replace("\t", " ")
    line = _UNSEEN.sub("\ufffd", line)
    if len(line) <= most:
        return line
    return f"{line[:most]}… ({len(line) - most:,} more characters)"


def clean_lines(text: str) -> str:
    """The whole of a text with its lines and tabs as they are, else as ``clean``."""
    lines = re.sub(r"\r\n|[\r\u2028\u2029]", "\n", _SEQUENCES.sub("", text))
    return _UNSEEN.sub("\ufffd", lines)


def escape_markdown(text: str, most: int = LONGEST) -> str:
    """A text as one line of Markdown that shows it to the letter: no markup, no formula."""
    return _LEADING.sub(_escape_leading, escape_marks(text, most))


def escape_marks(text: str, most: int = LONGEST) -> str:
    """The same where the text begins no line: in a table's cell, or after other words."""
    return _MARKS.sub(r"\\\1", clean(text, most).strip())


def _escape_leading(match: re.Match[str]) -> str:
    """Keep a dash, or "1.", from beginning a list."""
    return rf"{match[1]}\{match[2]}" if match[2] else rf"\{match[1]}"


def find_version() -> str:
    """As the package says itself: what an installer noted may be older than the source."""
    return str(getattr(sys.modules[__name__.partition(".")[0]], "__version__", ""))
