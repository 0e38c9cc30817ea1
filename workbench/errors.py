"""Every error the workbench raises on purpose.

A message says what was asked, what was found, what is allowed and what to do next.
Foreign exceptions are wrapped (``raise ... from exc``), never swallowed.

    WorkbenchError
    ├── InputError            the texts, a file or an argument cannot be used as they are
    │   └── PromptError       a prompt was named that the model does not have
    ├── ModelError            a model cannot be loaded or run
    │   ├── UnknownModelError   no such registry name, directory or hub id
    │   ├── IncompleteModelError   a file is missing, truncated or of a refused format
    │   └── DownloadError     the hub could not be reached, or refused
    ├── DependencyError       an optional package is not installed
    └── Cancelled             the caller's cancel signal was set; says how far the work got
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Root of all errors raised on purpose by the workbench."""


class InputError(WorkbenchError, ValueError):
    """The texts, a file or an argument cannot be used as they are."""


class PromptError(InputError):
    """A prompt was named that the model does not have."""


class ModelError(WorkbenchError):
    """A model cannot be loaded or run."""


class UnknownModelError(ModelError):
    """No registry name, directory or hub id of that spelling."""


class IncompleteModelError(ModelError):
    """A model directory lacks a file, or holds one that is refused."""


class DownloadError(ModelError):
    """The model hub could not be reached, or refused."""


class DependencyError(WorkbenchError, ImportError):
    """An optional package is not installed; the message has the command that installs it."""


class Cancelled(WorkbenchError):  # noqa: N818  (a cancelled run is an outcome, not a fault)
    """The caller's cancel signal was set.

    Attributes:
        done: Units finished before the work stopped. Their results are discarded.
        total: Units asked for.
        unit: What was counted: "texts" or "bytes".
    """

    def __init__(self, done: int, total: int, unit: str = "texts") -> None:
        super().__init__(f"Cancelled after {done:,} of {total:,} {unit}.")
        self.done = done
        self.total = total
        self.unit = unit
