"""One function from a name to an Embedder."""

from __future__ import annotations

from pathlib import Path

from workbench.contracts import CancelSignal, Embedder, Pooling, ProgressFn
from workbench.embedders.bundled import PACKAGE, require_bundled
from workbench.embedders.recipe import Recipe
from workbench.errors import UnknownModelError


def load(
    spec: str | Path = "bundled",
    *,
    device: str | None = None,
    dtype: str | None = None,
    dim: int | None = None,
    revision: str | None = None,
    max_tokens: int | None = None,
    pooling: Pooling | None = None,
    cache_dir: Path | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Embedder:
    """Load an embedder."""
    from workbench.embedders.local import load_local

    if spec == "bundled":
        directory, version = require_bundled()
        return load_local(
            directory,
            Recipe("mean", normalize=True, max_tokens=256),
            name="sentence-transformers/all-MiniLM-L6-v2",
            backend="bundled",
            revision=f"{PACKAGE} {version}",
            device=device,
            dtype=dtype,
            dim=dim,
            max_tokens=max_tokens,
        )
    raise UnknownModelError(f"{spec!r} is not known.")
