"""From an outcome to Embeddings, or to the partial ones with a way to ask for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    FailedText,
    PartialError,
    ProgressFn,
    Prompt,
)
from workbench.embedders.arrays import finish_rows
from workbench.errors import EndpointError

if TYPE_CHECKING:
    from workbench.embedders.remote.endpoint import Outcome


@dataclass(frozen=True)
class Call:
    """One call of ``embed``.

    Attributes:
        texts: The n texts asked.
        prompt: The prefix that each of them had.
        info: The embedder.
        started: ``time.perf_counter()`` at its start.
        again: Embeds some of the texts in the same way: how ``resume`` asks for the rest.
    """

    texts: Sequence[str]
    prompt: Prompt
    info: EmbedderInfo
    started: float
    again: Callable[[Sequence[str], ProgressFn | None, CancelSignal | None], Embeddings]


def finish(call: Call, outcome: Outcome, places: NDArray[np.intp]) -> Embeddings:
    """All rows, in the order asked.

    Args:
        call: What was asked.
        outcome: What became of the distinct strings.
        places: (n,) which of them each text is.

    Raises:
        PartialError: Some texts have no vector.
    """
    came = np.flatnonzero(outcome.done[places])  # (m,)
    made = _embeddings(call, outcome.vectors[places[came]])  # (m, native_dim) -> (m, dim)
    if len(came) == len(call.texts):
        return made
    failed = [
        FailedText(row, text, outcome.failed[place])
        for row, (text, place) in enumerate(zip(call.texts, places.tolist(), strict=True))
        if place in outcome.failed
    ]
    raise _partial(call, made, came, failed, outcome.cause)


def _embeddings(call: Call, native: NDArray[np.float32]) -> Embeddings:
    count, info = len(native), call.info
    return Embeddings(
        vectors=finish_rows(native, info.dim, normalize=info.normalized),  # (count, dim)
        tokens=np.full(count, -1, np.int64),
        truncated=np.zeros(count, np.bool_),
        unknown=np.full(count, np.nan, np.float32),
        prompt=call.prompt,
        info=info,
        seconds=time.perf_counter() - call.started,
        cached=np.zeros(count, np.bool_),
    )


def _partial(
    call: Call,
    made: Embeddings,
    rows: NDArray[np.int64],
    failed: Sequence[FailedText],
    cause: EndpointError | None,
) -> PartialError:
    def resume(progress: ProgressFn | None, cancel: CancelSignal | None) -> Embeddings:
        missing = error.missing
        try:
            fresh = call.again([call.texts[row] for row in missing], progress, cancel)
        except PartialError as still:
            both = _merge(made, rows, still.made, missing[still.rows])
            left = [replace(text, row=int(missing[text.row])) for text in still.failed]
            known = np.sort(np.concatenate([rows, missing[still.rows]]))
            raise _partial(call, both, known, left, still.cause) from still
        return _merge(made, rows, fresh, missing)

    error = PartialError(
        made, rows, failed=failed, total=len(call.texts), cause=cause, resume=resume
    )
    return error


def _merge(
    first: Embeddings,
    first_rows: NDArray[np.int64],
    second: Embeddings,
    second_rows: NDArray[np.int64],
) -> Embeddings:
    """The rows of two runs in the order of their places."""
    order = np.argsort(np.concatenate([first_rows, second_rows]))
    return replace(
        second,
        vectors=np.concatenate([first.vectors, second.vectors])[order],  # (n, dim)
        tokens=np.concatenate([first.tokens, second.tokens])[order],
        truncated=np.concatenate([first.truncated, second.truncated])[order],
        unknown=np.concatenate([first.unknown, second.unknown])[order],
        cached=np.concatenate([first.cached, second.cached])[order],
        seconds=first.seconds + second.seconds,
    )
