"""What is wrong with a file: collected, so that one look mends it, and told with its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.errors import InputError
from workbench.texts.collecting import is_empty

SHOWN = 5
"""Errors that a message lists; the rest is counted."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class Problems:
    """Errors in one file or paste.

    Args:
        place: The file's name; "" for what was pasted, whose lines are "line 3".
    """

    def __init__(self, place: str = "") -> None:
        self.place = place
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def where(self, line: int) -> str:
        """A line as messages name it: "sts.tsv:3", or "line 3" of a paste."""
        return f"{self.place}:{line}" if self.place else f"line {line}"

    def add(self, line: int, says: str) -> None:
        """Note what is wrong on a line, and what mends it."""
        self._found.append((line, says))

    def fail(self, line: int, says: str) -> InputError:
        """The error to raise where nothing after this line can be read."""
        return InputError(f"{self.where(line)}: {says}")

    def refuse(self, says: str) -> InputError:
        """The error to raise about the whole."""
        return InputError(f"{self.place or 'What was pasted'}: {says}")

    def check(self) -> None:
        """Go on if nothing was found.

        Raises:
            InputError: Something was; the first five by line, and how many there are.
        """
        ordered = sorted(self._found, key=lambda one: one[0])  # roles are looked at one by one
        found = [f"{self.where(line)}: {says}" for line, says in ordered]
        if len(found) == 1:
            raise InputError(found[0])
        if found:
            more = [f"and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
            listed = "".join(f"\n  {line}" for line in (*found[:SHOWN], *more))
            raise InputError(
                f"{self.place or 'What was pasted'} has {len(found):,} errors:{listed}"
            )

    def check_text(self, line: int, what: str, text: str) -> None:
        """Note a text that no embedder can take: nothing to be seen in it, or half a character."""
        cause = unusable(text)
        if cause:
            self.add(line, f"{what} {cause}.")


def unusable(text: str) -> str:
    """Why a text cannot be embedded; "" where it can."""
    if is_empty(text):
        return f"is empty ({text[:20]!r}). Write a text, or take the line out"
    if "\0" in text:
        return f"holds a NUL character ({text[:40]!r}), so this may be no text file"
    if match := _SURROGATE.search(text):
        return (
            f"holds half a character (U+{ord(match[0]):04X} at position {match.start() + 1}), "
            "which no tokenizer can read. Write the character whole"
        )
    return ""


def shorten(value: object, limit: int = 60) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"


def listed(values: Sequence[object], limit: int = 12) -> str:
    """Values as a message lists them."""
    more = f" and {len(values) - limit:,} more" if len(values) > limit else ""
    return ", ".join(shorten(value, 40) for value in values[:limit]) + more


def counted(count: int, one: str, many: str) -> str:
    """A sentence's subject and verb with the count before it: "1 pair is", "1,200 pairs are"."""
    return f"{count:,} {one if count == 1 else many}"
