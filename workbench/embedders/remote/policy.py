"""What to do when a request brought no vectors: ask again, ask for less, name a text, or stop.

Nothing here waits or sends: from what came back, and how often it was tried, follows an action.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.embedders.remote.actions import Action, Again, Batch, Blame, Split, Stop
from workbench.embedders.remote.limits import Limits, size_of
from workbench.embedders.remote.refusals import Refusal
from workbench.embedders.remote.troubles import NoAnswerError
from workbench.errors import (
    BusyError,
    CountError,
    EndpointError,
    IndexMismatchError,
    KeyRefusedError,
    MalformedReplyError,
    ModelNotServedError,
    PayloadTypeError,
    RefusedError,
    ReplyError,
    ServerFaultError,
    TooLongError,
    UnreachableError,
)

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 8.0
_SHORTEST_WAIT_S = FIRST_WAIT_S / 2
"""No retry comes sooner: a server that says "later, in 0 seconds" is not asked without end."""
TRIES = 3
"""Times that one text is asked for before a fault of the server is laid on it."""


_FATAL: dict[str, tuple[type[EndpointError], str]] = {
    "key": (KeyRefusedError, " Pass the right key as key=."),
    "model": (ModelNotServedError, ""),
    "no_embeddings": (ModelNotServedError, ""),
    "path": (UnreachableError, " Is the address right, with or without /v1?"),
    "dimensions": (RefusedError, " Connect without dim=."),
}
"""What no other request changes, and what does."""


@dataclass(frozen=True)
class Policy:
    """How patient to be.

    Args:
        patience_s: Longest time that one request's texts are asked for again while no request
            succeeds.
        jitter: Gives numbers from 0 to 1, so that many clients do not come back at once.
        proxy_hint: What to say where another program than the server answered.
        first: Nothing has come from this address yet, so that no answer is final.
    """

    patience_s: float
    jitter: Callable[[], float] = random.random
    proxy_hint: str = ""
    first: bool = False

    def judge_trouble(self, trouble: NoAnswerError, batch: Batch, limits: Limits) -> Action:
        """No answer came."""
        if self.first and (trouble.kind != "dropped" or batch.tries > 1):
            return Stop(trouble)
        if trouble.kind == "timeout" and len(batch.places) > 1:
            return _ask_less_now(batch, limits)
        if trouble.kind in ("dropped", "timeout"):
            return self._suspect(batch, trouble)
        return self.wait(batch, trouble)

    def judge_refusal(
        self, refusal: Refusal, batch: Batch, texts: Sequence[str], limits: Limits
    ) -> Action:
        """The server answered, and not with 200."""
        words = f"the server answered {refusal.status}: {refusal.message!r}."
        if refusal.kind in _FATAL:
            fatal, advice = _FATAL[refusal.kind]
            # a key is never a text's fault; a word filter's 403, or a text in the words, may be
            return Stop(fatal(f"{_capital(words)}{advice}"), doubtful=refusal.status != 401)
        if refusal.kind == "encoding_format":
            return _ask_floats(batch, f"It takes neither base64 nor float: {words}")
        if refusal.kind == "busy":
            return self.wait(batch, BusyError(_capital(words)), refusal.retry_after_s)
        if refusal.kind == "not_the_server":
            return self._judge_gateway(refusal, batch, limits)
        if refusal.kind == "fault":
            return self._suspect(batch, ServerFaultError(_capital(words)))
        return _narrow(refusal, words, batch, texts, limits)

    def judge_reply(self, fault: ReplyError, batch: Batch, limits: Limits) -> Action:
        """The server said 200, and the whole body is of no use."""
        if isinstance(fault, PayloadTypeError) and not batch.as_floats:
            batch.as_floats = True
            return Again(as_floats=True)
        if isinstance(fault, MalformedReplyError) and batch.tries == 1:
            return Again()  # cut off on its way: that passes
        if len(batch.places) > 1:
            if isinstance(fault, IndexMismatchError | CountError):
                return _ask_less(batch, limits)
            return halve(batch.places)
        if batch.tries < 2:
            return Again()
        return Blame(tuple(batch.places), fault, doubtful=True)

    def judge_row(self, fault: ReplyError, batch: Batch) -> Action:
        """One text's vector is of no use; asked for alone once more before it is blamed."""
        if batch.tries < 2:
            return Again()
        return Blame(tuple(batch.places), fault, doubtful=not batch.proven)

    def _judge_gateway(self, refusal: Refusal, batch: Batch, limits: Limits) -> Action:
        if refusal.status == 504 and len(batch.places) > 1:  # a proxy that waited in vain
            return _ask_less_now(batch, limits)
        error = ServerFaultError(
            f"Not the embeddings server but something before it answered {refusal.status}: "
            f"{refusal.message!r}. {self.proxy_hint or 'Look at the proxy and its upstream.'}"
        )
        return self.wait(batch, error, refusal.retry_after_s)

    def _suspect(self, batch: Batch, error: EndpointError) -> Action:
        """Something broke: it passes, or one of the texts breaks the server."""
        if batch.tries < 2:
            kept = isinstance(error, NoAnswerError)  # a kept connection may just have been closed
            return Again(0.0 if kept else self._pause(batch))
        if len(batch.places) > 1:
            return replace(halve(batch.places), doubt=error)
        if batch.tries < TRIES:
            return Again(self._pause(batch))
        return Blame(tuple(batch.places), error, doubtful=True)

    def wait(self, batch: Batch, error: EndpointError, asked_s: float | None = None) -> Action:
        """Ask again after a pause, for as long as the patience lasts."""
        left = self.patience_s - batch.waited_s
        asked = asked_s or 0.0
        if asked <= left and left >= _SHORTEST_WAIT_S:
            return Again(min(max(asked, self._pause(batch)), left), why=str(error))
        wish = f" It asks to wait {asked:,.0f} s." if asked else ""
        return Stop(
            type(error)(
                *_with_kind(error),
                f"{error}{wish} Waited {batch.waited_s:,.1f} s of the {self.patience_s:g} s of "
                "patience_s.",
            )
        )

    def _pause(self, batch: Batch) -> float:
        """Exponential, bounded, and between half and all of it at random."""
        pause = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** max(0, batch.tries - 1))
        return pause * (0.5 + self.jitter() / 2)


