"""A view from a request and its vectors: compared, and set against the view before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Embeddings, Kind
from workbench.panels.describe import view_label
from workbench.panels.state import Request, View
from workbench.studies import (
    Change,
    Comparison,
    Projection,
    carry_over,
    cluster_texts,
    compare,
    compare_change,
    order_by_likeness,
    project,
)
from workbench.texts import ParsedTexts

NEIGHBOURS = 10


def build_view(
    old: View | None,
    request: Request,
    embeddings: Embeddings,
    *,
    label: str,
    wants: frozenset[str],
    cancel: CancelSignal | None = None,
) -> View:
    """Compare the vectors with each other, and with those of the view before.

    Args:
        old: What is on screen.
        request: What was asked.
        embeddings: Its vectors.
        label: The model's.
        wants: Parts that somebody looks at: "order", "clusters".
        cancel: Looked at between the steps.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    comparison = compare(embeddings.vectors, k=NEIGHBOURS, clustered=False, cancel=cancel)
    words = view_label(label, embeddings.prompt)
    change, before = _change(old, request, embeddings, cancel)
    view = View(
        serial=1 if old is None else old.serial + 1,
        request=request,
        label=words,
        embeddings=embeddings,
        comparison=comparison,
        projection=_first_picture(old, request, embeddings),
        change=change,
        before=before,
        before_points=_trails(old, change),
    )
    return replace(view, **extras_of(comparison, wants))  # type: ignore[arg-type]


def _change(
    old: View | None, request: Request, embeddings: Embeddings, cancel: CancelSignal | None
) -> tuple[Change | None, str]:
    """What differs from the view before, where the texts are the same and one thing was toggled."""
    if old is None or old.request.texts != request.texts:
        return None, ""
    # not the labels: they are clipped, and two long instructions may share one
    same_prefix = old.embeddings.prompt.prefix == embeddings.prompt.prefix
    if same_prefix and old.request.spec == request.spec:
        return old.change, old.before
    change = compare_change(old.embeddings, embeddings, k=NEIGHBOURS, cancel=cancel)
    return change, old.label


def _trails(old: View | None, change: Change | None) -> NDArray[np.float32] | None:
    """Where the points stood before the toggle that ``change`` is about."""
    if old is None or change is None:
        return None
    if change is old.change:
        return old.before_points
    return None if old.projection is None else old.projection.points


def extras_of(comparison: Comparison, wants: frozenset[str]) -> dict[str, object]:
    """What is computed only once somebody looks at it."""
    extras: dict[str, object] = {}
    if "order" in wants:
        extras["order"], extras["order_method"] = order_by_likeness(comparison.vectors)
    if "clusters" in wants:
        extras["clusters"] = cluster_texts(comparison.vectors)
    return extras


def old_points(old: View | None, request: Request) -> NDArray[np.float32] | None:
    """Where each text stood on the map before, NaN for a new one; None where nothing is known."""
    if old is None or old.projection is None:
        return None
    at = dict(zip(old.request.texts, old.projection.points, strict=True))
    unknown = np.full(2, np.nan, dtype=np.float32)
    points = np.array([at.get(text, unknown) for text in request.texts], dtype=np.float32)  # (n, 2)
    return None if np.isnan(points).all() else points


def _first_picture(old: View | None, request: Request, embeddings: Embeddings) -> Projection:
    """The map to show at once: the one before where the texts are the same, else PCA."""
    if old is not None and old.projection is not None and old.request.texts == request.texts:
        return carry_over(old.projection, embeddings.vectors)
    return project(embeddings.vectors, method="pca")


def correct_kinds(parsed: ParsedTexts, kinds: Mapping[str, Kind]) -> ParsedTexts:
    """The same texts with the user's own word on their kinds."""
    if not kinds:
        return parsed
    items = tuple(replace(item, kind=kinds.get(item.text, item.kind)) for item in parsed.items)
    return replace(parsed, items=items)
