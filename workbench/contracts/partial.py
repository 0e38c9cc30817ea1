"""What a run that lost some of its texts hands over: the vectors that came, and who is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts.embedder import Embeddings
from workbench.contracts.progress import CancelSignal, ProgressFn
from workbench.errors import EndpointError

ResumeFn: TypeAlias = Callable[["ProgressFn | None", "CancelSignal | None"], Embeddings]

NAMED = 3
"""Refused texts that a message names; all of them are in ``failed``."""


@dataclass(frozen=True)
class FailedText:
    """One text that has no vector.

    Attributes:
        row: Its place among the texts asked, from 0.
        text: The text, to the letter.
        error: Why; a RefusedError or ReplyError where it is the text's own fault.
    """

    row: int
    text: str
    error: EndpointError

    def __str__(self) -> str:
        return f"texts[{self.row}] {self.text[:40]!r}: {self.error}"


class PartialError(EndpointError):
    """Some texts have vectors and some do not; nothing that was computed is lost.

        try:
            made = embedder.embed(texts)
        except wb.PartialError as partial:
            partial.rows, partial.made.vectors   # what came
            partial.failed                       # the texts that the server refuses, and why
            made = partial.resume()              # asks for the rest only

    Attributes:
        made: Embeddings of the m texts that came through.
        rows: (m,) int64, their places among the texts asked, ascending.
        failed: The texts that were refused by themselves, by row.
        total: Texts asked.
        cause: What ended the run before the others were asked; None where only ``failed`` texts
            are missing.
    """

    def __init__(
        self,
        made: Embeddings,
        rows: NDArray[np.int64],
        *,
        failed: Sequence[FailedText],
        total: int,
        cause: EndpointError | None,
        resume: ResumeFn,
    ) -> None:
        self.made = made
        self.rows = rows
        self.failed = tuple(sorted(failed, key=lambda text: text.row))
        self.total = total
        self.cause = cause
        self._resume = resume
        super().__init__(self._words())

    @property
    def missing(self) -> NDArray[np.int64]:
        """Places of the texts that have no vector, the refused ones included, ascending."""
        return np.setdiff1d(np.arange(self.total, dtype=np.int64), self.rows)

    def resume(
        self, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> Embeddings:
        """Ask for the missing texts only, and return all of them in the order first asked.

        Raises:
            PartialError: Some are missing still; it holds what was known and what came now.
            Cancelled: ``cancel`` was set; this error still holds what it held.
        """
        return self._resume(progress, cancel)

    def _words(self) -> str:
        words = [f"{len(self.rows):,} of {self.total:,} texts have vectors."]
        if self.cause is not None:
            words.append(f"Then: {self.cause}")
            words.append(
                "The vectors that came are kept: resume() asks only for the rest."
                if len(self.rows)
                else "resume() asks for them."
            )
        if self.failed:
            words.append(f"{len(self.failed):,} refused:")
            words += [f"{text}" for text in self.failed[:NAMED]]
            if len(self.failed) > NAMED:
                words.append(f"and {len(self.failed) - NAMED:,} more, see .failed.")
        return " ".join(words)
