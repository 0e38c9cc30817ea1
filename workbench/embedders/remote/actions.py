"""What can be done about a request: the words that policy and dispatch share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from workbench.errors import EndpointError


@dataclass
class Batch:
    """Texts that go into one request.

    Attributes:
        places: Their places.
        tries: Requests made for just these texts.
        since: When the first answer came, or failed to, on the loop's clock; 0: not yet.
        waited_s: Seconds without any success since then.
        as_floats: It was asked for in ``float`` after base64 was no use.
        proven: Other texts of the same request got their vectors, so the server works.
        peeled: Its longest text was taken out already, as too long.
    """

    places: list[int]
    tries: int = 0
    since: float = 0.0
    waited_s: float = 0.0
    as_floats: bool = False
    proven: bool = False
    peeled: bool = False


@dataclass(frozen=True)
class Again:
    """Ask for the same texts after a while, in ``float`` if base64 was no use.

    Attributes:
        after_s: Seconds to wait before.
        as_floats: From now on.
        why: What a person should know while waiting, or "".
    """

    after_s: float = 0.0
    as_floats: bool = False
    why: str = ""


@dataclass(frozen=True)
class Split:
    """Ask for each part by itself.

    Attributes:
        parts: The parts; ``proven`` and ``peeled`` as in Batch hold for them.
        doubt: What the server did, where it may be its fault: if a text that is known to embed
            fails now too, nothing is split, and the server is waited for.
    """

    parts: tuple[tuple[int, ...], ...]
    proven: bool = False
    peeled: bool = False
    doubt: EndpointError | None = None


@dataclass(frozen=True)
class Blame:
    """These texts get no vector.

    Attributes:
        places: Theirs.
        error: Why.
        doubtful: It may be the server's fault: only if a text that is known to embed does so now
            are these blamed.
    """

    places: tuple[int, ...]
    error: EndpointError
    doubtful: bool = False


@dataclass(frozen=True)
class Stop:
    """No request can succeed, or none in time.

    Attributes:
        error: Why.
        doubtful: It may be the fault of a text: if one that is known to embed does so now, the run
            goes on, and the culprit is looked for.
    """

    error: EndpointError
    doubtful: bool = False


Action: TypeAlias = Again | Split | Blame | Stop
