"""An evaluation as pictures: quality against cost, and scores by task, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    EmbedderResult,
    Evaluation,
    Score,
)
from workbench.errors import InputError
from workbench.figures.evaluation_frame import FRAME, VALUE_AXIS, mark_embedder
from workbench.figures.labels import label_text
from workbench.figures.style import FAINT, new_figure
from workbench.studies.evaluation.words import Clock, cost_times, score_words

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CLOCKS: Mapping[Clock, str] = {
    "single": "ms for one text alone (median)",
    "batch": "ms a text in full batches (median)",
}


def cost_figure(
    evaluation: Evaluation, task: str, *, clock: Clock = "single", height: int | None = None
) -> Figure:
    """Quality against cost: the main score of a task over milliseconds a text, on a log axis.

    Upright bars are the scores' intervals; lying ones reach from the median to the 95th percentile
    of the times. Embedders without such times (they failed before), or without a score on the
    task, are left out, and the title says how many.

    Args:
        evaluation: What was found.
        task: Name of the task whose main score is drawn.
        clock: Which time: one text a call, or all texts at once.
        height: Pixels; None: what the page gives.

    Raises:
        InputError: No task of that name, or no cost was measured.
    """
    _check_task(evaluation, task)
    found = [(one, _find_score(one, task)) for one in evaluation.embedders]
    timed = [(one, score) for one, score in found if _has_times(one, clock) and score is not None]
    if not timed:
        raise InputError(
            f"No embedder has both a score on {task!r} and a measured cost. Evaluate with "
            "cost=True to draw it."
        )
    left_out = len(found) - len(timed)
    title = f"{task}: quality against cost"
    figure = new_figure(
        title=f"{title} ({left_out} without cost or score)" if left_out else title,
        height=height,
    )
    places = {one.label: place for place, one in enumerate(evaluation.embedders)}
    for one, score in timed:
        assert one.cost is not None
        times = cost_times(one.cost, clock)
        figure.add_scatter(
            **mark_embedder(one.label, places[one.label]),
            mode="markers+text",
            text=[label_text(one.label)],
            textposition="top right",
            cliponaxis=False,
            x=[_milliseconds(times, 50)],
            y=[score.value],
            error_y=_bars([score]),
            error_x=_late_bar(times),
            hovertext=[_cost_words(one, score, clock)],
            hoverinfo="text",
        )
    figure.update_layout(**FRAME)
    ends = _log_range([one for one, _ in timed], clock)
    figure.update_xaxes(**VALUE_AXIS, **_log_ticks(*ends), title=CLOCKS[clock], automargin=True)
    figure.update_yaxes(**VALUE_AXIS, title=label_text(timed[0][1].metric), automargin=True)
    return figure


def scores_figure(evaluation: Evaluation, *, height: int | None = None) -> Figure:
    """Main scores by task: a dot an embedder with its interval, the number of items in the label.

    Args:
        evaluation: What was found.
        height: Pixels; None: as many as the rows need.
    """
    names = _task_names(evaluation)
    rows = max(1, len(evaluation.embedders))
    figure = new_figure(
        title="Main score by task, with its interval",
        height=height or max(340, 120 + len(names) * max(44, 20 * rows)),
    )
    labels: dict[int, str] = {}
    for place, one in enumerate(evaluation.embedders):
        across = [names.index(found.task) for found in one.tasks]
        scores = [found.main for found in one.tasks]
        labels |= {
            at: f"{label_text(found.task)}<br>{label_text(score.metric)}, n={score.n:,}"
            for at, found, score in zip(across, one.tasks, scores, strict=True)
        }
        figure.add_scatter(
            **mark_embedder(one.label, place),
            mode="markers",
            x=[score.value for score in scores],
            y=np.asarray(across) + (place - (rows - 1) / 2) * 0.7 / rows,
            error_x=_bars(scores),
            hovertext=[
                f"<b>{label_text(one.label, 60)}</b><br>{label_text(found.task, 60)}"
                f"<br>{score_words(score)}"
                for found, score in zip(one.tasks, scores, strict=True)
            ],
            hoverinfo="text",
        )
    ticks = list(range(len(names)))
    figure.update_layout(**FRAME)
    figure.update_xaxes(**VALUE_AXIS, automargin=True)
    figure.update_yaxes(
        tickmode="array", tickvals=ticks, ticktext=[labels.get(at, "") for at in ticks],
        showgrid=False, zeroline=False, automargin=True, range=[len(names) - 0.5, -0.5],
    )  # fmt: skip
    for edge in ticks[1:]:
        figure.add_hline(y=edge - 0.5, line={"color": FAINT, "width": 1})
    return figure


def _bars(scores: Sequence[Score]) -> dict[str, Any]:
    """Error bars to the intervals' ends; none where a score has no interval."""
    above = [s.interval.high - s.value if s.interval else 0.0 for s in scores]
    below = [s.value - s.interval.low if s.interval else 0.0 for s in scores]
    return {
        "type": "data", "symmetric": False, "array": np.maximum(above, 0),
        "arrayminus": np.maximum(below, 0), "thickness": 1.4, "width": 4,
    }  # fmt: skip


