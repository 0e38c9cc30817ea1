"""Figures as one page that opens anywhere, without a network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from workbench.studies.export import check_free


class HtmlFigure(Protocol):
    """What ``plotly.graph_objects.Figure`` offers: itself as a piece of a page."""

    def to_html(self, **options: Any) -> str:  # noqa: ANN401  (plotly's own options)
        """The figure as HTML."""
        ...


def export_html(
    path: str | Path,
    figures: Sequence[tuple[str, HtmlFigure]],
    *,
    title: str,
    paragraphs: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write figures to one page that opens without a network; plotly.js (5 MB) is inside.

    Args:
        path: Where to.
        figures: A heading and a figure each.
        title: The page's title.
        paragraphs: Sentences before the figures: the recipe, the notes.
        overwrite: Replace a file that is there.

    Raises:
        InputError: An existing file.
    """
    target = Path(path)
    check_free(target, overwrite=overwrite)
    config = {"displaylogo": False, "showSendToCloud": False, "typesetMath": False}
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs]
    for number, (heading, figure) in enumerate(figures):
        piece = figure.to_html(full_html=False, include_plotlyjs=number == 0, config=config)
        body.append(f"<section><h2>{html.escape(heading)}</h2>{piece}</section>")
    page = _PAGE.replace("{title}", html.escape(title)).replace("{body}", "\n".join(body))
    target.write_text(page, encoding="utf-8", errors="replace")
    return target


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root { color-scheme: light dark }
body { font-family: "Noto Sans", "Noto Sans CJK SC", sans-serif; margin: 2rem; }
section { margin-block: 2rem } p { max-width: 70ch; white-space: pre-wrap }
</style></head><body>
{body}
</body></html>
"""
