"""Models that are known by their names: how wide their vectors are."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownModel:
    """What a model's name says.

    Attributes:
        name: As its authors write it.
        dim: Width of its vectors.
        is_bert: Whether its architecture is BertModel, whose last token makes no vector.
        is_matryoshka: Whether its authors say that its vectors may be cut.
    """

    name: str
    dim: int
    is_bert: bool = False
    is_matryoshka: bool = False


_QWEN3 = (("0.6B", 1024), ("4B", 2560), ("8B", 4096))
_BERTS = (
    ("all-MiniLM-L6-v2", 384),
    ("paraphrase-multilingual-MiniLM-L12-v2", 384),
    ("bge-small-zh-v1.5", 512),
    ("bge-base-zh-v1.5", 768),
    ("bge-large-zh-v1.5", 1024),
    ("bge-small-en-v1.5", 384),
    ("bge-base-en-v1.5", 768),
    ("bge-large-en-v1.5", 1024),
    ("multilingual-e5-small", 384),
)
_OTHERS = (("bge-m3", 1024), ("multilingual-e5-base", 768), ("multilingual-e5-large", 1024))
KNOWN: tuple[KnownModel, ...] = (
    *(KnownModel(f"Qwen3-Embedding-{size}", dim, is_matryoshka=True) for size, dim in _QWEN3),
    *(KnownModel(name, dim, is_bert=True) for name, dim in _BERTS),
    *(KnownModel(name, dim) for name, dim in _OTHERS),
)
"""Widths from the models' cards and their config.json (hidden_size)."""
SOURCE = "the model's card and config.json"
_AROUND = r"(?:^|[/\\:@]|--|\btext-embedding-)"
_BEHIND = r"(?:$|[/\\:@]|[-._](?:gguf|latest|i?q\d|b?f16|fp\d|f32|\d+bit|onnx|mlx|awq|gptq))"


def _compile(name: str) -> re.Pattern[str]:
    spelt = name.casefold().replace(".", r"\.").replace("-", "[-:_]")
    return re.compile(_AROUND + spelt + _BEHIND)


_PATTERNS = tuple((_compile(model.name), model) for model in KNOWN)


def find_known(name: str) -> KnownModel | None:
    """The model of that name, however a server, a hub's cache or a file's name wraps it.

    A part of a longer name is not enough: ``bge-m3-retromae`` is another model than ``bge-m3``.
    """
    folded = name.casefold()
    return next((model for pattern, model in _PATTERNS if pattern.search(folded)), None)


def of_width(dim: int) -> tuple[KnownModel, ...]:
    """The models whose vectors have that many numbers."""
    return tuple(model for model in KNOWN if model.dim == dim)
