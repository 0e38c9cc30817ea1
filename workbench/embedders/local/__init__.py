"""Models run in this process by torch and transformers."""

from workbench.embedders.local.embedder import LocalEmbedder
from workbench.embedders.local.loaded import Memory
from workbench.embedders.local.loading import load_local
from workbench.embedders.local.variants import VariantMaker

__all__ = ["LocalEmbedder", "Memory", "VariantMaker", "load_local"]
