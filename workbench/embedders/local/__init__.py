"""Models run in this process by torch and transformers."""

from workbench.embedders.local.embedder import LocalEmbedder, Memory
from workbench.embedders.local.loading import load_local

__all__ = ["LocalEmbedder", "Memory", "load_local"]
