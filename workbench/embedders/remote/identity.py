"""What a server shows of itself: the words for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from workbench.embedders.remote.address import Address
from workbench.embedders.remote.reply import Reply

GetFn: TypeAlias = Callable[[str], "Reply | None"]

MOST_QUESTIONS = 6
"""Requests that finding out what a server is may cost."""


@dataclass(frozen=True)
class ServedModel:
    """One model that a server lists.

    Attributes:
        id: The name that requests carry.
        root: The weights behind the name: a hub id or directory; None where it is not said.
        max_tokens: Longest input.
        dim: Width of its vectors.
    """

    id: str
    root: str | None = None
    max_tokens: int | None = None
    dim: int | None = None


@dataclass(frozen=True)
class ServerIdentity:
    """What a server showed of itself; None where it did not say.

    Attributes:
        engine: Name of its preset.
        label: Program and version, e.g. "vLLM 0.32.0".
        version: Its version.
        served: The models it lists; only those that embed where it says which do.
        lists_models: Whether it answered when asked for them.
        max_tokens: Longest input.
        dtype: The type it computes in, or that of its weights where they are quantised.
        max_items: Texts in a request.
        max_batch_tokens: Tokens in a request.
        max_body_bytes: Bytes of a request.
        evidence: What it was recognised by and what it said, a sentence each.
    """

    engine: str | None = None
    label: str | None = None
    version: str | None = None
    served: tuple[ServedModel, ...] = ()
    lists_models: bool = False
    max_tokens: int | None = None
    dtype: str | None = None
    max_items: int | None = None
    max_batch_tokens: int | None = None
    max_body_bytes: int | None = None
    evidence: tuple[str, ...] = ()


class Asker:
    """Asks a server short questions: a few, and none after one that nobody answered.

    Args:
        get: Fetches an absolute URL; None where nothing answered.
        address: The endpoint.
    """

    def __init__(self, get: GetFn, address: Address) -> None:
        self.address = address
        self._get = get
        self._left = MOST_QUESTIONS
        self._home = address.base_url.removesuffix("/v1")

    def ask_models(self) -> Reply | None:
        """The answer at the endpoint's own list of models."""
        return self._ask(f"{self.address.base_url}/models")

    def record_at(self, path: str) -> dict[str, Any]:
        """The JSON object at a path beside the endpoint's ``/v1``; {} where there is none."""
        return self._record(f"{self._home}{path}")

    def record_below(self, path: str) -> dict[str, Any]:
        """The JSON object at a path below the endpoint's own; {} where there is none."""
        return self._record(f"{self.address.base_url}{path}")

    def _record(self, url: str) -> dict[str, Any]:
        reply = self._ask(url)
        return reply.record() if reply is not None and reply.status == 200 else {}

    def _ask(self, url: str) -> Reply | None:
        if self._left == 0:
            return None
        self._left -= 1
        reply = self._get(url)
        if reply is None:
            self._left = 0
        return reply


def read_whole(value: object) -> int | None:
    """A number above 0 that a server gave; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def read_text(value: object) -> str | None:
    """A text that a server gave; None where it is none, or empty."""
    return value if isinstance(value, str) and value else None
