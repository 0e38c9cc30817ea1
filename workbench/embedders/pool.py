"""Models in memory, shared by whoever asks for the same one."""

from __future__ import annotations

import threading
from functools import cache

from workbench.contracts import CancelSignal, Embedder, ProgressFn, check_cancel
from workbench.embedders.cache import CachedEmbedder
from workbench.embedders.loading import load

KEPT_LOADED = 2
"""Models kept in memory at once, so that toggling between two is instant."""


class LoadedModels:
    """The last few models in memory; the one used longest ago is unloaded for a new one."""

    def __init__(self) -> None:
        self._models: dict[str, Embedder] = {}
        self._lock = threading.Lock()
        self._gates: dict[str, threading.Lock] = {}

    def load(
        self, spec: str, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
    ) -> Embedder:
        """The model if it is in memory, else loaded, warmed up and with a cache before it.

        The first pass through a model costs several times the next; it belongs to loading.
        """
        with self._lock:
            gate = self._gates.setdefault(spec, threading.Lock())
        while not gate.acquire(timeout=0.1):  # another panel loads it: one load serves both
            check_cancel(cancel, done=0, total=0)
        try:
            return self._find(spec) or self._add(spec, progress, cancel)
        finally:
            gate.release()

    def _find(self, spec: str) -> Embedder | None:
        with self._lock:
            if spec not in self._models:
                return None
            self._models[spec] = self._models.pop(spec)  # used last
            return self._models[spec]

    def _add(self, spec: str, progress: ProgressFn | None, cancel: CancelSignal | None) -> Embedder:
        with self._lock:
            oldest = list(self._models)[: len(self._models) - KEPT_LOADED + 1]
            leaving = [self._models.pop(name) for name in oldest]
        for embedder in leaving:  # before the new one comes: a GPU may have room for two, not three
            embedder.unload()
        loaded = load(spec, progress=progress, cancel=cancel)
        loaded.embed(["."], prompt="", cancel=cancel)
        with self._lock:
            self._models[spec] = CachedEmbedder(loaded)
            return self._models[spec]


@cache
def shared_models() -> LoadedModels:
    """The models of all panels of this process: running a cell again loads nothing twice."""
    return LoadedModels()
