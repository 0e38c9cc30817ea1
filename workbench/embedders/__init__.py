"""The only room with a model in it: texts to vectors."""

from workbench.embedders.loading import load

__all__ = ["load"]
