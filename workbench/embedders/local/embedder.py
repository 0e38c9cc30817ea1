"""A model in this process, as an Embedder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Embeddings,
    ProgressFn,
    Prompt,
    resolve_prompt,
)
from workbench.embedders.arrays import check_encodable, check_texts, finish_rows
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.passes import Run
from workbench.embedders.local.runtime import give_back_memory
from workbench.embedders.local.tokens import encode_ahead, texts_together
from workbench.errors import ModelError


class LocalEmbedder:
    """Texts to vectors with torch. Made by ``workbench.load``.

    Attributes:
        memory: What loading took.
    """

    def __init__(self, info: EmbedderInfo, loaded: LoadedModel) -> None:
        self._info = info
        self._loaded: LoadedModel | None = loaded
        self.memory = loaded.memory

    def __repr__(self) -> str:
        info = self._info
        return f"LocalEmbedder({info.name!r}, dim={info.dim}, {info.dtype} on {info.device})"

    @property
    def info(self) -> EmbedderInfo:
        """What this embedder is, and what was chosen for the user."""
        return self._info

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        """The exact prefix that ``embed`` puts before every text.

        Raises:
            PromptError: The model has no such prompt.
        """
        return resolve_prompt(
            prompt,
            prompts=self._info.prompts,
            default=self._info.default_prompt,
            template=self._info.instruction_template,
        )

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        """Embed texts, keeping their order; see ``workbench.contracts.Embedder``.

        Texts with the same tokens are computed once. Where each token sees only those before it, so
        is the beginning that a prompt gives all of them and, in the products of each pass, what
        several texts begin with. ``cancel`` and ``progress`` answer within a pass too. Where memory
        runs out, passes get smaller and ``info.notes`` says so.

        Raises:
            InputError: One string, or something that is not a string.
            PromptError: The model has no such prompt.
            Cancelled: ``cancel`` was set.
            ModelError: ``unload`` was called, or the device has no memory for one text alone.
        """
        started = time.perf_counter()
        loaded = self.require_loaded()
        listed = check_texts(texts)
        resolved = self.resolve_prompt(prompt)
        check_encodable(resolved.prefix, "the prompt")
        parts = encode_ahead(
            loaded.tokenizer,
            listed,
            prefix=resolved.prefix,
            unknown_id=loaded.unknown_id,
            cancel=cancel,
            together=texts_together(self._info.device or "", len(listed)),
        )
        run = Run(loaded, self._info, progress, cancel, len(listed))
        prefix = tuple(loaded.tokenizer.encode(resolved.prefix).ids) if resolved.prefix else ()
        try:
            with closing(parts):
                native, tokens = run.embed_parts(parts, prefix)  # (n, native_dim)
        finally:
            if run.notes:
                self._info = replace(self._info, notes=self._info.notes + run.notes)
        return Embeddings(
            vectors=finish_rows(native, self._info.dim, normalize=self._info.normalized),
            tokens=np.array([len(row) for row in tokens.rows], np.int64),
            truncated=tokens.truncated,
            unknown=tokens.unknown,
            prompt=resolved,
            info=self._info,
            seconds=time.perf_counter() - started,
            cached=np.zeros(len(listed), np.bool_),
        )

    def unload(self) -> None:
        """Give back the memory; ``embed`` raises ModelError from here on."""
        if self._loaded is None:
            return
        self._loaded = None
        give_back_memory(self._info.device or "cpu")

    def require_loaded(self) -> LoadedModel:
        """The parts it computes with, for what looks closer than ``embed`` does.

        Raises:
            ModelError: ``unload`` was called.
        """
        if self._loaded is None:
            raise ModelError(
                f"{self._info.name} was unloaded. Load it again: wb.load({self._info.name!r})."
            )
        return self._loaded
