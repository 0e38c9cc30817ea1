"""From raw texts to items: what is left out, what is kept and reported.

Nothing is stripped, folded or normalised here: spaces at the ends, tabs, no-break spaces,
decomposed accents and carriage returns all reach the tokenizer as they were given, because each
can change the vector and the user came to see what does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.contracts import Issue, Kind, TextItem
from workbench.errors import InputError
from workbench.texts.kinds import guess_kind

_SURROGATE = re.compile("[\ud800-\udfff]")
# C0 and C1 but tab and line breaks; invisible spaces, the byte order mark, direction overrides,
# and the separators U+2028/9, which look like line breaks and are none here.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True)
class ParsedTexts:
    """The texts of a paste or a file, and what was noticed on the way.

    Attributes:
        items: Texts in their order, to the letter.
        issues: What was left out or looks odd, by line.
        columns: Names of the columns, for data that has them.
        column: The one of them that the texts were taken from; None where there is none.
    """

    items: tuple[TextItem, ...]
    issues: tuple[Issue, ...]
    columns: tuple[str, ...] = ()
    column: str | None = None

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Draft:
    """A text before it is looked at; ``kind`` None asks for a guess."""

    text: str
    line: int
    kind: Kind | None = None
    label: str = ""


def collect(
    drafts: Iterable[Draft],
    *,
    issues: Sequence[Issue] = (),
    columns: tuple[str, ...] = (),
    column: str | None = None,
) -> ParsedTexts:
    """Turn drafts into items, leaving out the empty and the unreadable, reporting duplicates.

    Args:
        drafts: In the order of their lines.
        issues: Those noticed before, to be merged in.
        columns: Names of the columns, for data that has them.
        column: The one that the texts came from.
    """
    items: list[TextItem] = []
    found: list[Issue] = list(issues)
    empty: list[int] = []
    first: dict[str, int] = {}
    for draft in drafts:
        text, line = draft.text, draft.line
        if is_empty(text):
            empty.append(line)
        elif _SURROGATE.search(text):
            found.append(_report_surrogates(text, line))
        else:
            items.append(TextItem(text, draft.kind or guess_kind(text), line, draft.label))
            if _CONTROL.search(text):
                found.append(_report_controls(text, line))
            if first.setdefault(text, line) != line:
                found.append(
                    Issue(line, "duplicate", f"Line {line} is a duplicate of line {first[text]}.")
                )
    found.extend(report_empty(empty))
    found.sort(key=lambda issue: issue.line)
    return ParsedTexts(tuple(items), tuple(found), columns, column)


def is_empty(text: str) -> bool:
    """Whether nothing of the text can be seen: white space and format characters only."""
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)


def report_empty(lines: Sequence[int]) -> tuple[Issue, ...]:
    """One issue for each run of consecutive line numbers; ``lines`` ascend."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return tuple(
        Issue(start, "empty", f"Line {start} is empty and was left out.")
        if start == end
        else Issue(start, "empty", f"Lines {start} to {end} are empty and were left out.")
        for start, end in runs
    )


def report_truncated(
    items: Sequence[TextItem],
    *,
    tokens: Iterable[int],
    truncated: Iterable[bool],
    max_tokens: int | None,
) -> tuple[Issue, ...]:
    """Say which texts the embedder cut, from what it counted.

    Args:
        items: n texts, in the order they were embedded.
        tokens: (n,) tokens the model saw; -1 where the backend cannot tell.
        truncated: (n,) whether the text was cut.
        max_tokens: The embedder's limit, where it is known.

    Raises:
        InputError: The three are not of one length.
    """
    counts, cut = [int(count) for count in tokens], [bool(flag) for flag in truncated]
    if not len(items) == len(counts) == len(cut):
        raise InputError(
            f"report_truncated needs one count and one flag a text: found {len(items)} texts, "
            f"{len(counts)} counts and {len(cut)} flags."
        )
    return tuple(
        Issue(item.line, "truncated", _describe_cut(item.line, count, max_tokens))
        for item, count, flag in zip(items, counts, cut, strict=True)
        if flag
    )


def _describe_cut(line: int, seen: int, max_tokens: int | None) -> str:
    first = seen if seen >= 0 else max_tokens
    limit = "its first part" if first is None else f"its first {first:,} tokens"
    return (
        f"The text on line {line} is longer than the model reads: the vector knows only {limit}. "
        "Split the text, or choose an embedder with a higher limit."
    )


def _report_surrogates(text: str, line: int) -> Issue:
    match = _SURROGATE.search(text)
    assert match is not None
    return Issue(
        line,
        "unreadable",
        f"The text on line {line} holds half a character (U+{ord(match[0]):04X}, a lone surrogate) "
        f"at position {match.start() + 1}, which no tokenizer can read; it was left out.",
    )


def _report_controls(text: str, line: int) -> Issue:
    names = ", ".join(f"U+{ord(char):04X}" for char in sorted(set(_CONTROL.findall(text))))
    return Issue(
        line,
        "control characters",
        f"The text on line {line} holds characters that cannot be seen ({names}). They were kept "
        "and may change its vector.",
    )
