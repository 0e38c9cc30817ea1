"""What the Explorer has been asked, what it shows, and how far it is: plain records, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Embeddings, Kind, Prompt
from workbench.errors import InputError
from workbench.studies import Background, Change, Comparison, Projection
from workbench.texts import ParsedTexts

Phase: TypeAlias = Literal[
    "idle",
    "consent",
    "connecting",
    "loading",
    "embedding",
    "comparing",
    "mapping",
    "done",
    "cancelled",
    "error",
]
Unit: TypeAlias = Literal["texts", "bytes", "epochs"]
BUSY: tuple[Phase, ...] = ("connecting", "loading", "embedding", "comparing", "mapping")


@dataclass(frozen=True)
class Unrelated:
    """Texts of known topics: two of different topics are an unrelated pair."""

    texts: Sequence[str]
    kinds: Sequence[Kind]
    topics: Sequence[str]


@dataclass(frozen=True)
class Layout:
    """How the map is drawn.

    Attributes:
        method: UMAP, or PCA, which is linear and instant.
        n_neighbors: UMAP's size of a neighbourhood.
        min_dist: UMAP's least distance between points, 0 to 1.
        seed: UMAP's random seed.
    """

    method: Literal["umap", "pca"] = "umap"
    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 42


def check_layout(asked: Layout) -> None:
    """Refuse settings that no map can be laid out with.

    Raises:
        InputError: One of them is of another type or out of range.
    """
    allowed = {
        "method": asked.method in ("umap", "pca"),
        "n_neighbors": type(asked.n_neighbors) is int and asked.n_neighbors >= 2,
        "min_dist": type(asked.min_dist) in (int, float) and 0 <= asked.min_dist < 1,
        "seed": type(asked.seed) is int and asked.seed >= 0,
    }
    for name, good in allowed.items():
        if not good:
            raise InputError(
                f"The map was asked for with {name}={getattr(asked, name)!r}. Allowed are method "
                "'umap' or 'pca', a whole number of neighbours from 2, a least distance from 0 to "
                "below 1, and a whole seed from 0. The map stays as it is."
            )


@dataclass(frozen=True)
class Request:
    """One press of Embed.

    Attributes:
        parsed: The texts and what was noticed about them.
        spec: The embedder.
        prompt: See ``workbench.contracts.prompts``.
        agreed: The user has agreed to the download that this embedder needs.
    """

    parsed: ParsedTexts
    spec: str
    prompt: str | Prompt | None = None
    agreed: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts to the letter."""
        return tuple(item.text for item in self.parsed.items)


@dataclass(frozen=True)
class View:
    """What is on screen: one request and all that was computed for it.

    Attributes:
        serial: Grows by one with each request that reached the screen.
        request: What was asked.
        label: Model and instruction in words: what a toggle changes.
        embeddings: The vectors.
        comparison: Neighbours and orders.
        projection: The map so far (PCA first), or None.
        background: Cosines of unrelated pairs under the same embedder and prompt, or None.
        no_background: Why there are no such cosines, or "".
        change: What the last toggle changed, or None.
        before: Label of the view that ``change`` starts from.
        before_points: (n, 2) where the texts stood on the map before that toggle, or None.
        order: (n,) an order that puts like beside like, once it was asked for.
        order_method: How that order was found.
        clusters: (n,) cluster numbers, -1 for none, once they were asked for.
    """

    serial: int
    request: Request
    label: str
    embeddings: Embeddings
    comparison: Comparison
    projection: Projection | None = None
    background: Background | None = None
    no_background: str = ""
    change: Change | None = None
    before: str = ""
    before_points: NDArray[np.float32] | None = None
    order: NDArray[np.int64] | None = None
    order_method: str = ""
    clusters: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Status:
    """How far the work is, for a person.

    Attributes:
        phase: What is going on.
        message: A sentence.
        done: Units finished, of ``total``.
        total: Units in all; 0 while unknown.
        rate: Units a second, 0 while unknown.
        unit: What is counted.
        details: A traceback, folded away, or "".
        facts: Pairs of a word and its value, once the work is done.
        ask_spec: The embedder that the question is about.
        ask_bytes: Size of the download to agree to, where ``phase`` is "consent"; 0 if unknown.
    """

    phase: Phase = "idle"
    message: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    unit: Unit = "texts"
    details: str = ""
    facts: tuple[tuple[str, str], ...] = field(default=())
    ask_bytes: int = 0
    ask_spec: str = ""
