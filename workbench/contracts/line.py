"""What a doctor asks of an endpoint, and what comes back: single requests, nothing retried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Outcome: TypeAlias = Literal["vectors", "reply", "refusal", "trouble", "unasked"]
_NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class Ask:
    """One request for embeddings.

    Attributes:
        texts: What is asked for, to the letter.
        encoding: The ``encoding_format`` that the request names.
        dimensions: The width that it names; None: it names none.
        model: The model that it names; None: the one under examination.
        with_key: Whether the key goes with it.
        padding: Bytes of white space added to its JSON, which mean nothing and weigh something.
    """

    texts: tuple[str, ...]
    encoding: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    model: str | None = None
    with_key: bool = True
    padding: int = 0


@dataclass(frozen=True)
class Answer:
    """What became of one request.

    Attributes:
        ask: The request.
        outcome: "vectors": a vector for each text came, though rows may have ``faults``; "reply":
            200, but no vectors can be read from it; "refusal": another status; "trouble": no
            answer; "unasked": the budget was spent, or the doctor was told to stop asking.
        kind: What kind of reply, refusal or trouble, in one word: "count", "index", "malformed",
            "payload", "dim"; "too_long", "too_many_items", "too_large", "empty", "key", "model",
            "path", "no_embeddings", "dimensions", "encoding_format", "busy", "fault",
            "not_the_server", "redirect", "other"; "refused", "silent", "dns", "tls", "proxy",
            "dropped", "timeout". "" for vectors.
        status: HTTP status; None where no answer came.
        detail: What exactly, where the kind leaves that open: of "payload" "float64", "float16",
            "big_endian" or "not_base64"; of "malformed" "page", "no_json", "bare_list" or "error";
            of "count" "none", where no vector came at all.
        words: What the server said, or what went wrong, in a line.
        limit: A number that it says it allows.
        vectors: (n, dim) float32 in the order of the texts, as the server scaled them; a row with a
            fault is zero. None without vectors.
        faults: What is wrong with single rows: "null", "not_finite", "zero", "dim".
        encoding: How the numbers came, whichever way they were asked for.
        indices: The ``index`` of each row in the order sent; () where rows carry none.
        tokens: ``usage.prompt_tokens`` of the request; None where it is not given.
        model: What the server calls the model.
        seconds: From the first byte sent to the last received.
    """

    ask: Ask
    outcome: Outcome
    kind: str = ""
    status: int | None = None
    words: str = ""
    limit: int | None = None
    vectors: NDArray[np.float32] | None = None
    faults: Mapping[int, str] = field(default_factory=lambda: _NOTHING)
    encoding: Literal["float", "base64"] | None = None
    indices: tuple[int, ...] = ()
    tokens: int | None = None
    model: str | None = None
    seconds: float = 0.0
    detail: str = ""

    @property
    def whole(self) -> NDArray[np.float32] | None:
        """The vectors where each of them is sound, else None."""
        return None if self.faults else self.vectors


@dataclass(frozen=True)
class Attempt:
    """One address that was tried.

    Attributes:
        base_url: As an OpenAI client would be given it.
        answer: What the shortest request there came to.
    """

    base_url: str
    answer: Answer


@dataclass(frozen=True)
class Opening:
    """What the first requests showed; the ones after go to ``base_url``.

    Attributes:
        given: The address as it was given.
        base_url: The address that embeds, else the given one.
        attempts: What was tried, the given address first.
        model: The name that requests carry.
        asked_model: The name as it was given; None: none was.
        served: Names that the server lists.
        lists_models: Whether it lists any.
        roots: The weights that it says lie behind each name; "" where it does not say.
        engine: Short name of the program; None: not recognised.
        label: Program and version, e.g. "vLLM 0.32.0".
        max_tokens: Longest input that it states.
        dtype: The type that it says it computes in.
        max_items: Texts in a request, as it states.
        evidence: What it was recognised by, a sentence each.
        has_key: Whether a key was sent.
        notes: What was changed in the address, where the key came from, a sentence each.
        proxy: The proxy of the environment that requests went through, or "".
    """

    given: str
    base_url: str
    attempts: tuple[Attempt, ...]
    model: str
    asked_model: str | None = None
    served: tuple[str, ...] = ()
    lists_models: bool = False
    roots: tuple[str, ...] = ()
    engine: str | None = None
    label: str | None = None
    max_tokens: int | None = None
    dtype: str | None = None
    max_items: int | None = None
    evidence: tuple[str, ...] = ()
    has_key: bool = False
    notes: tuple[str, ...] = ()
    proxy: str = ""

    @property
    def embeds(self) -> bool:
        """Whether an address was found where vectors come."""
        return any(
            attempt.base_url == self.base_url and attempt.answer.outcome == "vectors"
            for attempt in self.attempts
        )


@dataclass(frozen=True)
class Budget:
    """The most that an examination may ask of a server.

    Attributes:
        requests: HTTP requests, short questions about the server included.
        tokens: Tokens in all, estimated from bytes.
    """

    requests: int
    tokens: int


class Line(Protocol):
    """A way to ask one endpoint. Retries nothing, keeps count, and stays within its budget."""

    @property
    def budget(self) -> Budget:
        """The most it will ask."""
        ...

    @property
    def spent(self) -> Budget:
        """What it has asked so far."""
        ...

    def open(self) -> Opening:
        """Find the route, the server and the model with the shortest requests. Never raises."""
        ...

    def ask(self, asks: Sequence[Ask], *, at_once: int = 1) -> list[Answer]:
        """Send requests, at most ``at_once`` out at a time; the answers in their order.

        Past the budget the answers are "unasked".

        Raises:
            Cancelled: The line's cancel signal was set.
        """
        ...

    def count_tokens(self, text: str) -> int | None:
        """Tokens of a text by the server's own route for that; None where it has none."""
        ...
