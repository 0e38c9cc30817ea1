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
        since: When they were first asked for, on the loop's clock.
        waited_s: Seconds from then to the last answer, or to where it failed to come.
        as_floats: It was asked for in ``float`` after base64 was no use.
        proven: Other texts of the same request got their vectors, so the server works.
    """

    places: list[int]
    tries: int = 0
    since: float = 0.0
    waited_s: float = 0.0
    as_floats: bool = False
    proven: bool = False


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
    """Ask for each part by itself; ``proven`` as in Batch."""

    parts: tuple[tuple[int, ...], ...]
    proven: bool = False


@dataclass(frozen=True)
class Blame:
    """These texts get no vector.

    Attributes:
        places: Theirs.
        error: Why.
        doubtful: It may be the server's fault all the same: too many in a row end the run.
    """

    places: tuple[int, ...]
    error: EndpointError
    doubtful: bool = False


@dataclass(frozen=True)
class Stop:
    """No request can succeed, or none in time."""

    error: EndpointError


Action: TypeAlias = Again | Split | Blame | Stop
