"""An evaluation as one HTML file: no script, nothing loaded. Texts are data in it, shown whole."""

from __future__ import annotations

from html import escape

from workbench.contracts import Evaluation
from workbench.studies.evaluation.report_blocks import Heading, Listed, Part, Sentence, Table
from workbench.studies.evaluation.report_parts import describe_evaluation, title_of
from workbench.studies.sheet import make_sheet
from workbench.studies.shown import clean_lines

_STYLE = """
body { max-width: 1400px; }
h3 { font-size: 15px; margin: 16px 0 2px; color: var(--fg2); }
p { margin: 6px 0; }
.wide { overflow-x: auto; }
td, th { overflow-wrap: normal; min-width: 50px; padding-right: 8px; }
td { font-variant-numeric: tabular-nums; }
tbody th { color: var(--fg); }
dl {
  grid-template-columns: 120px minmax(0, 1fr); padding: 6px 0;
  border-bottom: 1px solid var(--line);
}
dd { white-space: pre-wrap; }
"""


def to_html(evaluation: Evaluation) -> str:
    """The report as a page of its own: tables, failures with texts, what was measured."""
    title = escape(f"Evaluation: {title_of(evaluation)}")
    body = "".join(map(_write, describe_evaluation(evaluation)))
    return make_sheet(title, f"<h1>{title}</h1>\n{body}", style=_STYLE)


def _write(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h{part.level}>{_show(part.text)}</h{part.level}>\n"
    if isinstance(part, Sentence):
        return f"<p>{_show(part.text)}</p>\n"
    if isinstance(part, Table):
        return _table(part)
    return _list(part)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_show(cell)}</th>' for cell in table.head)
    rows = "".join(_row(row) for row in table.rows)
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>\n"
    )


def _row(row: tuple[str, ...]) -> str:
    cells = "".join(f"<td>{_show(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{_show(row[0])}</th>{cells}</tr>\n'


def _list(listed: Listed) -> str:
    told = "".join(f"<dt>{_show(word)}</dt><dd>{_show(text)}</dd>" for word, text in listed.facts)
    return f"<dl>{told}</dl>\n"


def _show(text: str) -> str:
    """A text as it reads, never as markup."""
    return escape(clean_lines(text))
