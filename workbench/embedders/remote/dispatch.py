"""Many requests at once for the texts of one call: packed, retried, split, put back in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from workbench.embedders.remote.actions import Action, Again, Batch, Blame, Split, Stop
from workbench.embedders.remote.decode import Decoded, decode_reply
from workbench.embedders.remote.endpoint import Endpoint, Outcome
from workbench.embedders.remote.limits import take_batch
from workbench.embedders.remote.policy import halve
from workbench.embedders.remote.refusals import read_refusal
from workbench.embedders.remote.troubles import NoAnswerError
from workbench.errors import EndpointError, RedirectedError, ReplyError, ServerFaultError

TellFn: TypeAlias = Callable[[Sequence[int], str], None]

KNOWN_GOOD = "apple"
"""Asked for where a text or the server may be at fault; connecting has embedded it."""
VERDICT_S = 0.5
"""How long its answer holds for other texts."""


class Dispatch:
    """One call's worth of texts on their way.

    Args:
        endpoint: Where to; its limits and encoding are updated on the way.
        texts: The exact strings, each once.
        tell: Told the places of texts that got their vector or were refused, and, while the run
            waits, why it does; called in the loop's thread.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        texts: Sequence[str],
        tell: TellFn = lambda _places, _words: None,
    ) -> None:
        self.endpoint = endpoint
        self.texts = texts
        self.outcome = Outcome(
            np.zeros((len(texts), endpoint.dim or 0), np.float32), np.zeros(len(texts), np.bool_)
        )
        self._tell = tell
        self._pending = deque(range(len(texts)))
        self._parts: deque[Batch] = deque()
        self._not_before = 0.0
        self._last_success = 0.0
        self._asking = asyncio.Lock()
        self._verdict = (float("-inf"), False)
        endpoint.limits.slow_items = None

    async def run(self) -> Outcome:
        """Ask until each text has its vector, is blamed, or the run has to stop."""
        running: set[asyncio.Task[None]] = set()
        try:
            while self.outcome.cause is None:
                while len(running) < self.endpoint.in_flight and (batch := self._next()):
                    running.add(asyncio.create_task(self._ask(batch)))
                if not running:
                    break
                ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return self.outcome

    def _next(self) -> Batch | None:
        if self._parts:
            return self._parts.popleft()
        places = take_batch(self._pending, self.texts, self.endpoint.limits)
        return Batch(places) if places else None

    async def _ask(self, batch: Batch) -> None:
        """Ask for a batch until it is settled, or split."""
        while self.outcome.cause is None:
            await self._hold()
            action = await self._resolve(await self._try(batch), batch)
            if not isinstance(action, Again):
                self._settle(action)
                return
            if action.as_floats and self.endpoint.encoding != "float":
                self.endpoint.encoding = "float"
                self._tell((), "asks for floats from now on: the server's base64 is no use")
            if action.why:
                self._tell((), f"waiting {action.after_s:.1f} s: {action.why}")
            await asyncio.sleep(action.after_s)

    async def _hold(self) -> None:
        """Wait while the server has asked everybody to wait."""
        while (left := self._not_before - _now()) > 0:
            await asyncio.sleep(left)

    async def _try(self, batch: Batch) -> Action | None:
        """One request; None: nothing is left to do for this batch."""
        endpoint, policy = self.endpoint, self.endpoint.policy
        batch.tries += 1
        texts = [self.texts[place] for place in batch.places]
        try:
            try:
                reply = await endpoint.transport.post(
                    texts,
                    model=endpoint.model,
                    encoding=endpoint.encoding,
                    dimensions=endpoint.dimensions,
                )
            finally:
                batch.since = batch.since or _now()
                batch.waited_s = _now() - max(batch.since, self._last_success)
        except NoAnswerError as trouble:
            return policy.judge_trouble(trouble, batch, endpoint.limits)
        except RedirectedError as error:
            return Stop(error)
        if reply.status != 200:
            refusal = read_refusal(reply)
            action = policy.judge_refusal(refusal, batch, self.texts, endpoint.limits)
            if isinstance(action, Again) and refusal.kind == "busy":
                self._not_before = max(self._not_before, _now() + action.after_s)
            return action
        try:
            decoded = decode_reply(reply.body, len(texts), dim=endpoint.dim)
        except ReplyError as fault:
            return policy.judge_reply(fault, batch, endpoint.limits)
        return self._take(decoded, batch)

    def _take(self, decoded: Decoded, batch: Batch) -> Action | None:
        """Keep the rows that are good; the others are asked for by themselves."""
        if self.endpoint.dim is None:
            self.endpoint.dim = decoded.vectors.shape[1]
        if self.outcome.vectors.shape[1] != self.endpoint.dim:
            self.outcome.vectors = np.zeros((len(self.texts), self.endpoint.dim), np.float32)
        good = [at for at in range(len(batch.places)) if at not in decoded.faults]
        places = [batch.places[at] for at in good]
        self.outcome.vectors[places] = decoded.vectors[good]  # (good, dim)
        self.outcome.done[places] = True
        if places:
            self._last_success = _now()
            self._tell(places, "")
        if not decoded.faults:
            return None
        if len(batch.places) == 1:
            return self.endpoint.policy.judge_row(decoded.faults[0], batch)
        if not good:  # rather the server's fault than that of every single text
            return halve(batch.places)
        return Split(tuple((batch.places[at],) for at in decoded.faults), proven=True)

    async def _resolve(self, action: Action | None, batch: Batch) -> Action | None:
        """Ask a text that is known to embed, where either a text or the server may be at fault."""
        doubt = _doubt_of(action)
        if doubt is None or action is None:
            return action
        if await self._server_works():
            if isinstance(action, Stop):  # no: the request's own texts are refused so
                if len(batch.places) > 1:
                    return halve(batch.places)
                return Blame(tuple(batch.places), doubt)
            return action
        passes = isinstance(doubt, ServerFaultError | NoAnswerError)
        if passes and not self.endpoint.policy.first:
            return self.endpoint.policy.wait(batch, doubt)
        return Stop(doubt)

    async def _server_works(self) -> bool:
        """Whether the text that is known to embed does so now."""
        endpoint = self.endpoint
        if endpoint.policy.first:
            return False
        async with self._asking:
            asked, works = self._verdict
            if _now() - asked < VERDICT_S:
                return works
            try:
                reply = await endpoint.transport.post(
                    [KNOWN_GOOD],
                    model=endpoint.model,
                    encoding=endpoint.encoding,
                    dimensions=endpoint.dimensions,
                )
                works = (
                    reply.status == 200 and not decode_reply(reply.body, 1, dim=endpoint.dim).faults
                )
            except (NoAnswerError, RedirectedError, ReplyError):
                works = False
            self._verdict = (_now(), works)
            return works

    def _settle(self, action: Action | None) -> None:
        if isinstance(action, Split):
            self._parts.extendleft(
                Batch(list(part), proven=action.proven, peeled=action.peeled)
                for part in reversed(action.parts)
                if part
            )
        elif isinstance(action, Stop):
            self.outcome.cause = self.outcome.cause or action.error
        elif isinstance(action, Blame):
            self.outcome.failed |= dict.fromkeys(action.places, action.error)
            self._tell(action.places, "")


def _doubt_of(action: Action | None) -> EndpointError | None:
    """What happened, where it is open whose fault it is."""
    if isinstance(action, Split):
        return action.doubt
    doubtful = isinstance(action, Blame | Stop) and action.doubtful
    return action.error if doubtful and isinstance(action, Blame | Stop) else None


def _now() -> float:
    """The running loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
