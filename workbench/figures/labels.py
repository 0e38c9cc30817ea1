"""Texts as labels: clipped and wrapped by what they take on screen, and never as markup.

plotly reads tags, entities and ``$…$`` (as TeX, where MathJax is loaded) in every label, and
``%{…}`` in templates. ``escape`` makes the first three plain; texts never go into a template.
"""

from __future__ import annotations

import html
import unicodedata

ELLIPSIS = "…"
_BREAKS = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\u2028": "⏎", "\u2029": "⏎", "\x85": "⏎", "\x7f": "␡"}


def display_width(text: str) -> int:
    """Columns that a text takes: 2 for Chinese, Japanese, Korean and full-width, 0 for marks."""
    return sum(map(_width, text))


def one_line(text: str) -> str:
    """The text with line breaks, control and direction characters shown as visible symbols."""
    return "".join(map(_visible, text))


def clip(text: str, width: int) -> str:
    """The beginning of a text as one line of ``width`` columns (3 or more), "…" where it is cut."""
    line = one_line(text[: 2 * width + 8])
    if len(text) <= 2 * width + 8 and display_width(line) <= width:
        return line
    return _fit(line, width - 1)[0] + ELLIPSIS


def wrap(text: str, width: int, lines: int) -> list[str]:
    """A text in at most ``lines`` lines of ``width`` columns, its own line breaks kept.

    Breaks after a space where there is one in the last third of a line, else between characters.
    """
    out: list[str] = []
    shown = text[: 3 * width * lines]
    for paragraph in shown.replace("\r\n", "\n").split("\n"):
        rest = one_line(paragraph)
        while True:
            if len(out) == lines:
                out[-1] = _fit(out[-1], width - 1)[0] + ELLIPSIS
                return out
            head, rest = _fit(rest, width)
            cut = head.rfind(" ") + 1
            if rest and cut > len(head) * 2 // 3:
                head, rest = head[:cut], head[cut:] + rest
            out.append(head)
            if not rest:
                break
    if len(shown) < len(text):
        out[-1] = _fit(out[-1], width - 1)[0] + ELLIPSIS
    return out


def escape(text: str) -> str:
    """A text that plotly shows to the letter in labels, legends and hover boxes."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def label_text(text: str, width: int = 24) -> str:
    """One escaped line for an axis or a legend."""
    return escape(clip(text, width))


def hover_text(text: str, *, width: int = 60, lines: int = 8) -> str:
    """Escaped lines for a hover box."""
    return "<br>".join(escape(line) for line in wrap(text, width, lines))


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _visible(char: str) -> str:
    if char in _BREAKS:
        return _BREAKS[char]
    category = unicodedata.category(char)
    if category == "Cc":
        return chr(0x2400 + ord(char)) if ord(char) < 0x20 else f"[U+{ord(char):04X}]"
    if category == "Cs":
        return "\ufffd"  # half a character cannot be sent to a browser
    if category == "Cf" and char != "\u200d":  # the joiner holds emoji together
        return f"[U+{ord(char):04X}]"
    return char


def _fit(line: str, width: int) -> tuple[str, str]:
    """Split where ``width`` columns are full; at least one character goes in front."""
    used = 0
    for position, char in enumerate(line):
        used += _width(char)
        if used > width and position:
            return line[:position], line[position:]
    return line, ""