def _has_times(one: EmbedderResult, clock: Clock) -> bool:
    return one.cost is not None and len(cost_times(one.cost, clock)) > 0


def _late_bar(times: NDArray[np.float64]) -> dict[str, Any]:
    """From the median to the 95th percentile, in milliseconds."""
    late = _milliseconds(times, 95) - _milliseconds(times, 50)
    return {
        "type": "data", "symmetric": False, "array": [late], "arrayminus": [0.0],
        "thickness": 1.0, "width": 3,
    }  # fmt: skip


def _milliseconds(seconds: NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(seconds, percent)) * 1000


def _log_range(timed: Sequence[EmbedderResult], clock: Clock) -> tuple[float, float]:
    """Ends of the log axis, with room beside the outermost marks for their labels."""
    ends = [
        _milliseconds(cost_times(one.cost, clock), percent)
        for one in timed
        if one.cost is not None
        for percent in (50, 95)
    ]
    least = 1e-4
    low, high = np.log10(max(least, min(ends))), np.log10(max(least, *ends))
    return float(low) - 0.4, float(high) + 0.4


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """A log axis from one power of ten to the other, its ticks written out: 0.5, 1, 2, 5."""
    steps = (1, 2, 5) if high - low < 4 else (1,)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    shown = [tick for tick in ticks if low <= math.log10(tick) <= high]
    return {
        "type": "log", "range": [low, high], "tickmode": "array", "tickvals": shown,
        "ticktext": [f"{tick:,.10g}" for tick in shown],
    }  # fmt: skip


def _cost_words(one: EmbedderResult, score: Score, clock: Clock) -> str:
    assert one.cost is not None
    times = cost_times(one.cost, clock)
    return (
        f"<b>{label_text(one.label, 60)}</b><br>{label_text(score.metric)} {score_words(score)}"
        f"<br>{_milliseconds(times, 50):.3g} ms a text, "
        f"95 of 100 within {_milliseconds(times, 95):.3g} ms"
    )


def _task_names(evaluation: Evaluation) -> list[str]:
    names = [found.task for one in evaluation.embedders for found in one.tasks]
    return list(dict.fromkeys(names))


def _check_task(evaluation: Evaluation, task: str) -> None:
    names = _task_names(evaluation)
    if task not in names:
        known = ", ".join(map(repr, names)) or "none"
        raise InputError(f"task={task!r} is not in the evaluation; its tasks: {known}.")


def _find_score(one: EmbedderResult, task: str) -> Score | None:
    """The main score of a task; None where the embedder did not finish it."""
    return next((found.main for found in one.tasks if found.task == task), None)
