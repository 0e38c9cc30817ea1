"""An evaluation as Markdown. Texts are data in it, shown whole."""

from __future__ import annotations

import re

from workbench.contracts import Evaluation
from workbench.studies.evaluation.report_blocks import Heading, Listed, Part, Sentence, Table
from workbench.studies.evaluation.report_parts import describe_evaluation, title_of
from workbench.studies.shown import clean_lines, escape_markdown, escape_marks

WHOLE = 10_000_000
"""Characters of a text that are shown: all of them."""
_ENDS = re.compile(r"\\\[(−?\d+\.\d+, −?\d+\.\d+)\\\](?![(\[:])")
"""An interval, escaped: two numbers in brackets are no link, and read better without."""


def to_markdown(evaluation: Evaluation) -> str:
    """A report to keep or to put into an issue: tables, failures with texts, what was measured."""
    blocks = [f"# Evaluation: {title_of(evaluation)}"]
    blocks += [_write(part) for part in describe_evaluation(evaluation)]
    return "\n\n".join(blocks) + "\n"


def _write(part: Part) -> str:
    if isinstance(part, Heading):
        return f"{'#' * part.level} {_line(part.text)}"
    if isinstance(part, Sentence):
        return _line(part.text)
    if isinstance(part, Table):
        return _table(part)
    return _list(part)


def _table(table: Table) -> str:
    rule = ("---",) * len(table.head)
    rows = [tuple(map(_words, row)) for row in (table.head, *table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _list(listed: Listed) -> str:
    return "\n".join(_item(word, text) for word, text in listed.facts)


def _item(word: str, text: str) -> str:
    """A line of a list; a text of several lines becomes a block of its own that shows them."""
    lines = clean_lines(text)
    if "\n" not in lines:
        return f"- {_words(word)}: {_words(text)}"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", lines)), default=0))
    block = "\n".join(f"  {line}" for line in (fence, *lines.split("\n"), fence))
    return f"- {_words(word)}:\n\n{block}\n"


def _line(text: str) -> str:
    return _ENDS.sub(r"[\1]", escape_markdown(text, WHOLE))


def _words(text: str) -> str:
    return _ENDS.sub(r"[\1]", escape_marks(text, WHOLE))
