"""A diagnosis as one HTML file: no script, nothing loaded, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from workbench.contracts import Diagnosis, Finding
from workbench.studies.doctor.render import (
    OUTCOMES,
    SIGNS,
    clean,
    describe_details,
    describe_run,
    name_status,
    sort_findings,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LIGHT = (
    "--fg: #1d1f21; --fg2: #5a5f66; --bg: #fff; --bg2: #f3f4f6; --line: #d5d8dc; "
    "--ok: #00664b; --warn: #8a5300; --fail: #b3261e; --unknown: #4a5a78;"
)
_DARK = (
    "--fg: #e6e6e6; --fg2: #a9afb7; --bg: #16181b; --bg2: #22252a; --line: #3b4046; "
    "--ok: #57c9a4; --warn: #f0b14a; --fail: #ff8a80; --unknown: #a9bbdc;"
)
_STYLE = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
body {{
  margin: 0 auto; max-width: 1000px; padding: 24px; background: var(--bg); color: var(--fg);
  font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; overflow-wrap: anywhere;
}}
h1 {{ font-size: 21px; margin: 0 0 8px; }}
h2 {{ font-size: 16px; margin: 24px 0 4px; }}
.verdict {{
  border-left: 5px solid currentColor; border-radius: 6px; background: var(--bg2);
  padding: 10px 14px;
}}
.verdict p {{ color: var(--fg); margin: 0; }}
table {{ border-collapse: collapse; width: 100%; margin-top: 16px; }}
th, td {{
  text-align: left; vertical-align: top; padding: 5px 10px 5px 0;
  border-bottom: 1px solid var(--line);
}}
th {{ color: var(--fg2); font-weight: 600; }}
td:nth-child(-n+2) {{ white-space: nowrap; }}
td:first-child {{ font-weight: 600; }}
.ok {{ color: var(--ok); }}
.warn {{ color: var(--warn); }}
.fail {{ color: var(--fail); }}
.unknown {{ color: var(--unknown); }}
ul {{ margin: 4px 0; padding-left: 20px; }}
dl {{ display: grid; grid-template-columns: 92px minmax(0, 1fr); gap: 2px 14px; margin: 4px 0; }}
dt {{ color: var(--fg2); }}
dd {{ margin: 0; }}
section, tr {{ break-inside: avoid; }}
@media print {{
  body {{ max-width: none; padding: 0; font-size: 11pt; }}
}}
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
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{SIGNS[diagnosis.status]} {title}</h1>\n"
        f'<div class="verdict {diagnosis.status}"><p>{_show(diagnosis.verdict, 2_000)}</p></div>\n'
        '<table>\n<thead><tr><th scope="col">status</th><th scope="col">probe</th>'
        f'<th scope="col">what was found</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n'
        f"{sections}<section><h2>What was examined</h2>{_facts(describe_run(diagnosis))}"
        "</section>\n"
        "</body>\n</html>\n"
    )


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
