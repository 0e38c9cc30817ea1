"""A report as one HTML file: no script, nothing loaded, light and dark, fit to print."""

from __future__ import annotations

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
table {{ border-collapse: collapse; width: 100%; margin-top: 16px; }}
th, td {{
  text-align: left; vertical-align: top; padding: 5px 10px 5px 0;
  border-bottom: 1px solid var(--line);
}}
th {{ color: var(--fg2); font-weight: 600; }}
ul {{ margin: 4px 0; padding-left: 20px; }}
dl {{ display: grid; gap: 2px 14px; margin: 4px 0; }}
dt {{ color: var(--fg2); }}
dd {{ margin: 0; }}
section, tr {{ break-inside: avoid; }}
@media print {{
  body {{ max-width: none; padding: 0; font-size: 11pt; }}
}}
"""


def make_sheet(title: str, body: str, *, style: str = "") -> str:
    """A whole page.

    Args:
        title: Escaped by the caller.
        body: Its HTML, every foreign text in it escaped by the caller.
        style: Rules beside those that all reports share.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )
