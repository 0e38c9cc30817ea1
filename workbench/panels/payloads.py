"""What each part of the Explorer draws, as the browser takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.figures import change_figure, matrix_figure
from workbench.panels.pictures import MATRIX_SIDE, draw_map, order_of
from workbench.panels.state import View
from workbench.panels.wire import Payload, encode_array, encode_cells, encode_figure
from workbench.studies import SimilaritySummary

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WRITTEN_SIDE = 60
"""Most rows whose values the browser writes into the cells, where these are large enough."""
MANY = 50_000
"""Points from which plotly takes seconds to draw, and jupyter-scatter does not."""
SHOWN_CHARACTERS = 2_000
"""Of each text that the tables and titles show; the vectors are of the whole text."""


def texts_payload(view: View) -> Payload:
    """The texts, what happened to each, and their nearest neighbours."""
    items, made = view.request.parsed.items, view.embeddings
    return {
        "serial": view.serial,
        "label": view.label,
        "texts": [
            t if len(t) <= SHOWN_CHARACTERS else t[:SHOWN_CHARACTERS] + "…"
            for t in view.request.texts
        ],
        "kinds": [item.kind for item in items],
        "labels": [item.label for item in items],
        "lines": [item.line for item in items],
        "tokens": made.tokens.tolist(),
        "truncated": made.truncated.tolist(),
        "neighbours": encode_array(view.comparison.indices),
        "scores": encode_array(view.comparison.scores),
    }


def percentile_payload(view: View) -> Payload:
    """Where neighbours' cosines stand among unrelated pairs: (n, k) percent and pair counts."""
    background = view.background
    if background is None:
        return {"serial": view.serial, "why": view.no_background}
    near = view.comparison.indices  # (n, k)
    kinds = [item.kind for item in view.request.parsed.items]
    own = [kind for kind in kinds for _ in range(near.shape[1])]
    other = [kinds[j] for j in near.ravel().tolist()]
    percent = background.percentiles(view.comparison.scores.ravel(), own, other)
    counts: dict[tuple[str, str], int] = {}
    for pair in set(zip(own, other, strict=True)):
        counts[pair] = background.percentile(0.0, *pair).n_pairs
    pairs = np.array([counts[pair] for pair in zip(own, other, strict=True)], dtype=np.int32)
    return {
        "serial": view.serial,
        "percent": encode_array(percent.reshape(near.shape)),
        "pairs": encode_array(pairs.reshape(near.shape)),
    }


def matrix_payload(
    view: View,
    *,
    order: str = "given",
    window: tuple[slice, slice] | None = None,
) -> Payload:
    """The similarity matrix in at most ``MATRIX_SIDE``² cells, or a window of it in full.

    A window is served from ``MATRIX_SIDE`` texts a side down; above it, the whole is.
    """
    places = order_of(view, order)
    texts = [item.text for item in view.request.parsed.items]
    if window is None or max(part.stop - part.start for part in window) > MATRIX_SIDE:
        summary = view.comparison.summarize(order=places, max_side=MATRIX_SIDE)
        figure = matrix_figure(summary, texts)
        n, cells = len(texts), len(summary.mean)
        note = f"{n} × {n}, cosine"
        if not summary.exact:
            note = f"{n:,} × {n:,} as {cells} × {cells} mean cells; zoom in for single pairs"
        if order == "clustered":
            note += f", ordered by {view.order_method}"
        axis = _axis(summary)
        return _matrix(view, figure, summary.mean, axis, axis, note, exact=summary.exact)
    rows, columns = window
    cells_in = view.comparison.window(rows=rows, columns=columns, order=places)
    down, across = [texts[i] for i in places[rows]], [texts[i] for i in places[columns]]
    figure = matrix_figure(cells_in, down, columns=across)
    note = f"{len(down)} × {len(across)} of {len(texts):,}; double click: all"
    payload = _matrix(
        view, figure, cells_in, _span(places, rows), _span(places, columns), note, exact=True
    )
    return payload | {"window": True}


