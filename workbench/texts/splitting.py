r"""Cut pasted text into texts, one a line or one a block, and put them together again.

A line ends at ``\n``, ``\r\n`` or ``\r`` and nowhere else. ``str.splitlines`` would also cut at
U+2028, U+0085, form feeds and the like, which editors show inside a line and which text copied from
web pages and PDF files does contain: one sentence would silently become two, and every line number
after it would disagree with the editor's.

A fenced block (three or more backticks, as in Markdown) is one text, to the letter and without its
fence lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.contracts import Issue, TextItem
from workbench.texts.collecting import Draft, is_empty

_BREAK = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r" {0,3}(`{3,})[^`]*$")
_TICKS = re.compile(r"`{3,}")


@dataclass(frozen=True)
class Line:
    """Where a line begins and ends in the paste, without its line break; numbered from 1."""

    number: int
    start: int
    end: int


def split_lines(pasted: str) -> list[Line]:
    """The lines of a paste; one empty line at the end belongs to the line break before it."""
    lines, start = [], 0
    for number, match in enumerate(_BREAK.finditer(pasted), start=1):
        lines.append(Line(number, start, match.start()))
        start = match.end()
    if start < len(pasted):
        lines.append(Line(len(lines) + 1, start, len(pasted)))
    elif lines and lines[-1].start == lines[-1].end:
        lines.pop()
    return lines


def split_texts(pasted: str, *, blocks: bool) -> tuple[list[Draft], list[Issue]]:
    """Cut a paste into one draft a line, or one a block between empty lines.

    Returns:
        The drafts (in lines mode the empty ones too, to be reported) and the issues of fences.
    """
    drafts: list[Draft] = []
    issues: list[Issue] = []
    block: list[Line] = []

    def close_block() -> None:
        if block:
            drafts.append(_cut(pasted, block))
            block.clear()

    remaining = iter(split_lines(pasted))
    for line in remaining:
        text = pasted[line.start : line.end]
        fence = _FENCE.match(text) if "```" in text else None
        if fence:
            close_block()
            draft, issue = _take_fenced(pasted, line, len(fence[1]), remaining)
            drafts.append(draft)
            issues.extend(issue)
        elif not blocks:
            drafts.append(Draft(text, line.number))
        elif is_empty(text):
            close_block()
        else:
            block.append(line)
    close_block()
    return drafts, issues


def _take_fenced(
    pasted: str, fence: Line, ticks: int, remaining: Iterator[Line]
) -> tuple[Draft, list[Issue]]:
    closing = re.compile(rf" {{0,3}}`{{{ticks},}}[ \t]*$")
    inside: list[Line] = []
    for line in remaining:
        if closing.match(pasted[line.start : line.end]):
            break
        inside.append(line)
    else:
        message = (
            f"The code block that opens on line {fence.number} is never closed: everything after "
            f"it was taken as one text. Close it with a line of {ticks} backticks."
        )
        return _cut(pasted, inside, fence.number), [Issue(fence.number, "fence", message)]
    return _cut(pasted, inside, fence.number), []


def _cut(pasted: str, lines: list[Line], otherwise: int = 0) -> Draft:
    """The slice from the first line to the last, inner line breaks as they are."""
    if not lines:
        return Draft("", otherwise)
    return Draft(pasted[lines[0].start : lines[-1].end], lines[0].number)


def join_texts(texts: Iterable[str | TextItem]) -> str:
    """A paste that ``parse_texts(..., mode="lines")`` takes apart into exactly these texts.

    A text of several lines, or one that looks like a fence, goes into a fenced block whose fence is
    longer than any run of backticks inside. Empty texts cannot be told apart from the lines between
    texts and do not come back.
    """
    return "\n".join(_write(text if isinstance(text, str) else text.text) for text in texts)


def _write(text: str) -> str:
    if not _BREAK.search(text) and not _FENCE.match(text):
        return text
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    # "\r" before "\n" would be read as one line break
    end = "\r\n" if text.endswith("\r") else "\n"
    return f"{fence}\n{text}{end}{fence}"
