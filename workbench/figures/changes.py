"""What one change moved, as a heatmap of differences around 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from workbench.figures.matrix import heatmap, to_cells
from workbench.figures.style import DIFFERENCE_SCALE
from workbench.studies import SimilaritySummary
from workbench.studies.changes import Change

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

LEAST_LIMIT = 0.01
"""Smallest end of the colour scale: rounding noise is not painted as a change."""


def change_figure(
    change: Change | SimilaritySummary | ArrayLike,
    labels: Sequence[str],
    *,
    title: str = "",
    limit: float | None = None,
    width: int = 600,
    height: int | None = None,
) -> Figure:
    """Draw cosine after minus cosine before: red came closer, blue moved apart.

    Args:
        change: A change, its ``difference``, or an (n, n) array of differences.
        labels: The n texts.
        title: Shown to the letter.
        limit: Difference at both ends of the scale; None: the largest one drawn, at least
            ``LEAST_LIMIT``.
        width: Pixels the plot will be wide, about.
        height: Pixels; None: what the page gives.

    Raises:
        InputError: The labels are not as many as the rows.
    """
    cells = to_cells(change.difference if isinstance(change, Change) else change, labels)
    largest = float(np.abs(cells.values).max(initial=0.0))
    end = max(limit if limit is not None else largest, LEAST_LIMIT)
    return heatmap(
        cells,
        quantity="change of cosine",
        value_format="+.2f",
        title=title,
        scale=DIFFERENCE_SCALE,
        limits=(-end, end),
        width=width,
        height=height,
    )
