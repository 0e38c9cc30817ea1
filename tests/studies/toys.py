"""Embeddings and an embedder whose vectors a test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    ProgressFn,
    Prompt,
    resolve_prompt,
)


def make_info(name: str = "toy", dim: int = 4, revision: str | None = None) -> EmbedderInfo:
    return EmbedderInfo(
        name, "lexical", dim, dim, False, 0.0, revision, prompts={"query": "Query: "}
    )


def make_embeddings(
    vectors: ArrayLike, *, info: EmbedderInfo | None = None, prompt: Prompt | None = None
) -> Embeddings:
    rows = np.asarray(vectors, dtype=np.float32)
    n, dim = rows.shape
    return Embeddings(
        vectors=rows,
        tokens=np.arange(n, dtype=np.int64) - 1,  # the first one: cannot tell
        truncated=np.arange(n) == 1,
        unknown=np.where(np.arange(n) == 0, np.nan, 0.25).astype(np.float32),
        prompt=prompt or Prompt(),
        info=info or make_info(dim=dim),
        seconds=0.5,
        cached=np.zeros(n, dtype=bool),
    )


class TableEmbedder:
    """Looks each text up in a table; prompts are recorded and change nothing."""

    def __init__(self, table: Mapping[str, Sequence[float]]) -> None:
        self.table = table
        self.info = make_info(dim=len(next(iter(table.values()))))

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        return resolve_prompt(prompt, prompts=self.info.prompts)

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        rows = np.array([self.table[text] for text in texts], dtype=np.float32)
        return make_embeddings(
            rows.reshape(len(texts), self.info.dim),
            info=self.info,
            prompt=self.resolve_prompt(prompt),
        )

    def unload(self) -> None:
        self.table = {}
