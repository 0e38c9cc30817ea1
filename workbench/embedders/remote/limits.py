"""What one request may hold: known from the server's own words, learnt from its refusals."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

BATCH_ITEMS = 64
BATCH_TOKENS = 16_384
_BYTES_PER_TOKEN = 3
"""Fewest UTF-8 bytes a token has in ordinary text: English has some 4, code 3, Chinese 4 to 5."""
_JSON_BYTES_PER_TEXT = 8
"""Quotes, comma and some escapes."""


@dataclass
class Limits:
    """Limits of one endpoint; None: none is known.

    Attributes:
        items: Texts in a request.
        tokens: Tokens in a request, counted by ``estimate_tokens``.
        body_bytes: Bytes of a request's texts.
        max_tokens: Tokens of one text.
        slow_items: Texts in a request for the rest of this run: more did not come in time.
    """

    items: int = BATCH_ITEMS
    tokens: int = BATCH_TOKENS
    body_bytes: int | None = None
    max_tokens: int | None = None
    slow_items: int | None = None

    @property
    def items_now(self) -> int:
        """Texts in the next request."""
        return self.items if self.slow_items is None else min(self.items, self.slow_items)

    def lower(
        self,
        *,
        items: int | None = None,
        body_bytes: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """Take over limits that a refusal showed, where they are narrower than what is known."""
        if items is not None:
            self.items = max(1, min(self.items, items))
        if tokens is not None:
            self.tokens = max(1, min(self.tokens, tokens))
        if body_bytes is not None:
            known = body_bytes if self.body_bytes is None else min(self.body_bytes, body_bytes)
            self.body_bytes = max(1, known)


def estimate_tokens(text: str) -> int:
    """Tokens of a text, guessed from its bytes; rather too many than too few."""
    return len(text.encode()) // _BYTES_PER_TOKEN + 1


def size_of(texts: Sequence[str]) -> int:
    """Bytes that the texts take in a request's body, roughly."""
    return sum(len(text.encode()) + _JSON_BYTES_PER_TEXT for text in texts)


def take_batch(pending: deque[int], texts: Sequence[str], limits: Limits) -> list[int]:
    """Take from the left of ``pending`` the places of texts that go into one request.

    One text always goes, however large it is: the server is asked, and its answer is the word.
    """
    batch: list[int] = []
    tokens = room = 0
    while pending and len(batch) < limits.items_now:
        text = texts[pending[0]]
        tokens += estimate_tokens(text)
        room += size_of([text])
        full = tokens > limits.tokens
        full |= limits.body_bytes is not None and room > limits.body_bytes
        if batch and full:
            break
        batch.append(pending.popleft())
    return batch
