"""The figures of an evaluation as the page takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast, get_args

from workbench.contracts import Difference, EmbedderResult, Evaluation, Task, TaskResult
from workbench.contracts.evaluation import Verdict
from workbench.errors import InputError
from workbench.figures import cost_figure, scores_figure, wins_figure
from workbench.panels.evaluation_tasks import item_texts
from workbench.panels.wire import Payload, encode_figure
from workbench.studies.evaluation.words import Clock

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class PictureForm:
    """What the choices beside the figures say; "" where nothing is chosen.

    Attributes:
        task: Whose quality stands against cost.
        clock: Which time is the cost.
        duel: Task on which two embedders are held together item by item.
        first: Label of the one.
        second: Label of the other.
    """

    task: str = ""
    clock: Clock = "single"
    duel: str = ""
    first: str = ""
    second: str = ""

    @classmethod
    def from_page(cls, asked: Mapping[str, Any]) -> PictureForm:
        """The form from the values of its fields.

        Raises:
            InputError: There is no such clock.
        """
        words = {name: str(asked.get(name, "")) for name in ("task", "duel", "first", "second")}
        clock = str(asked.get("clock") or "single")
        if clock not in get_args(Clock):
            raise InputError(f"The clock is {clock!r}; there are {', '.join(get_args(Clock))}.")
        return cls(**words, clock=cast(Clock, clock))


def draw_pictures(evaluation: Evaluation, tasks: Mapping[str, Task], form: PictureForm) -> Payload:
    """Each figure by its name, and under "why" the reason where there is none.

    Args:
        evaluation: What was found.
        tasks: The tasks by name, for the texts of their items.
        form: What was chosen.
    """
    made: Payload = {"scores": encode_figure(_headless(scores_figure(evaluation))), "why": {}}
    for name, draw in (("cost", _draw_cost), ("wins", _draw_wins)):
        try:
            made[name] = encode_figure(draw(evaluation, tasks, form))
        except InputError as exc:
            made["why"][name] = str(exc)
    return made


def _draw_cost(evaluation: Evaluation, _: Mapping[str, Task], form: PictureForm) -> Figure:
    return _headless(cost_figure(evaluation, form.task, clock=form.clock))


def _headless(figure: Figure) -> Figure:
    """Without its title: the page has a heading and choices that say it."""
    figure.update_layout(title_text="", margin_t=36)
    return figure


def _draw_wins(evaluation: Evaluation, tasks: Mapping[str, Task], form: PictureForm) -> Figure:
    if form.first == form.second:
        raise InputError("Choose two embedders to hold them together item by item.")
    first = _find(evaluation, form.first, form.duel)
    second = _find(evaluation, form.second, form.duel)
    task = tasks.get(form.duel)
    return wins_figure(
        (form.first, first),
        (form.second, second),
        difference=find_difference(evaluation, form.duel, form.first, form.second),
        texts=None if task is None else item_texts(task),
    )


def find_difference(
    evaluation: Evaluation, task: str, first: str, second: str
) -> Difference | None:
    """The difference of the main scores, first less second, whichever way it was found."""
    for one in evaluation.differences:
        if one.task == task and not one.group and (one.first, one.second) == (first, second):
            return one
        if one.task == task and not one.group and (one.second, one.first) == (first, second):
            return _turn(one)
    return None


def _turn(one: Difference) -> Difference:
    turned = {"higher": "lower", "lower": "higher"}
    interval = one.interval
    return replace(
        one,
        first=one.second,
        second=one.first,
        value=-one.value,
        interval=interval and replace(interval, low=-interval.high, high=-interval.low),
        verdict=cast(Verdict, turned.get(one.verdict, one.verdict)),
        wins=one.losses,
        losses=one.wins,
    )


def _find(evaluation: Evaluation, label: str, task: str) -> TaskResult:
    found: EmbedderResult | None = next(
        (one for one in evaluation.embedders if one.label == label), None
    )
    result = next((one for one in found.tasks if one.task == task), None) if found else None
    if result is None:
        raise InputError(f"{label!r} has no result on {task!r}: choose others.")
    return result
