"""A diagnosis as one HTML file: no script, nothing loaded, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from workbench.contracts import Diagnosis, Finding
from workbench.studies.doctor.render import (
    OUTCOMES,
    SIGNS,
    describe_details,
    describe_run,
    name_status,
    sort_findings,
)
from workbench.studies.sheet import make_sheet
from workbench.studies.shown import clean

_STYLE = """
.verdict {
  border-left: 5px solid currentColor; border-radius: 6px; background: var(--bg2);
  padding: 10px 14px;
}
.verdict p { color: var(--fg); margin: 0; }
td:nth-child(-n+2) { white-space: nowrap; }
td:first-child { font-weight: 600; }
.ok { color: var(--ok); }
.warn { color: var(--warn); }
.fail { color: var(--fail); }
.unknown { color: var(--unknown); }
dl { grid-template-columns: 92px minmax(0, 1fr); }
"""


def to_html(diagnosis: Diagnosis) -> str:
    """The report as a page of its own: verdict, table, evidence, what it took."""
    title = escape(f"{OUTCOMES[diagnosis.status]}: {clean(diagnosis.model)}")
    rows = "".join(
        f'<tr><td class="{one.status}">{name_status(one.status)}</td><td>{_show(one.probe)}</td>'
        f"<td>{_show(one.says)}</td></tr>\n"
        for one in diagnosis.findings
    )
    sections = "".join(_section(finding) for finding in sort_findings(diagnosis.findings))
    body = (
        f"<h1>{SIGNS[diagnosis.status]} {title}</h1>\n"
        f'<div class="verdict {diagnosis.status}"><p>{_show(diagnosis.verdict, 2_000)}</p></div>\n'
        '<table>\n<thead><tr><th scope="col">status</th><th scope="col">probe</th>'
        f'<th scope="col">what was found</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n'
        f"{sections}<section><h2>What was examined</h2>{_facts(describe_run(diagnosis))}"
        "</section>\n"
    )
    return make_sheet(title, body, style=_STYLE)


def _section(finding: Finding) -> str:
    details = describe_details(finding)
    if finding.status == "ok" and not finding.evidence and not details:
        return ""
    lines = "".join(f"<li>{_show(line)}</li>" for line in finding.evidence)
    return (
        f'<section><h2><span class="{finding.status}">{SIGNS[finding.status]}</span> '
        f"{_show(finding.probe)}</h2><div>{_show(finding.says)}</div>"
        f"{f'<ul>{lines}</ul>' if lines else ''}{_facts(details)}</section>\n"
    )


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in pairs)
    return f"<dl>{told}</dl>" if told else ""


def _show(text: str, most: int = 600) -> str:
    """A text as it reads, never as markup."""
    return escape(clean(text, most))
