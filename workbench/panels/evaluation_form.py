"""What the controls of the evaluation panel say, and the same as a line of code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from workbench.contracts import Prompt, Task
from workbench.errors import InputError

Instruction: TypeAlias = Literal["task", "none", "own"]

DRAWS = 2_000
DRAWS_ALLOWED = (100, 100_000)


@dataclass(frozen=True)
class EvaluationForm:
    """What was chosen.

    Attributes:
        embedders: Their specs, in the order to show them.
        tasks: Their names.
        instruction: What stands before queries: "task": what the task or the model says; "none":
            nothing; "own": ``own``.
        own: An instruction, or a prefix that ends in a colon or a space.
        cost: Measure time and memory too.
        draws: How many times items are drawn for an interval.
    """

    embedders: tuple[str, ...]
    tasks: tuple[str, ...]
    instruction: Instruction = "task"
    own: str = ""
    cost: bool = True
    draws: int = DRAWS

    def __post_init__(self) -> None:
        if not self.embedders:
            raise InputError("No embedder is ticked. Tick one, or several to compare them.")
        if not self.tasks:
            raise InputError("No task is ticked. Tick one, or add texts of your own.")
        if self.instruction not in get_args(Instruction):
            raise InputError(
                f"The instruction is {self.instruction!r}; there are "
                f"{', '.join(get_args(Instruction))}."
            )
        if self.instruction == "own" and not self.own.strip():
            raise InputError("An instruction of your own was chosen, and none is given. Type one.")
        low, high = DRAWS_ALLOWED
        if not low <= self.draws <= high:
            raise InputError(f"Draws are {self.draws!r}; {low:,} to {high:,} are allowed.")

    @classmethod
    def from_page(cls, asked: Mapping[str, Any]) -> EvaluationForm:
        """The form from the values of its fields.

        Raises:
            InputError: Nothing was ticked, or a field makes no sense.
        """
        said = str(asked.get("draws") or DRAWS).replace(",", "").strip()
        if not said.isdecimal():
            raise InputError(f"Draws are {said!r}, which is no whole number. Usual is {DRAWS:,}.")
        return cls(
            embedders=tuple(map(str, asked.get("embedders", ()))),
            tasks=tuple(map(str, asked.get("tasks", ()))),
            instruction=cast(Instruction, str(asked.get("instruction", "task"))),
            own=str(asked.get("own", "")),
            cost=bool(asked.get("cost", True)),
            draws=int(said),
        )

    def prompts(self, labels: Sequence[str]) -> dict[str, dict[str, str | Prompt | None]] | None:
        """The argument ``prompts`` that the instruction comes to; None: the usual ones."""
        if self.instruction == "task":
            return None
        return {label: {"query": self._query()} for label in labels}

    def code(
        self, embedders: Mapping[str, str], tasks: Sequence[Task], builtin: Collection[str]
    ) -> str:
        """Lines that do the same without the panel.

        Args:
            embedders: Spec by label, in order.
            tasks: In order.
            builtin: Names of those that ``wb.evaluate`` knows by name.
        """
        lines = ["import workbench as wb", "", "evaluation = wb.evaluate("]
        lines += ["    {", *(f"        {k!r}: {v!r}," for k, v in embedders.items()), "    },"]
        lines += ["    [", *(f"        {_task_code(one, builtin)}," for one in tasks), "    ],"]
        prompts = self.prompts(tuple(embedders))
        lines += [f"    prompts={prompts!r},"] if prompts else []
        lines += [] if self.cost else ["    cost=False,"]
        lines += [] if self.draws == DRAWS else [f"    draws={self.draws},"]
        return "\n".join([*lines, ")", "evaluation"])

    def _query(self) -> str:
        return self.own if self.instruction == "own" else ""


def _task_code(task: Task, builtin: Collection[str]) -> str:
    """A built-in one by its name; the user's own from the panel, which has read it."""
    if task.name in builtin:
        return repr(task.name)
    return f"panel.tasks[{task.name!r}]"