def halve(places: Sequence[int]) -> Split:
    """Two parts of the same size."""
    middle = len(places) // 2
    return Split((tuple(places[:middle]), tuple(places[middle:])))


def _ask_floats(batch: Batch, words: str) -> Action:
    """Ask for numbers instead of base64, once."""
    if batch.as_floats:
        return Stop(RefusedError(words), doubtful=True)
    batch.as_floats = True
    return Again(as_floats=True)


def _ask_less_now(batch: Batch, limits: Limits) -> Split:
    """Half as many texts in this request, and in those that follow in this run."""
    limits.slow_items = max(1, len(batch.places) // 2)
    return halve(batch.places)


def _ask_less(batch: Batch, limits: Limits) -> Split:
    """Half as many texts in this request, and in all that follow."""
    limits.lower(items=len(batch.places) // 2)
    return halve(batch.places)


def _narrow(
    refusal: Refusal, words: str, batch: Batch, texts: Sequence[str], limits: Limits
) -> Action:
    """A text or the size of the request is refused: find which, and learn the limit."""
    places = batch.places
    asked = [texts[place] for place in places]
    if refusal.kind == "too_many_items":
        limits.lower(items=refusal.limit or len(places) // 2)
    if refusal.kind == "too_large":
        limits.lower(body_bytes=size_of(asked) // 2)
    if refusal.kind == "too_long" and refusal.limit is not None:
        limits.max_tokens = refusal.limit
    if len(places) == 1:
        kind = TooLongError if refusal.kind == "too_long" else RefusedError
        doubtful = refusal.kind not in ("too_long", "empty", "too_large")
        return Blame(tuple(places), kind(_capital(words)), doubtful)
    if refusal.kind == "too_long" and refusal.index is None and batch.peeled:
        return halve(places)  # there are several: one by one would send the others as often
    step = limits.items
    if refusal.kind == "too_many_items" and step < len(places):
        return Split(tuple(tuple(places[at : at + step]) for at in range(0, len(places), step)))
    suspects = _suspects(refusal, asked)
    if 0 < len(suspects) < len(places):
        rest = tuple(place for at, place in enumerate(places) if at not in suspects)
        parts = (*((places[at],) for at in sorted(suspects)), rest)
        return Split(parts, peeled=refusal.kind == "too_long")
    return halve(places)


def _suspects(refusal: Refusal, asked: Sequence[str]) -> set[int]:
    """Which of the texts the words point to: by number, by being blank, by being the longest."""
    if refusal.index is not None and refusal.index < len(asked):
        return {refusal.index}
    if refusal.kind == "empty":
        return {at for at, text in enumerate(asked) if not text.strip()}
    if refusal.kind == "too_long":
        return {max(range(len(asked)), key=lambda at: len(asked[at].encode()))}
    return set()


def _with_kind(error: EndpointError) -> tuple[str, ...]:
    return (error.kind,) if isinstance(error, NoAnswerError) else ()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
