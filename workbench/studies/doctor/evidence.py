"""What an examination has asked so far, and the shape of one probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer, Finding, Line, Opening, Reference


@dataclass(frozen=True)
class TokenCount:
    """Tokens of one text as the server counts them.

    Attributes:
        text: The text.
        usage: ``usage.prompt_tokens`` of a request for it alone; None where not given.
        route: By the server's own ``/tokenize``; None where it has none.
        expected: By the reference, or as published; None where nothing tells.
    """

    text: str
    usage: int | None
    route: int | None
    expected: int | None


@dataclass(frozen=True)
class Cut:
    """One length at which a text was asked for with two different ends.

    Attributes:
        tokens: Length up to where the two are the same, special tokens included, as the reference,
            the server or else an estimate from bytes counts them.
        short: The answer to the beginning with one end.
        long: The answer to the same beginning with another, longer end.
    """

    tokens: int
    short: Answer
    long: Answer


@dataclass
class Evidence:
    """Answers by what they were asked for; each probe fills its own part and may read the others.

    Attributes:
        opening: The first requests.
        reference: What vectors are held against; None: nothing is at hand.
        deep: Whether the longer examination was asked for.
        alone: ``TEXTS`` one by one, in floats.
        batch: ``TEXTS`` in one request, in floats; None where not asked.
        packed: ``TEXTS`` in one request, in base64.
        packed_again: The same once more, where ``packed`` is not what ``batch`` is.
        nameless: A request with a model's name that nobody serves.
        keyless: A request without the key, where one was given.
        tokens: Token counts of some texts.
        repeats: The same request again and again.
        mixed: Requests that hold a text among others: [A, A], [A, short], [A, long], shuffled.
        twins: Fresh texts in pairs that a careless cache would take for one text, one by one.
        crowd: ``TEXTS`` one by one again, many out at once.
        cuts: Texts of growing length, for where the server cuts or refuses.
        counted_by: Who counted the tokens of ``cuts``: "the reference", "the server" or "an
            estimate".
        narrow: Requests with ``dimensions``.
        items: Requests of growing numbers of texts.
        bytes_: Requests of growing size.
        card: Texts that values are published of, as they are and with the end token appended.
        ended: ``TEXTS`` with the end token appended, where the reference cannot leave it out.
    """

    opening: Opening
    reference: Reference | None = None
    deep: bool = False
    alone: list[Answer] = field(default_factory=list)
    batch: Answer | None = None
    packed: Answer | None = None
    packed_again: Answer | None = None
    nameless: Answer | None = None
    keyless: Answer | None = None
    tokens: list[TokenCount] = field(default_factory=list)
    repeats: list[Answer] = field(default_factory=list)
    mixed: list[Answer] = field(default_factory=list)
    twins: list[Answer] = field(default_factory=list)
    crowd: list[Answer] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    counted_by: str = ""
    narrow: list[Answer] = field(default_factory=list)
    items: list[Answer] = field(default_factory=list)
    bytes_: list[Answer] = field(default_factory=list)
    card: list[Answer] = field(default_factory=list)
    ended: Answer | None = None

    def vectors_alone(self) -> NDArray[np.float32] | None:
        """(n, dim) float32 of ``TEXTS`` each asked for alone; None where one of them is lacking."""
        rows = [answer.whole for answer in self.alone]
        found = [row for row in rows if row is not None]
        if not found or len(found) < len(rows) or len({row.shape for row in found}) > 1:
            return None
        return np.concatenate(found)


@dataclass(frozen=True)
class Probe:
    """One thing that is tried.

    Attributes:
        name: As in ``Finding.probe``.
        about: What it tries, a few words for the progress line.
        ask: Sends its requests and keeps the answers in the evidence; None: it needs none.
        judge: From the evidence to the finding, without a request. It may compute with the
            reference.
        needs_vectors: Whether it has no sense where the endpoint gives no vectors.
    """

    name: str
    about: str
    ask: Callable[[Line, Evidence], None] | None
    judge: Callable[[Evidence], Finding]
    needs_vectors: bool = True
