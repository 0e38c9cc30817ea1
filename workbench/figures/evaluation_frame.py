"""What the figures of an evaluation share: an embedder's mark, axes."""

from __future__ import annotations

from typing import Any

from workbench.figures.labels import label_text
from workbench.figures.style import FAINT, GROUP_COLOURS

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "pentagon", "cross")
"""By embedder, beside its colour: either alone tells a few apart, and the pair repeats late: there
are more symbols than colours."""
SELECTING = ("select", "lasso")
"""Buttons beside a plot that nothing here answers."""
VALUE_AXIS: dict[str, Any] = {"gridcolor": FAINT, "zeroline": False, "ticks": ""}
FRAME: dict[str, Any] = {
    "showlegend": True, "hovermode": "closest", "margin_t": 64, "modebar_remove": SELECTING,
    "title": {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 10}},
    "legend": {
        "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
        "bgcolor": "rgba(0,0,0,0)", "itemsizing": "constant",
    },
}  # fmt: skip


def mark_embedder(label: str, place: int) -> dict[str, Any]:
    """Name, colour and symbol of an embedder, the same in every figure."""
    colour = GROUP_COLOURS[place % len(GROUP_COLOURS)]
    return {
        "name": label_text(label, 40),
        "marker": {"color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 10},
    }
