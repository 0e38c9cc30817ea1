"""Progress and cancellation, as plain callables so that no room needs a widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from workbench.errors import Cancelled

Stage: TypeAlias = Literal["download", "load", "embed", "project", "evaluate"]


@dataclass(frozen=True)
class Progress:
    """How far a piece of work has got.

    Attributes:
        stage: What is being done.
        done: Units finished: bytes while downloading, epochs while projecting, texts while
            embedding, steps while evaluating.
        total: Units in all; 0 while it is not known.
        message: A short sentence for a person, or "".
    """

    stage: Stage
    done: int
    total: int
    message: str = ""


ProgressFn: TypeAlias = Callable[[Progress], None]


class CancelSignal(Protocol):
    """What ``threading.Event`` offers and the work looks at between steps."""

    def is_set(self) -> bool:
        """Whether the caller wants the work to stop."""
        ...


def check_cancel(
    cancel: CancelSignal | None, *, done: int, total: int, unit: str = "texts"
) -> None:
    """Raise Cancelled when the caller has asked to stop.

    Raises:
        Cancelled: The signal is set.
    """
    if cancel is not None and cancel.is_set():
        raise Cancelled(done, total, unit)
