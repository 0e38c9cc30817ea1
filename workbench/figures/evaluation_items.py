"""Two embedders item by item: which of them did better on which query, and on how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Difference, TaskResult
from workbench.errors import InputError
from workbench.figures.evaluation_frame import SELECTING, VALUE_AXIS
from workbench.figures.labels import hover_text, label_text
from workbench.figures.style import GROUP_COLOURS, INK, new_figure
from workbench.studies.evaluation.words import MINUS, interval_words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WON, LOST = GROUP_COLOURS[0], GROUP_COLOURS[5]
"""Blue and vermilion; above and below the line says the same."""
TIE = 1e-12
"""Differences of two means over the same items that are closer than this are none."""


@dataclass(frozen=True)
class ItemDifferences:
    """Two embedders item by item, the items that the first won by most coming first.

    Attributes:
        items: n ids.
        values: (n,) float64, first less second.
    """

    items: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Items won, lost and level."""
        won, lost = int((self.values > TIE).sum()), int((self.values < -TIE).sum())
        return won, lost, len(self.values) - won - lost


def compare_items(first: TaskResult, second: TaskResult) -> ItemDifferences:
    """First less second on every item that both have, most won first.

    Raises:
        InputError: The main score is no mean over items, or they share no item.
    """
    shared = [item for item in first.items if item in second.items]
    if not shared:
        raise InputError(
            f"{first.main.metric} on {first.task!r} is one number over all items and not a mean "
            "over them, so no item is won or lost. Choose a task whose score is: retrieval, "
            "bitext, reranking."
        )
    values = np.array([first.items[item] - second.items[item] for item in shared])
    order = np.argsort(-values, kind="stable")
    return ItemDifferences(tuple(shared[at] for at in order.tolist()), values[order])


def wins_figure(
    first: tuple[str, TaskResult],
    second: tuple[str, TaskResult],
    *,
    difference: Difference | None = None,
    texts: Mapping[str, str] | None = None,
    height: int | None = None,
) -> Figure:
    """Item by item, which of two embedders did better: bars sorted by the difference.

    Args:
        first: Label and result; above the line it was better.
        second: Label and result of the other, on the same task.
        difference: Of their main scores, for its interval in the title; None: counts alone.
        texts: By item id, what hovering over its bar shows; ids stand where there is none.
        height: Pixels; None: what the page gives.

    Raises:
        InputError: See ``compare_items``.
    """
    (name, result), (other, _) = first, second
    found = compare_items(result, second[1])
    figure = new_figure(height=height)
    figure.add_bar(
        x=np.arange(1, len(found.values) + 1, dtype=np.int32),
        y=found.values,
        marker={"color": [LOST if value < 0 else WON for value in found.values], "line_width": 0},
        hovertext=[
            _item_words(item, value, name, other, (texts or {}).get(item, ""))
            for item, value in zip(found.items, found.values.tolist(), strict=True)
        ],
        hoverinfo="text",
    )
    figure.update_layout(
        title_text=_title(name, other, result.task, found, difference),
        margin_t=62,
        bargap=0,
        hovermode="x",  # an item that is level has no bar to point at
        modebar_remove=SELECTING,
        showlegend=False,
    )
    figure.update_xaxes(
        title="items, most won first", showgrid=False, zeroline=False, automargin=True,
        tick0=1, dtick=max(1, round(len(found.values) / 10)), range=[0.4, len(found.values) + 0.6],
    )  # fmt: skip
    figure.update_yaxes(**VALUE_AXIS, title=f"difference in {label_text(result.main.metric)}")
    figure.update_yaxes(automargin=True, zeroline=True, zerolinecolor=INK)
    return figure


def _title(
    first: str, second: str, task: str, found: ItemDifferences, difference: Difference | None
) -> str:
    won, lost, level = found.counts
    return (
        f"{label_text(first, 30)} less {label_text(second, 30)} on {label_text(task, 40)}"
        f"<br><span style='font-size:12px'>{_mean_words(found, difference)}; "
        f"{won:,} won, {lost:,} lost, {level:,} level</span>"
    )


def _item_words(item: str, value: float, first: str, second: str, text: str) -> str:
    better = "level" if abs(value) <= TIE else f"{label_text(first if value > 0 else second, 40)}"
    said = better if better == "level" else f"{better} better by {abs(value):.3f}"
    shown = hover_text(text, lines=5) if text else ""
    return f"<b>{label_text(item, 40)}</b>: {said}" + (f"<br>{shown}" if shown else "")


def _mean_words(found: ItemDifferences, difference: Difference | None) -> str:
    """The mean with its interval, and what it comes to."""
    if difference is None:
        return f"mean {found.values.mean():+.3f}".replace("-", MINUS)
    value = f"mean {difference.value:+.3f}".replace("-", MINUS)
    words = f"{value}{interval_words(difference.interval)}"
    return words if difference.verdict != "not separable" else f"{words}, not separable"
