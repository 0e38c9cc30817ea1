"""The similarity matrix as a heatmap: one cell a pair of texts, or a block of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.figures.labels import hover_text, label_text
from workbench.figures.style import SIMILARITY_SCALE, colour_bar, new_figure
from workbench.studies import SimilaritySummary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TICK_SIDE = 50
"""Most rows whose labels are drawn beside the plot."""
HOVER_SIDE = 40
"""Most rows whose cells carry both texts in their hover box; beyond, the labels (and 600² cells
would carry 50 MB)."""

PLOT_SHARE = 0.75
"""Of the width that labels and colour bar leave to the cells, about."""
LEAST_FONT = 8
"""Smallest letters worth reading, in pixels: smaller values are left to the hover box."""


@dataclass(frozen=True)
class Cells:
    """What a heatmap draws.

    Attributes:
        values: (r, c) float, one a cell.
        rows: Full label of each row of cells.
        columns: Full label of each column.
        spans: Whether a cell may stand for several pairs.
    """

    values: NDArray[np.floating[Any]]
    rows: Sequence[str]
    columns: Sequence[str]
    spans: bool = False


def matrix_figure(
    matrix: SimilaritySummary | ArrayLike,
    labels: Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    title: str = "",
    limits: tuple[float, float] | None = None,
    width: int = 600,
    height: int | None = None,
) -> Figure:
    """Draw cosines, first text at the top left.

    Axes are whole numbers with labels as tick texts, so that equal labels stay separate rows.

    Args:
        matrix: A summary, or (n, m) cosines.
        labels: The texts: of a summary all n by index (its ``order`` is applied here), of an
            array one a row.
        columns: The texts of an array's columns; None: the same as its rows.
        title: Shown to the letter.
        limits: Cosines at the ends of the colour scale; None: from the lowest value off the
            diagonal, rounded down to 0.05, to 1. Give the same to two matrices to compare them.
        width: Pixels the plot will be wide, about: decides whether values fit in the cells.
        height: Pixels; None: what the page gives.

    Raises:
        InputError: The labels are not as many as the rows or columns.
    """
    cells = to_cells(matrix, labels, columns)
    low, high = limits if limits is not None else _limits(cells.values)
    return heatmap(
        cells,
        quantity="cosine",
        value_format=".2f",
        title=title,
        scale=SIMILARITY_SCALE,
        limits=(low, high),
        width=width,
        height=height,
    )


def to_cells(
    matrix: SimilaritySummary | ArrayLike,
    labels: Sequence[str],
    columns: Sequence[str] | None = None,
) -> Cells:
    """Values with the label of each row and column of cells."""
    if isinstance(matrix, SimilaritySummary):
        _check_labels(labels, len(matrix.order), "texts")
        names = _span_labels(matrix, labels)
        return Cells(matrix.mean, names, names, spans=not matrix.exact)
    values = np.asarray(matrix, dtype=np.float32)
    if values.ndim != 2:
        raise InputError(f"A matrix has two dimensions; found shape {values.shape!r}.")
    across = labels if columns is None else columns
    _check_labels(labels, values.shape[0], "rows")
    _check_labels(across, values.shape[1], "columns")
    return Cells(values, labels, across)


def heatmap(
    cells: Cells,
    *,
    quantity: str,
    value_format: str,
    title: str,
    scale: str | tuple[tuple[float, str], ...],
    limits: tuple[float, float],
    width: int,
    height: int | None,
) -> Figure:
    """Draw cells; ``quantity`` names their values on the colour bar and in hover boxes."""
    figure = new_figure(title=title, height=height)
    side = max(len(cells.rows), len(cells.columns), 1)
    pixels = PLOT_SHARE * width / side
    figure.add_heatmap(
        z=cells.values.astype(np.float32),
        x=np.arange(len(cells.columns), dtype=np.int32),
        y=np.arange(len(cells.rows), dtype=np.int32),
        zmin=limits[0],
        zmax=limits[1],
        colorscale=scale,
        colorbar=colour_bar(quantity),
        hoverongaps=False,
        xgap=1 if pixels >= 12 else 0,
        ygap=1 if pixels >= 12 else 0,
        **_hover(cells, quantity, value_format),
    )
    letters = max((len(f"{v:{value_format}}") for v in _ends(cells.values)), default=1)
    size = min(13, int(pixels / (0.6 * letters)))  # a digit is 0.6 of its height wide
    if size >= LEAST_FONT:
        figure.update_traces(texttemplate=f"%{{z:{value_format}}}", textfont={"size": size})
    figure.update_xaxes(**_axis(cells.columns), side="bottom", tickangle=-60)
    figure.update_yaxes(**_axis(cells.rows), autorange="reversed")
    return figure


def _axis(labels: Sequence[str]) -> dict[str, Any]:
    shown = len(labels) <= TICK_SIDE
    return {
        "tickmode": "array",
        "tickvals": np.arange(len(labels), dtype=np.int32),
        # hover boxes read the tick texts too, where these are not drawn
        "ticktext": [label_text(label, 18 if shown else 48) for label in labels],
        "showticklabels": shown,
        "tickfont": {"size": 11 if len(labels) <= 25 else 9},
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "constrain": "domain",
    }


def _hover(cells: Cells, quantity: str, value_format: str) -> dict[str, Any]:
    """Hover boxes: both texts where the matrix is small, else the labels by template."""
    what = f"mean {quantity}" if cells.spans else quantity
    if max(len(cells.rows), len(cells.columns)) > HOVER_SIDE:
        template = f"{what} %{{z:{value_format}}}<br>%{{y}}<br>%{{x}}<extra></extra>"
        return {"hovertemplate": template}
    across = [hover_text(label, lines=3) for label in cells.columns]
    boxes = [
        [
            f"<b>{quantity} {value:{value_format}}</b><br>{down}<br>· · ·<br>{name}"
            for value, name in zip(row, across, strict=True)
        ]
        for row, down in zip(
            cells.values.tolist(), (hover_text(label, lines=3) for label in cells.rows), strict=True
        )
    ]
    return {"hovertext": boxes, "hoverinfo": "text"}


def _span_labels(summary: SimilaritySummary, labels: Sequence[str]) -> list[str]:
    """A label for each row of cells: the text, or the first text of several and their count."""
    names = []
    for first, last in zip(summary.edges[:-1], summary.edges[1:], strict=True):
        text = labels[int(summary.order[first])]
        names.append(text if last - first == 1 else f"{first + 1}–{last}: {text}")
    return names


def _ends(values: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    return (float(values.min()), float(values.max())) if values.size else ()


def _limits(values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Ends of the colour scale, the diagonal's ones left out of the lower one."""
    square = values.shape[0] == values.shape[1]
    apart = values[~np.eye(len(values), dtype=bool)] if square else values.ravel()
    lowest = float(apart.min()) if apart.size else 0.0
    return max(-1.0, math.floor(min(lowest, 0.95) * 20) / 20), 1.0


def _check_labels(labels: Sequence[str], n: int, what: str) -> None:
    if len(labels) != n:
        raise InputError(
            f"{len(labels):,} labels were given for {n:,} {what}; one label each is needed."
        )
