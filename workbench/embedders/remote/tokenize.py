"""Token counts by the routes that servers have for it, beside ``/v1/embeddings``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from workbench.embedders.remote.address import Address
from workbench.embedders.remote.reply import Reply

PostFn: TypeAlias = Callable[[str, Mapping[str, object]], "Reply | None"]

_BODIES: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "vllm": lambda text: {"prompt": text},
    "sglang": lambda text: {"prompt": text},
    "tei": lambda text: {"inputs": text},
    "llamacpp": lambda text: {"content": text, "add_special": True, "parse_special": True},
}
"""What each server's ``/tokenize`` takes; the special tokens are to be counted."""


class Counter:
    """Counts a text's tokens by the server's own tokenizer.

    Args:
        engine: Short name of the program; None: not known, nothing is asked.
        address: The endpoint; the route lies beside its ``/v1``.
        post: Sends a JSON body; None where nothing answered.
    """

    def __init__(self, engine: str | None, address: Address, post: PostFn) -> None:
        self._body = _BODIES.get(engine or "")
        self._url = f"{address.base_url.removesuffix('/v1')}/tokenize"
        self._post = post

    def count(self, text: str) -> int | None:
        """Tokens of a text, special ones included; None where the server has no such route."""
        if self._body is None:
            return None
        reply = self._post(self._url, self._body(text))
        if reply is None or reply.status != 200:
            self._body = None  # it will not do so for the next text either
            return None
        return _read_count(reply.json())


def _read_count(content: Any) -> int | None:  # noqa: ANN401  (a server may send any JSON)
    if isinstance(content, list):  # TEI: a list of tokens for each text
        return len(content[0]) if content and isinstance(content[0], list) else None
    if not isinstance(content, dict):
        return None
    tokens = content.get("tokens")
    if isinstance(tokens, list):
        return len(tokens[0]) if tokens and isinstance(tokens[0], list) else len(tokens)
    count = content.get("count")
    return count if isinstance(count, int) else None
