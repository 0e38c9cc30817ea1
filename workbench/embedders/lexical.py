"""An embedder that counts characters: no weights, no meaning, instant; a yardstick.

Character n-grams of length 1 to 3 are hashed into ``dim`` columns and each text's counts are
scaled to unit length, so that a cosine says how many pieces of spelling two texts share. Single
characters let two-character Chinese words meet; pairs and triples carry the order.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    Progress,
    ProgressFn,
    Prompt,
    check_cancel,
    one_import,
    resolve_prompt,
)
from workbench.embedders.arrays import check_encodable, check_texts
from workbench.errors import InputError, ModelError

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import HashingVectorizer

DEFAULT_DIM = 1024
_NGRAMS = (1, 3)
_BATCH = 512


class LexicalEmbedder:
    """Shared spelling as a vector. Made by ``workbench.load("lexical")``.

    A text without a character (``""``) has no n-grams: its vector is zeros, which is finite and at
    cosine 0 to everything. All other rows have unit norm.
    """

    def __init__(self, *, dim: int = DEFAULT_DIM) -> None:
        if isinstance(dim, bool) or not isinstance(dim, int) or not 1 <= dim <= 2**20:
            raise InputError(f"dim={dim!r} columns were asked. Allowed: 1 to 1,048,576.")
        self._counter: HashingVectorizer | None = _make_counter(dim)
        self._info = EmbedderInfo(
            name="lexical",
            backend="lexical",
            dim=dim,
            native_dim=dim,
            normalized=True,
            tolerance=1e-6,
            dtype="float32",
            device="cpu",
            notes=(
                "counts shared character n-grams (1 to 3); knows no meaning",
                "an empty text has the zero vector",
            ),
        )

    def __repr__(self) -> str:
        return f"LexicalEmbedder(dim={self._info.dim})"

    @property
    def info(self) -> EmbedderInfo:
        """What this embedder is."""
        return self._info

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        """The exact prefix; this embedder has no prompts of its own.

        Raises:
            PromptError: A role ("query", "document").
        """
        return resolve_prompt(prompt, prompts={})

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        """Embed texts, keeping their order; see ``workbench.contracts.Embedder``.

        Raises:
            InputError: One string, or something that is not a string.
            PromptError: A role.
            Cancelled: ``cancel`` was set.
            ModelError: ``unload`` was called.
        """
        started = time.perf_counter()
        if self._counter is None:
            raise ModelError(
                "this lexical embedder was unloaded. Load it again: wb.load('lexical')."
            )
        listed = check_texts(texts)
        resolved = self.resolve_prompt(prompt)
        check_encodable(resolved.prefix, "the prompt")
        count = len(listed)
        vectors = np.zeros((count, self._info.dim), np.float32)
        for start in range(0, count, _BATCH):
            check_cancel(cancel, done=start, total=count)
            part = [resolved.apply(text) for text in listed[start : start + _BATCH]]
            vectors[start : start + len(part)] = _count_rows(self._counter, part)
            if progress is not None:
                progress(Progress("embed", start + len(part), count))
        return Embeddings(
            vectors=vectors,  # (n, dim)
            tokens=np.full(count, -1, np.int64),
            truncated=np.zeros(count, np.bool_),
            unknown=np.full(count, np.nan, np.float32),
            prompt=resolved,
            info=self._info,
            seconds=time.perf_counter() - started,
            cached=np.zeros(count, np.bool_),
        )

    def unload(self) -> None:
        """Forget; ``embed`` raises ModelError from here on."""
        self._counter = None


def _make_counter(dim: int) -> Any:  # noqa: ANN401  (scikit-learn has no types)
    with one_import("sklearn"):
        from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char",
        ngram_range=_NGRAMS,
        n_features=dim,
        lowercase=True,
        norm="l2",
        alternate_sign=False,
        dtype=np.float32,
    )


def _count_rows(counter: HashingVectorizer, texts: list[str]) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = counter.transform(texts).toarray().astype(np.float32, copy=False)
    return rows
