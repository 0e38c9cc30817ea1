"""The embedders that the panels offer, and the Explorer built on them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderCatalogue,
    EmbedderChoice,
    ProgressFn,
)

if TYPE_CHECKING:
    import pandas as pd

    from workbench.panels.explorer import Explorer

KEPT_LOADED = 2
"""Models kept in memory at once, so that toggling between two is instant."""


class Catalogue:
    """The bundled model, the lexical baseline, the registry, and one embedder of the caller's own.

    Args:
        given: An embedder that the caller made; it comes first and is never unloaded.
    """

    def __init__(self, given: Embedder | None = None) -> None:
        self._given = given
        self._loaded: dict[str, Embedder] = {}
        self._lock = threading.Lock()

    @property
    def recommended(self) -> str:
        """The model at the heart of the workbench: over a hundred languages, and code."""
        return "Qwen/Qwen3-Embedding-0.6B"

    def choices(self) -> tuple[EmbedderChoice, ...]:
        """The caller's own, then the registry in its order, then the lexical baseline."""
        from workbench.embedders import registry_choices

        own = () if self._given is None else (self._describe_given(self._given),)
        return (*own, *registry_choices())

    def describe(self, spec: str) -> EmbedderChoice:
        """See ``EmbedderCatalogue``."""
        from workbench.embedders import describe_choice

        if self._given is not None and spec == "given":
            return self._describe_given(self._given)
        return describe_choice(spec)

    def load(
        self, spec: str, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> Embedder:
        """See ``EmbedderCatalogue``; keeps the last few models and unloads the one before them."""
        from workbench.embedders import CachedEmbedder, load

        if self._given is not None and spec == "given":
            return self._given
        with self._lock:
            embedder = self._loaded.pop(spec, None)
            if embedder is None:
                while len(self._loaded) >= KEPT_LOADED:
                    self._loaded.pop(next(iter(self._loaded))).unload()
                embedder = CachedEmbedder(load(spec, progress=progress, cancel=cancel))
            self._loaded[spec] = embedder
            return embedder

    def _describe_given(self, embedder: Embedder) -> EmbedderChoice:
        info = embedder.info
        return EmbedderChoice(
            spec="given",
            label=info.name,
            state="ready",
            about=f"Handed in: {info.backend}, {info.dim} dimensions.",
            prompts=info.prompts,
            default_prompt=info.default_prompt,
            instruction_template=info.instruction_template,
        )


def explore(
    texts: list[str] | tuple[str, ...] | str | Path | pd.DataFrame | None = None,
    embedder: Embedder | str | None = None,
) -> Explorer:
    """Open the Explorer: paste texts, see matrix, map and neighbours, toggle one thing.

    The first picture is computed in the background; ``panel.wait()`` blocks until it stands.

    Args:
        texts: Strings; one pasted string (a text a line); a file; a DataFrame with a text column
            (columns "kind" and "label" are used where it has them); None: a small sample.
        embedder: An Embedder, or what ``load`` takes; None: the bundled model, or the lexical
            baseline where that is not installed.

    Raises:
        InputError: The texts cannot be read.
        ModelError: The embedder's name is not known.
    """
    from workbench.panels.explorer import Explorer
    from workbench.texts import load_samples, sample_names

    spec = embedder if isinstance(embedder, str) else None
    given = None if embedder is None or isinstance(embedder, str) else embedder
    catalogue: EmbedderCatalogue = Catalogue(given)
    return Explorer(catalogue, texts=texts, spec=spec or ("given" if given else "bundled"))
