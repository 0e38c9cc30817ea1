"""Statuses from progress and from errors."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable

from workbench.contracts import PartialError, Progress, ProgressFn
from workbench.errors import EndpointError, WorkbenchError
from workbench.figures import clip
from workbench.panels.state import Phase, Status, Unit

LEAST_S = 0.1
"""Between two statuses of one stage: a page need not redraw more often."""

REASON_COLUMNS = 300
"""Of a server's reason that the panel shows: some send the whole request back."""

UNITS: dict[str, Unit] = {"download": "bytes", "project": "epochs"}


def report_progress(say: Callable[[Status], None], phase: Phase, sentence: str = "") -> ProgressFn:
    """A progress callback that says statuses, with a rate over what this run itself has done.

    Args:
        say: Takes the statuses.
        phase: Theirs.
        sentence: What to say where the work says nothing itself; "": how many are done.
    """
    started = said = time.perf_counter()
    stage: str | None = None
    before = 0

    def report(progress: Progress) -> None:
        nonlocal started, said, stage, before
        now = time.perf_counter()
        if progress.stage != stage:
            stage, started, before = progress.stage, now, progress.done
        elif now - said < LEAST_S and progress.done < progress.total:
            return
        said = now
        rate = (progress.done - before) / (now - started) if now > started else 0.0
        unit = UNITS.get(progress.stage, "texts")
        counted = f"{progress.done:,} of {progress.total:,} {unit}"
        message = progress.message or sentence or counted
        say(Status(phase, message, progress.done, progress.total, rate, unit))

    return report


def report_failure(exc: BaseException, kept: str = "") -> Status:
    """An error raised on purpose has said all; any other comes with its traceback."""
    if isinstance(exc, PartialError):
        return Status("error", f"{_partial_words(exc)}{kept}")
    if isinstance(exc, EndpointError):
        return Status("error", f"{begin_sentence(str(exc))}{kept}")
    if isinstance(exc, WorkbenchError):
        return Status("error", f"{exc}{kept}")
    details = "".join(traceback.format_exception(exc))
    return Status("error", f"{type(exc).__name__}: {exc}.{kept}", details=details)


def short_reason(error: BaseException) -> str:
    """What a server said against a text or a run, in one line."""
    return clip(str(error), REASON_COLUMNS)


def begin_sentence(words: str) -> str:
    """The words with a capital, where they begin with a word and no name or address."""
    return words[:1].upper() + words[1:] if re.match(r"[a-z]+ ", words) else words


def _partial_words(partial: PartialError) -> str:
    """What a person does about a run that broke off, or of which nothing came through."""
    came, total = len(partial.rows), partial.total
    refused = ""
    if partial.failed:
        why = short_reason(partial.failed[0].error)
        refused = f"{len(partial.failed):,} of {total:,} texts were refused: {why}"
    if partial.cause is None:
        return refused
    words = [f"{came:,} of {total:,} texts came through: {short_reason(partial.cause)}", refused]
    if came:
        words.append("They are kept: press Embed to ask for the rest.")
    return " ".join(word for word in words if word)
