"""Colours, symbols and the frame that all figures share, readable on light and on dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.contracts import Kind, one_import

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FONT = "Noto Sans, Noto Sans CJK SC, sans-serif"
INK = "#787d84"
"""Text and lines: contrast above 4 on white and on #111."""
FAINT = "rgba(128, 132, 140, 0.25)"

KIND_NAMES: dict[Kind, str] = {
    "zh": "Chinese",
    "en": "English",
    "code": "Code",
    "mixed": "Mixed",
    "other": "Other",
}
KIND_COLOURS: dict[Kind, str] = {
    "zh": "#D55E00",
    "en": "#0072B2",
    "code": "#009E73",
    "mixed": "#CC79A7",
    "other": "#999999",
}
"""Okabe and Ito's palette, told apart with any colour vision; black left out for dark pages."""
KIND_SYMBOLS: dict[Kind, str] = {
    "zh": "circle",
    "en": "square",
    "code": "diamond",
    "mixed": "triangle-up",
    "other": "x",
}
GROUP_COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#B8A900",
)
"""The same palette for groups, its yellow darkened for white pages."""
REST_COLOUR = "#999999"
SIMILARITY_SCALE = "Viridis"
DIFFERENCE_SCALE = ((0.0, "#2166ac"), (0.5, "#f2f2f2"), (1.0, "#b2182b"))
"""Blue to red through light grey (ColorBrewer RdBu's ends): safe for colour-blind readers."""

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,  # a pasted text must not leave the machine by a click
    "typesetMath": False,  # a dollar sign is a dollar sign
    "responsive": True,
}


def new_figure(*, title: str = "", height: int | None = None) -> Figure:
    """An empty figure in the house's frame: transparent, no template, ``CONFIG`` set.

    Args:
        title: Shown to the letter.
        height: Pixels; None: what the page gives.
    """
    with one_import("plotly"):
        from plotly import graph_objects as go

    from workbench.figures.labels import label_text

    figure = go.Figure(
        layout={
            "template": None,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "color": INK, "size": 12},
            "margin": {"l": 8, "r": 8, "t": 36 if title else 8, "b": 8},
            "title": {
                "text": label_text(title, 120),
                "font": {"size": 14},
                "x": 0,
                "xanchor": "left",
            },
            "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left", "namelength": -1},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": FAINT, "activecolor": INK},
            "height": height,
        }
    )
    figure._config = dict(CONFIG)
    return figure


def colour_bar(title: str) -> dict[str, Any]:
    """A thin colour bar beside the plot, in the values' own unit."""
    return {
        "title": {"text": title, "side": "right"},
        "thickness": 12,
        "outlinewidth": 0,
        "tickformat": ".2~f",
        "xpad": 6,
    }
