"""Single requests to one endpoint for the doctor: nothing retried, everything counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from workbench.contracts import Answer, Ask, Budget, CancelSignal, Opening, check_cancel
from workbench.embedders.remote.address import Address, is_address, read_address
from workbench.embedders.remote.decode import decode_reply
from workbench.embedders.remote.keys import NO_KEY, ApiKey, find_key
from workbench.embedders.remote.limits import estimate_tokens
from workbench.embedders.remote.opening import open_line
from workbench.embedders.remote.refusals import read_refusal
from workbench.embedders.remote.reply import Reply
from workbench.embedders.remote.tokenize import Counter
from workbench.embedders.remote.transport import Transport
from workbench.embedders.remote.troubles import NoAnswerError
from workbench.errors import (
    AddressError,
    CountError,
    DimError,
    IndexMismatchError,
    MalformedReplyError,
    NotFiniteError,
    NullValueError,
    PayloadTypeError,
    RedirectedError,
    ReplyError,
    ZeroVectorError,
)

TIMEOUT_S = 60.0
PATIENCE = 3
"""So many requests in a row not answered in time, and nothing more is sent to a stuck server."""
_WORDS = 300
_KINDS: Mapping[type[ReplyError], str] = {
    CountError: "count",
    IndexMismatchError: "index",
    MalformedReplyError: "malformed",
    PayloadTypeError: "payload",
    DimError: "dim",
    NullValueError: "null",
    NotFiniteError: "not_finite",
    ZeroVectorError: "zero",
}


class EndpointLine:
    """A ``Line`` to an OpenAI-compatible endpoint.

    Args:
        base_url: As a person pastes it.
        model: Name of the model under examination; None: the one that the server lists.
        key: Its key; None: the environment's, else none.
        budget: The most to ask.
        timeout_s: Longest wait for one answer.
        cancel: Looked at several times a second.

    Raises:
        AddressError: ``base_url`` is no address.
        InputError: No header can carry the key.
    """

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        *,
        key: str | ApiKey | None = None,
        budget: Budget,
        timeout_s: float = TIMEOUT_S,
        cancel: CancelSignal | None = None,
    ) -> None:
        if not is_address(base_url) and "://" in base_url:
            raise AddressError(f"{base_url!r:.80} is no address of a server. Pass http://… .")
        self.address = read_address(base_url)
        self.key, self.key_note = find_key(key, self.address)
        self.asked_model = model
        self.cancel = cancel
        self._budget = budget
        self._timeout_s = timeout_s
        self._requests = 0
        self._tokens = 0
        self._late = 0
        self._model = model or ""
        self._transports: dict[tuple[str, bool], Transport] = {}
        self._base_url = self.address.base_url
        self._counter: Counter | None = None

    def __repr__(self) -> str:
        return f"EndpointLine({self._base_url!r}, {self._model!r})"

    @property
    def budget(self) -> Budget:
        """The most it will ask."""
        return self._budget

    @property
    def spent(self) -> Budget:
        """What it has asked so far."""
        return Budget(self._requests, self._tokens)

    def open(self) -> Opening:
        """Find the route, the server and the model with the shortest requests."""
        found = open_line(self)
        self._base_url, self._model = found.base_url, found.model
        where = Address(found.base_url, self.address.root, (found.base_url,))
        self._counter = Counter(found.engine, where, self.get)
        return found

    def ask(self, asks: Sequence[Ask], *, at_once: int = 1) -> list[Answer]:
        """Send requests; see ``Line``."""
        return self.ask_at(self._base_url, asks, at_once=at_once)

    def ask_at(self, base_url: str, asks: Sequence[Ask], *, at_once: int = 1) -> list[Answer]:
        """As ``ask``, of another address; those without the key go out after the others."""
        check_cancel(self.cancel, done=0, total=len(asks), unit="requests")
        answers: dict[int, Answer] = {}
        for with_key in (True, False):
            places = [place for place, ask in enumerate(asks) if ask.with_key is with_key]
            if places:
                transport = self._transport(base_url, with_key)
                work = self._send_all(transport, [asks[place] for place in places], at_once)
                answers |= dict(zip(places, transport.loop.run(work), strict=True))
        return [answers[place] for place in range(len(asks))]

    async def _send_all(
        self, transport: Transport, asks: Sequence[Ask], at_once: int
    ) -> list[Answer]:
        gate = asyncio.Semaphore(at_once)

        async def send_one(ask: Ask) -> Answer:
            async with gate:
                return await self._send(transport, ask)

        return list(await asyncio.gather(*map(send_one, asks)))

    def get(self, url: str, body: Mapping[str, object] | None = None) -> Reply | None:
        """A short question about the server; None where nothing answered or the budget is spent."""
        check_cancel(self.cancel, done=0, total=0)
        if self._requests >= self._budget.requests:
            return None
        self._requests += 1
        transport = self._transport(self._base_url, with_key=True)
        return transport.loop.run(transport.get(url, body))

    def count_tokens(self, text: str) -> int | None:
        """Tokens of a text by the server's own route; None where it has none."""
        return None if self._counter is None else self._counter.count(text)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()

    def _transport(self, base_url: str, with_key: bool) -> Transport:
        known = (base_url, with_key)
        if known not in self._transports:
            address = Address(base_url, self.address.root, (base_url,))
            key = self.key if with_key else ApiKey(NO_KEY)
            self._transports[known] = Transport(
                address, key, timeout_s=self._timeout_s, cancel=self.cancel
            )
        return self._transports[known]

    async def _send(self, transport: Transport, ask: Ask) -> Answer:
        tokens = sum(map(estimate_tokens, ask.texts))
        if self._late >= PATIENCE:
            words = f"{PATIENCE} requests in a row were not answered in time, no more are sent"
            return Answer(ask, "unasked", words=words)
        over = self._tokens + tokens > self._budget.tokens
        if over or self._requests >= self._budget.requests:
            left = f"{self._budget.requests} requests and {self._budget.tokens:,} tokens"
            return Answer(ask, "unasked", words=f"the budget of {left} is spent")
        self._requests, self._tokens = self._requests + 1, self._tokens + tokens
        started = time.perf_counter()
        try:
            reply = await transport.post(
                ask.texts,
                model=self._model if ask.model is None else ask.model,
                encoding=ask.encoding,
                dimensions=ask.dimensions,
                padding=ask.padding,
            )
        except (NoAnswerError, RedirectedError) as error:
            kind = error.kind if isinstance(error, NoAnswerError) else "redirect"
            answer = Answer(ask, "trouble", kind, words=str(error))
        else:
            answer = read_answer(ask, reply)
        self._late = self._late + 1 if answer.kind == "timeout" else 0
        return replace(answer, seconds=time.perf_counter() - started)


def read_answer(ask: Ask, reply: Reply) -> Answer:
    """What a server answered to a request."""
    if reply.status != 200:
        refusal = read_refusal(reply)
        return Answer(
            ask, "refusal", refusal.kind, reply.status, refusal.message[:_WORDS], refusal.limit
        )
    try:
        decoded = decode_reply(reply.body, len(ask.texts))
    except ReplyError as error:
        kind, words = _KINDS[type(error)], str(error)[:_WORDS]
        return Answer(ask, "reply", kind, 200, words, detail=error.word)
    record = reply.record().get("data")
    rows = [row.get("index") for row in record] if isinstance(record, list) else []
    return Answer(
        ask,
        "vectors",
        status=200,
        vectors=np.ascontiguousarray(decoded.vectors),
        faults={row: _KINDS[type(fault)] for row, fault in decoded.faults.items()},
        encoding=decoded.encoding,
        indices=tuple(index for index in rows if isinstance(index, int)),
        tokens=decoded.tokens,
        model=decoded.model,
    )
