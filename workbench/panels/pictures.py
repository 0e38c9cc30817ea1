"""The figures of a view: the same for the panel, for code and for an exported page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.figures import change_figure, map_figure, matrix_figure
from workbench.panels.state import View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MATRIX_SIDE = 600
"""Most cells along a side of a matrix that is drawn."""
TRAILS = 40
"""Most texts whose way on the map is drawn after a toggle: those that moved furthest."""
PICTURES = ("matrix", "map", "changes")


def draw(name: str, view: View, *, order: str = "given", colour: str = "kind") -> Figure | None:
    """A figure of the view by its name; None where the view has none.

    Args:
        name: One of ``PICTURES``.
        view: What is on screen.
        order: Of the matrix: "given" or "clustered".
        colour: Of the map's points: "kind", "cluster" or "label".

    Raises:
        InputError: There is no figure of that name.
    """
    if name == "matrix":
        summary = view.comparison.summarize(order=order_of(view, order), max_side=MATRIX_SIDE)
        return matrix_figure(summary, view.request.texts)
    if name == "map":
        return draw_map(view, colour)
    if name == "changes":
        return None if view.change is None else change_figure(view.change, view.request.texts)
    raise InputError(f"There is no figure {name!r}; there are {', '.join(PICTURES)}.")


def draw_map(view: View, colour: str) -> Figure | None:
    """The map, coloured by "kind", "cluster" or "label"."""
    if view.projection is None:
        return None
    return map_figure(
        view.projection,
        view.request.texts,
        [item.kind for item in view.request.parsed.items],
        comparison=view.comparison,
        before=_longest_ways(view.before_points, view.projection.points),
        groups=_groups(view, colour),
    )


def _longest_ways(
    before: NDArray[np.float32] | None, points: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """(n, 2) where the texts that moved furthest came from, NaN for the others."""
    if before is None:
        return None
    far = np.argsort(-np.linalg.norm(points - before, axis=1), kind="stable")[:TRAILS]
    ways = np.full_like(before, np.nan)
    ways[far] = before[far]
    return ways


def order_of(view: View, order: str) -> NDArray[np.int64]:
    """(n,) the text at each position of the matrix."""
    if order == "clustered" and view.order is not None:
        return view.order
    return np.arange(len(view.comparison), dtype=np.int64)


def _groups(view: View, colour: str) -> Sequence[str] | None:
    if colour == "cluster" and view.clusters is not None:
        return [f"cluster {c + 1}" if c >= 0 else "no cluster" for c in view.clusters.tolist()]
    if colour == "label":
        return [item.label or "no label" for item in view.request.parsed.items]
    return None
