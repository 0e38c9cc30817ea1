"""What a search found, and how two rankings of the same passages differ."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Prompt
from workbench.errors import InputError
from workbench.maths.vectors import Matrix


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        rank: From 1.
        row: The passage's place in the index.
        id: Its id.
        text: Its text, to the letter.
        cosine: With the query.
        percentile: Percent of all passages of the index that score lower for this query.
    """

    rank: int
    row: int
    id: str
    text: str
    cosine: float
    percentile: float


@dataclass(frozen=True)
class SearchResult:
    """What one query found.

    Attributes:
        query: To the letter.
        prompt: The exact prefix it had.
        hits: Best first.
        scores: (n,) float32, its cosine with every passage, rounded to ``GRID``.
        ranks: (n,) int64, the rank of every passage, from 1; equal cosines in order of the index.
        vector: (dim,) float32 of unit length: the query's own.
        truncated: The query was cut: too long for the model.
    """

    query: str
    prompt: Prompt
    hits: tuple[Hit, ...]
    scores: Matrix = field(repr=False)
    ranks: NDArray[np.int64] = field(repr=False)
    vector: Matrix = field(repr=False)
    truncated: bool = False

    @property
    def embedded(self) -> str:
        """The exact string that was embedded."""
        return self.prompt.apply(self.query)


@dataclass(frozen=True)
class Move:
    """A passage among the first k of either ranking, and its rank in both."""

    row: int
    before: int
    after: int


@dataclass(frozen=True)
class SearchComparison:
    """One query without its instruction and with it.

    Attributes:
        before: Without.
        after: With.
        k: How many of each are compared.
        overlap: Share of the first k that both have, 0 to 1.
        moves: Passages among the first k of either, by their rank with the instruction.
    """

    before: SearchResult
    after: SearchResult
    k: int
    overlap: float
    moves: tuple[Move, ...]


def percentile_among(scores: Matrix, asked: Matrix) -> NDArray[np.float64]:
    """Percent of ``scores`` (n,) that lie below each of ``asked`` (m,), (m,) float64."""
    below = np.searchsorted(np.sort(scores), asked, side="left")
    found: NDArray[np.float64] = 100 * below / max(len(scores), 1)
    return found


def compare_results(before: SearchResult, after: SearchResult) -> SearchComparison:
    """How two rankings of the same passages differ.

    Raises:
        InputError: They are not over the same number of passages, or not equally long.
    """
    if len(before.ranks) != len(after.ranks) or len(before.hits) != len(after.hits):
        raise InputError(
            f"A ranking of {len(before.ranks):,} passages ({len(before.hits)} shown) was compared "
            f"with one of {len(after.ranks):,} ({len(after.hits)} shown). Search the same index "
            "with the same k."
        )
    first, second = ({hit.row for hit in result.hits} for result in (before, after))
    k = len(before.hits)
    moves = sorted(
        (Move(row, int(before.ranks[row]), int(after.ranks[row])) for row in first | second),
        key=lambda move: move.after,
    )
    return SearchComparison(before, after, k, len(first & second) / k if k else 1.0, tuple(moves))