def changes_payload(view: View, *, fresh: bool) -> Payload:
    """What the last toggle changed: difference matrix, who kept, gained and lost which."""
    change = view.change
    if change is None:
        return {}
    texts = [item.text for item in view.request.parsed.items]
    figure = change_figure(change, texts)
    about = [
        f"Before: {view.before}. After: {view.label}.",
        f"A text kept {change.overlap.mean():.0%} of its {change.k} nearest on average; cosines "
        f"moved by {change.mean_abs:.3f} on average, {change.max_abs:.3f} at most.",
        *(f"{note[0].upper()}{note[1:]}." for note in change.notes),
    ]
    axis = _axis(change.difference)
    note = "cosine after − before"
    if not change.difference.exact:
        note += f", {len(change):,} texts as {len(change.difference.mean)} mean cells a side"
    payload = _matrix(
        view, figure, change.difference.mean, axis, axis, note, exact=change.difference.exact
    )
    return payload | {
        "fresh": fresh,
        "aggregated": False,
        "about": " ".join(about),
        "title": f"{view.before} → {view.label}",
        "kept": encode_array(change.overlap),
        "rows_changed": [
            {"index": i, "gained": list(change.gained[i]), "lost": list(change.lost[i])}
            for i in change.order_by_change.tolist()
        ],
    }


def map_payload(view: View, *, colour: str, same: bool) -> Payload:
    """The map, how much of the true neighbourhoods it kept, and how it was made."""
    projection, figure = view.projection, draw_map(view, colour)
    if projection is None or figure is None:
        return {}
    figure.update_layout(dragmode="lasso")
    method = projection.method.upper()
    kept = ""
    if projection.preservation_k:
        share = float(np.mean(projection.preservation))
        k = projection.preservation_k
        kept = f"keeps {share:.0%} of each text's {k} nearest neighbours on average"
    faint = "A fainter point lost more of its neighbourhood" if kept else ""
    many = "panel.scatter() draws as many points faster" if len(view.comparison) > MANY else ""
    about = [
        f"{method} in {projection.seconds:.1f} s",
        kept and f"It {kept}",
        faint,
        many,
        *projection.notes,
    ]
    return {
        "serial": view.serial,
        "method": projection.method,
        "figure": encode_figure(figure),
        "points": encode_array(projection.points),
        "preservation": encode_array(projection.preservation)
        if projection.preservation_k
        else None,
        "note": " · ".join(part for part in (method, kept) if part),
        "about": ". ".join(part for part in about if part) + ".",
        "same": same,
    }


def _matrix(
    view: View,
    figure: Figure,
    cells: NDArray[np.floating[Any]],
    rows: Payload,
    columns: Payload,
    note: str,
    *,
    exact: bool,
) -> Payload:
    """A heatmap without what the panel shows itself: hover boxes and labels that do not fit."""
    figure.update_traces(hovertext=None, hoverinfo=None, hovertemplate="%{z:.3f}<extra></extra>")
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        if not axis.showticklabels:
            axis.update(tickmode="auto", tickvals=None, ticktext=None)
    figure.data[0].texttemplate = None
    encoded = encode_figure(figure)
    encoded["data"][0]["z"] = encode_cells(cells)
    labelled = bool(figure.layout.yaxis.showticklabels)
    if max(cells.shape, default=0) <= WRITTEN_SIDE:
        encoded["data"][0]["text"] = [[_short(value) for value in row] for row in cells.tolist()]
    return {
        "serial": view.serial,
        "figure": encoded,
        "rows": rows,
        "columns": columns,
        "aggregated": not exact,
        "labelled": labelled,
        "window": False,
        "note": note,
    }


def _short(value: float) -> str:
    """Two decimals without the leading zero: ``.62``, ``−.05``, ``1``, ``0``."""
    text = f"{value:.2f}"
    if text in ("1.00", "-1.00", "0.00", "-0.00"):
        return str(round(value))
    return text.replace("0.", ".", 1).replace("-", "−")


def _axis(summary: SimilaritySummary) -> Payload:
    return {"order": summary.order.tolist(), "edges": summary.edges.tolist(), "first": 0}


def _span(order: NDArray[np.int64], part: slice) -> Payload:
    members = order[part]
    return {
        "order": members.tolist(),
        "edges": list(range(len(members) + 1)),
        "first": part.start,
    }
