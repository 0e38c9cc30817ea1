"""Many requests at once for the texts of one call: packed, retried, split, put back in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.embedders.remote.actions import Action, Again, Batch, Blame, Split, Stop
from workbench.embedders.remote.decode import Decoded, Encoding, decode_reply
from workbench.embedders.remote.limits import Limits, take_batch
from workbench.embedders.remote.policy import Policy, halve
from workbench.embedders.remote.refusals import read_refusal
from workbench.embedders.remote.transport import NoAnswerError, Transport
from workbench.errors import EndpointError, RedirectedError, ReplyError

TellFn: TypeAlias = Callable[[Sequence[int], str], None]

DOUBTS = 8
"""Texts that failed one after another, none succeeding between, until it is the server's fault."""
FIRST_DOUBTS = 3
"""The same where no text has succeeded yet."""


@dataclass
class Endpoint:
    """One served model, and what is known of how to ask for it.

    Attributes:
        transport: Sends requests.
        model: The name that requests carry.
        policy: How patient to be.
        limits: What a request may hold.
        in_flight: Requests out at once, at most.
        encoding: What is asked for: base64 unless the server has refused it or got it wrong.
        dimensions: The width that requests ask for; None: none is asked for.
        dim: Width of what comes back; None until the first reply.
    """

    transport: Transport
    model: str
    policy: Policy
    limits: Limits = field(default_factory=Limits)
    in_flight: int = 8
    encoding: Encoding = "base64"
    dimensions: int | None = None
    dim: int | None = None


@dataclass
class Outcome:
    """What became of each text.

    Attributes:
        vectors: (n, dim) float32; zero where there is none. (n, 0) before the first reply.
        done: (n,) bool, which texts have a vector.
        failed: Why a text has none, for those that were blamed.
        cause: What ended the run early, or None.
    """

    vectors: NDArray[np.float32]
    done: NDArray[np.bool_]
    failed: dict[int, EndpointError] = field(default_factory=dict)
    cause: EndpointError | None = None


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
        self._doubts: list[int] = []
        self._not_before = 0.0

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
        batch.since = _now()
        while self.outcome.cause is None:
            await self._hold()
            action = await self._try(batch)
            if not isinstance(action, Again):
                self._settle(action)
                return
            if action.as_floats:
                self.endpoint.encoding = "float"
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
                batch.waited_s = _now() - batch.since
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
            self._doubts.clear()
            self._tell(places, "")
        if not decoded.faults:
            return None
        if len(batch.places) == 1:
            return self.endpoint.policy.judge_row(decoded.faults[0], batch)
        if not good:  # rather the server's fault than that of every single text
            return halve(batch.places)
        return Split(tuple((batch.places[at],) for at in decoded.faults), proven=True)

    def _settle(self, action: Action | None) -> None:
        if isinstance(action, Split):
            self._parts.extendleft(
                Batch(list(part), proven=action.proven) for part in reversed(action.parts) if part
            )
        elif isinstance(action, Stop):
            self.outcome.cause = self.outcome.cause or action.error
        elif isinstance(action, Blame):
            self._blame(action)

    def _blame(self, action: Blame) -> None:
        self.outcome.failed |= dict.fromkeys(action.places, action.error)
        if not action.doubtful:
            self._tell(action.places, "")
            return
        self._doubts += action.places
        proven = self.outcome.done.any()
        few = min(len(self.texts), DOUBTS if proven else FIRST_DOUBTS)
        if len(self._doubts) >= few and (proven or len(self.texts) > 1):
            for place in self._doubts:  # it was not their fault
                self.outcome.failed.pop(place, None)
            self.outcome.cause = self.outcome.cause or action.error
        else:
            self._tell(action.places, "")


def _now() -> float:
    """The running loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
