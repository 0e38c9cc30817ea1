"""Vectors that are trusted, and the known ways to compute them wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts.progress import CancelSignal

Variant: TypeAlias = Literal[
    "right",
    "bf16", "int8", "int4",
    "no_end", "double_end", "im_end", "no_special",
    "mean", "cls", "last",
    "bidirectional", "rope_base",
    "query_prompt", "query_prompt_twice", "chat_template",
    "stripped", "newlines_to_spaces", "lowercased",
    "cut_64", "cut_128", "cut_256",
]  # fmt: skip
"""A way to compute vectors: the right one, or one that is known to go wrong in service."""


class Reference(Protocol):
    """Vectors that are trusted: weights on this machine, a saved file, or another endpoint."""

    @property
    def label(self) -> str:
        """What it is, for a person."""
        ...

    @property
    def kind(self) -> Literal["weights", "golden", "endpoint"]:
        """Where its vectors come from."""
        ...

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants it can compute, "right" first."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Longest input of the model; None: not known."""
        ...

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        """(n, native_dim) float32 of unit norm.

        Raises:
            InputError: It has no vector of one of the texts (a saved file holds its own only).
            Cancelled: ``cancel`` was set.
        """
        ...

    def count_tokens(self, text: str) -> int | None:
        """Tokens of a text, special ones included; None where it cannot tell."""
        ...

    def cut(self, text: str, tokens: int) -> str:
        """The longest beginning of a text that has at most so many tokens, special ones included.

        Raises:
            InputError: It cannot tell (``count_tokens`` gives None).
        """
        ...
