"""The map of the texts: a point each, its kind by colour and shape, its trust by opacity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Sized
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import KINDS, Kind
from workbench.errors import InputError
from workbench.figures.labels import hover_text, label_text
from workbench.figures.style import (
    FAINT,
    GROUP_COLOURS,
    INK,
    KIND_COLOURS,
    KIND_NAMES,
    KIND_SYMBOLS,
    REST_COLOUR,
    new_figure,
)
from workbench.studies.comparison import Comparison
from workbench.studies.projection import Projection

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Trace: TypeAlias = tuple[str, str, NDArray[np.int32]]
"""Name, colour and the texts of one trace."""

SVG_LIMIT = 5_000
"""Most points drawn as SVG; above, WebGL (``scattergl``) and hover boxes without neighbours."""
UNSELECTED = 0.3
"""Opacity of the points beside a selection: still to be seen on a dark page."""
FAINTEST = 0.45
"""Opacity of a point whose map neighbours are all wrong; 1 where all are right."""


def map_figure(
    projection: Projection,
    labels: Sequence[str],
    kinds: Sequence[Kind],
    *,
    comparison: Comparison | None = None,
    before: ArrayLike | None = None,
    groups: Sequence[str | None] | None = None,
    title: str = "",
    height: int | None = None,
) -> Figure:
    """Draw a projection. Each trace's ``customdata`` holds the index of each point's text.

    Args:
        projection: The map.
        labels: n texts, shown to the letter in hover boxes.
        kinds: Their kinds, shown by shape, and by colour where nothing else asks for it: then a
            trace each, in the order of ``KINDS``.
        comparison: Of the same texts; hover boxes then name the 3 true nearest with cosine.
        before: (n, 2), where the points were; a faint line leads from there to each.
        groups: n names to colour by instead, a trace each, the largest first; those beyond the
            palette's seven and None are grey.
        title: Shown to the letter.
        height: Pixels; None: what the page gives.

    Raises:
        InputError: The lengths differ.
    """
    n = len(projection)
    _check_lengths(n, labels=labels, kinds=kinds, groups=groups)
    figure = new_figure(title=title, height=height)
    _draw_trails(figure, before, projection.points)
    boxes = _boxes(projection, labels, comparison)
    opacity = FAINTEST + (1 - FAINTEST) * projection.preservation
    draw = figure.add_scatter if n <= SVG_LIMIT else figure.add_scattergl
    for name, colour, members in _by_group(groups) if groups is not None else _by_kind(kinds):
        draw(
            x=projection.points[members, 0],
            y=projection.points[members, 1],
            customdata=members,
            mode="markers",
            name=label_text(name),
            hovertext=[boxes[i] for i in members],
            hoverinfo="text",
            unselected={"marker": {"opacity": UNSELECTED}},
            marker={
                "symbol": _symbols([kinds[i] for i in members]),
                "size": _diameter(n),
                "opacity": opacity[members],
                "line": {"width": 0},
                "color": colour,
            },
        )
    _lay_out(figure)
    return figure


def _draw_trails(figure: Figure, before: ArrayLike | None, points: NDArray[np.float32]) -> None:
    if before is None:
        return
    gap = np.full_like(points, np.nan)
    steps = np.stack([np.asarray(before), points, gap], axis=1).reshape(-1, 2)  # (3 n, 2)
    figure.add_scatter(
        x=steps[:, 0],
        y=steps[:, 1],
        mode="lines",
        name="moved from",
        line={"color": INK, "width": 1},
        opacity=0.35,
        hoverinfo="skip",
    )


def _by_kind(kinds: Sequence[Kind]) -> Iterator[Trace]:
    for kind in KINDS:
        members = np.flatnonzero([k == kind for k in kinds]).astype(np.int32)
        if len(members):
            yield KIND_NAMES[kind], KIND_COLOURS[kind], members


def _by_group(groups: Sequence[str | None]) -> Iterator[Trace]:
    counts = Counter(group for group in groups if group is not None)
    counted = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    coloured = dict(zip((name for name, _ in counted), GROUP_COLOURS, strict=False))
    for name, colour in coloured.items():
        yield name, colour, np.flatnonzero([g == name for g in groups]).astype(np.int32)
    rest = np.flatnonzero([g not in coloured for g in groups]).astype(np.int32)
    if len(rest):
        left = len(counted) - len(coloured)
        yield f"{left:,} more" if left else "none", REST_COLOUR, rest


def _symbols(kinds: Sequence[Kind]) -> str | list[str]:
    """One symbol where all are of one kind, which is short on the wire."""
    symbols = [KIND_SYMBOLS[kind] for kind in kinds]
    return symbols[0] if len(set(symbols)) == 1 else symbols


def _lay_out(figure: Figure) -> None:
    """Equal units on both axes and no numbers: the axes of a map mean nothing."""
    bare = {
        "showticklabels": False,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "showline": True,
        "linecolor": FAINT,
        "mirror": True,
    }
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare, scaleanchor="x", scaleratio=1)
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemsizing": "constant"},
        showlegend=True,
        dragmode="pan",
        hovermode="closest",
        uirevision="map",  # zoom and selection outlive an update
    )
    figure.update_layout(margin={"t": 60 if figure.layout.title.text else 32})


def _boxes(
    projection: Projection, labels: Sequence[str], comparison: Comparison | None
) -> list[str]:
    """A hover box for each text: itself, its true neighbours, what the map kept of them."""
    if len(labels) > SVG_LIMIT:
        return [label_text(label, 60) for label in labels]
    boxes = []
    for i, label in enumerate(labels):
        lines = [hover_text(label, lines=6)]
        if comparison is not None:
            for j, score in zip(comparison.indices[i, :3], comparison.scores[i, :3], strict=True):
                lines.append(f"{score:.2f}  {label_text(labels[j], 48)}")
        k = projection.preservation_k
        if k:
            kept = round(float(projection.preservation[i]) * k)
            lines.append(f"<i>{kept} of its {k} nearest here are truly nearest</i>")
        boxes.append("<br>".join(lines))
    return boxes


def _diameter(n: int) -> float:
    """12 pixels for a few points, 4 for very many."""
    return float(np.clip(14 - 2.5 * np.log10(max(n, 1)), 4, 12))


def _check_lengths(n: int, **given: Sized | None) -> None:
    for what, sequence in given.items():
        if sequence is not None and len(sequence) != n:
            raise InputError(
                f"{len(sequence):,} {what} were given for a map of {n:,} points; one each is "
                "needed."
            )
