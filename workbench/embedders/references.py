"""Embedders whose vectors are trusted, for others to be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Embedder, Reference, Variant
from workbench.embedders.cache import CachedEmbedder
from workbench.embedders.local import LocalEmbedder, VariantMaker
from workbench.embedders.remote import RemoteEmbedder
from workbench.errors import InputError
from workbench.maths import normalize_rows
from workbench.texts.edits import QWEN_END, TextEdit, text_edits

_LOOK_BACK = 32
"""Characters around an estimated place that are tried one by one: longer than most words."""


class WeightsReference:
    """Weights on this machine, in float32, with every variant that has a sense for the model.

    Nothing of the embedder is changed afterwards, and results are kept.

    Args:
        embedder: The model. Where it runs in half precision, the vectors are computed by a copy in
            float32, which doubles the memory while they are.
        cancel: Looked at wherever a call names no other.
    """

    def __init__(self, embedder: LocalEmbedder, *, cancel: CancelSignal | None = None) -> None:
        self._embedder = embedder
        self._cancel = cancel
        self._maker = VariantMaker(embedder.info, embedder.require_loaded())

    def __repr__(self) -> str:
        return f"WeightsReference({self._embedder!r})"

    @property
    def label(self) -> str:
        """The model's name and where its weights are."""
        info = self._embedder.info
        return f"the weights of {info.name}, in float32 on {info.device}"

    @property
    def kind(self) -> Literal["weights"]:
        """Weights."""
        return "weights"

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants that have a sense for the model, "right" first."""
        return self._maker.variants

    @property
    def max_tokens(self) -> int | None:
        """Longest input of the model."""
        return self._embedder.info.max_tokens

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        """(n, native_dim) float32 of unit norm, of the texts as they are: no prompt is added.

        Raises:
            InputError: The model has no such variant, or a text has no token in it.
            ModelError: The embedder was unloaded.
            Cancelled: ``cancel`` was set; what was computed until then is kept.
        """
        self._embedder.require_loaded()
        return self._maker.vectors(texts, variant, cancel or self._cancel)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, special ones included, also where it is longer than the model takes."""
        return self._maker.rows.count(text)

    def cut(self, text: str, tokens: int) -> str:
        """The longest beginning of a text that has at most so many tokens, special ones included.

        It is looked for around the place where the text's own tokens come to that number: cut
        inside a word, a beginning may have more tokens than the whole has up to there, or fewer.

        Raises:
            InputError: Less than the special tokens take.
        """
        rows = self._maker.rows
        room = tokens - len(rows.lead) - len(rows.tail)
        if room < 0:
            raise InputError(
                f"tokens={tokens!r} was asked. Allowed: {tokens - room} or more, which is what the "
                "special tokens take."
            )
        spans = rows.spans(text)
        if len(spans) <= room:
            return text
        reached = spans[room - 1][1] if room else 0
        for end in range(min(len(text), reached + _LOOK_BACK), 0, -1):
            if rows.count(text[:end]) <= tokens:
                return text[:end]
        return ""


class EndpointReference:
    """Another endpoint that is trusted, with the variants that come of altering the text.

    Args:
        embedder: A connected one.
        cancel: Looked at wherever a call names no other.
    """

    def __init__(self, embedder: RemoteEmbedder, *, cancel: CancelSignal | None = None) -> None:
        self._embedder = embedder
        self._cancel = cancel
        self._edits = _choose_edits(embedder)
        self._known: dict[str, NDArray[np.float32]] = {}

    def __repr__(self) -> str:
        return f"EndpointReference({self._embedder!r})"

    @property
    def label(self) -> str:
        """The model's name, the server and its address."""
        info = self._embedder.info
        return f"{info.name} as {info.server or 'a server'} at {info.base_url} gives it"

    @property
    def kind(self) -> Literal["endpoint"]:
        """Another endpoint."""
        return "endpoint"

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants that come of altering the text, "right" first."""
        return tuple(self._edits)

    @property
    def max_tokens(self) -> int | None:
        """Longest input, as far as it is known."""
        return self._embedder.info.max_tokens

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        """(n, dim) float32 of unit norm, of the texts as they are: no prompt is added.

        Raises:
            InputError: There is no such variant.
            EndpointError: The endpoint gave no vector of a text; PartialError holds the others.
            Cancelled: ``cancel`` was set.
        """
        edit = self._edits.get(variant)
        if edit is None:
            raise InputError(
                f"variant={variant!r} cannot be had of an endpoint, where only texts can be "
                f"altered. Known: {', '.join(self._edits)}. Weights on this machine give the rest."
            )
        sent = [edit(text) for text in texts]
        missing = [text for text in dict.fromkeys(sent) if text not in self._known]
        if missing:
            made = self._embedder.embed(missing, prompt="", cancel=cancel or self._cancel)
            self._known |= dict(zip(missing, normalize_rows(made.vectors), strict=True))
        if not sent:
            return np.zeros((0, self._embedder.info.dim), np.float32)
        return np.stack([self._known[text] for text in sent])  # (n, dim)

    def count_tokens(self, text: str) -> None:
        """None: what an endpoint counts is not always tokens."""
        return

    def cut(self, text: str, tokens: int) -> str:
        """Not to be had.

        Raises:
            InputError: Always: an endpoint does not tell where a token ends.
        """
        raise InputError(
            f"cut({text!r:.40}, {tokens!r}) was asked of an endpoint, which does not tell where a "
            "token ends. Use weights on this machine as the reference."
        )


def _choose_edits(embedder: RemoteEmbedder) -> Mapping[Variant, TextEdit]:
    """The end token and the chat template are Qwen's; other models read them as plain text."""
    info = embedder.info
    qwen = info.pooling == "last_token" and "qwen3" in info.name.casefold()
    edits = text_edits(query=info.prompts.get("query", ""), end=QWEN_END if qwen else "", chat=qwen)
    return {"right": str, **edits}


def reference_for(embedder: Embedder, *, cancel: CancelSignal | None = None) -> Reference:
    """The reference that an embedder can be; ``cancel`` ends what it computes.

    Raises:
        InputError: Neither weights nor an endpoint.
        ModelError: It was unloaded.
    """
    inside = embedder
    while isinstance(inside, CachedEmbedder):
        inside = inside.inside
    if isinstance(inside, LocalEmbedder):
        return WeightsReference(inside, cancel=cancel)
    if isinstance(inside, RemoteEmbedder):
        return EndpointReference(inside, cancel=cancel)
    raise InputError(
        f"reference={embedder!r} cannot be held against an endpoint. Pass an embedder with "
        "weights, wb.load(name or directory), or another endpoint, wb.connect(url)."
    )
