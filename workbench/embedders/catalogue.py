"""The known models as a table: what each is, and whether it is here already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import ChoiceState, one_import
from workbench.embedders.bundled import find_bundled
from workbench.embedders.hub import is_downloaded
from workbench.embedders.registry import CARDS, MINILM, ModelCard

if TYPE_CHECKING:
    import pandas as pd


def model_state(card: ModelCard, *, cache_dir: Path | None = None) -> ChoiceState:
    """Whether a known model can be loaded without a download; the network is not asked."""
    if card.name == MINILM and find_bundled() is not None:
        return "ready"
    return "ready" if is_downloaded(card.name, cache_dir=cache_dir) else "needs download"


def models(*, cache_dir: Path | None = None) -> pd.DataFrame:
    """The known models, a row each, indexed by the short name that ``load`` takes.

    Columns: name, state ("bundled", "in the cache", "needs download"), size_mb (of the weights),
    parameters, dim, max_tokens, languages, pooling, prompts, matryoshka, licence, revision,
    source (where the recipe was read), caveat.
    """
    with one_import("pandas"):
        import pandas as pd

    rows = {
        card.aliases[0] if card.aliases else card.name.split("/")[-1]: {
            "name": card.name,
            "state": _describe_state(card, cache_dir),
            "size_mb": None if card.weights_bytes is None else round(card.weights_bytes / 1e6),
            "parameters": card.parameters,
            "dim": card.dim,
            "max_tokens": card.max_tokens,
            "languages": ", ".join(card.languages),
            "pooling": card.pooling,
            "prompts": ", ".join(card.prompts),
            "matryoshka": f"{card.matryoshka[0]}–{card.matryoshka[1]}" if card.matryoshka else "",
            "licence": card.licence,
            "revision": card.revision,
            "source": card.source,
            "caveat": card.caveat,
        }
        for card in CARDS
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("load")


def _describe_state(card: ModelCard, cache_dir: Path | None) -> str:
    if card.name == MINILM and find_bundled() is not None:
        return "bundled"
    return "in the cache" if is_downloaded(card.name, cache_dir=cache_dir) else "needs download"
