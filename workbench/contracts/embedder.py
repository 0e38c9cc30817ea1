"""The one contract that every backend passes: texts in, ``(n, dim) float32`` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from workbench.contracts.progress import CancelSignal, ProgressFn
from workbench.contracts.prompts import Prompt

Backend: TypeAlias = Literal["local", "remote", "bundled", "lexical"]
Pooling: TypeAlias = Literal["last_token", "mean", "cls"]
TooLong: TypeAlias = Literal["cut", "refused", "unknown"]

_NO_PROMPTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class EmbedderInfo:
    """What an embedder is, and every choice that was made for the user.

    Attributes:
        name: Hub id, registry name or directory.
        backend: Who computes.
        dim: Width of the vectors it returns.
        native_dim: Width before ``truncate_dim`` (Matryoshka) cut it.
        normalized: Rows have unit L2 norm.
        tolerance: Largest absolute difference to expect, per component, between a text embedded
            alone and in any batch.
        revision: Commit, package version or content hash; None where it is not known.
        max_tokens: Longest input, special tokens included; None: no limit, or none known.
        too_long: What becomes of a longer text: "cut" and flagged; "refused" (PartialError);
            "unknown": the server may cut it without a word, and nothing here can tell.
        pooling: How token states become one vector; None where the word has no meaning.
        dtype: Type the model computes in; the vectors are float32 always.
        device: Where it computes.
        prompts: Named prompts of the model.
        default_prompt: Name of the one applied when none is asked for.
        instruction_template: Where an instruction goes, with ``{task}``; None: the model has none.
        notes: What was chosen or noticed on the way, a sentence each.
        base_url: Address of the endpoint that computes; None where it is this process.
        server: The program behind it as it shows itself, e.g. "vLLM 0.32.0"; None: not known.
    """

    name: str
    backend: Backend
    dim: int
    native_dim: int
    normalized: bool
    tolerance: float
    revision: str | None = None
    max_tokens: int | None = None
    pooling: Pooling | None = None
    dtype: str | None = None
    device: str | None = None
    prompts: Mapping[str, str] = field(default_factory=lambda: _NO_PROMPTS)
    default_prompt: str | None = None
    instruction_template: str | None = None
    notes: tuple[str, ...] = ()
    too_long: TooLong = "cut"
    base_url: str | None = None
    server: str | None = None


@dataclass(frozen=True)
class Embeddings:
    """Vectors of n texts in the order asked, with what happened to each text.

    Attributes:
        vectors: (n, dim) float32.
        tokens: (n,) int64, tokens the model saw, prompt and special tokens included; -1 where the
            backend cannot tell.
        truncated: (n,) bool, whether the text was cut to ``info.max_tokens``.
        unknown: (n,) float32, share of the text's own tokens (no prompt, no special tokens) that
            the vocabulary lacks ([UNK]), 0 to 1; NaN where the backend cannot tell.
        prompt: The exact prefix that every text had.
        info: The embedder.
        seconds: Wall time of the call.
        cached: (n,) bool, rows that were looked up and not computed.
    """

    vectors: NDArray[np.float32]
    tokens: NDArray[np.int64]
    truncated: NDArray[np.bool_]
    unknown: NDArray[np.float32]
    prompt: Prompt
    info: EmbedderInfo
    seconds: float
    cached: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.vectors)

    def __array__(
        self, dtype: np.dtype[np.generic] | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        """The vectors, so that numpy functions take an Embeddings as it is."""
        return np.array(self.vectors, dtype=dtype, copy=copy)


@runtime_checkable
class Embedder(Protocol):
    """Texts to vectors. Not thread-safe: one worker owns it."""

    @property
    def info(self) -> EmbedderInfo:
        """What this embedder is."""
        ...

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        """The exact prefix that ``embed(..., prompt=prompt)`` puts before every text.

        Raises:
            PromptError: The model has no such prompt.
        """
        ...

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        """Embed texts, keeping their order.

        Args:
            texts: n strings, taken to the letter. An empty sequence gives shape (0, dim).
            prompt: See ``workbench.contracts.prompts``.
            progress: Called in the calling thread with texts done and in all.
            cancel: Looked at between batches.

        Raises:
            InputError: ``texts`` is one string, or holds something that is not a string.
            PromptError: The model has no such prompt.
            PartialError: Some texts have no vector: the server refused them, or went away. It holds
                the vectors that came, and ``resume`` asks for the rest. Remote embedders only.
            Cancelled: ``cancel`` was set; nothing is kept.
        """
        ...

    def unload(self) -> None:
        """Give back the memory. Calling ``embed`` afterwards raises ModelError."""
        ...
