"""Search the corpus of a task for each of its queries, in bounded memory, and score the ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, check_cancel
from workbench.maths.metrics import Ranks
from workbench.maths.ranking import Standing, rank_block
from workbench.maths.vectors import Matrix

RANK_CELLS = 4_194_304
"""Cosines held at once, 16 MB as float32. With what finding the top takes, a block needs about
64 MB; the whole matrix of n queries and m documents would need 4·n·m bytes and is never made."""
TOP = 100
"""Documents kept for each query."""


@dataclass(frozen=True)
class Wanted:
    """What is known about one query.

    Attributes:
        right: Grade of each right document by its place in the corpus; one at least.
        left_out: Places of documents that count neither for nor against.
    """

    right: Mapping[int, float]
    left_out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Ranked:
    """Where the right documents of n queries stand.

    Attributes:
        standings: One a query.
        ranks: (n, r) int64, see ``workbench.maths.metrics``.
        grades: (n, r) float64, grades of the same documents.
    """

    standings: tuple[Standing, ...]
    ranks: Ranks
    grades: NDArray[np.float64]

    @property
    def auc(self) -> NDArray[np.float64]:
        """(n,) the chance that a right document scores above a wrong one."""
        return np.array([standing.auc for standing in self.standings])


def rank_corpus(
    queries: Matrix,
    corpus: Matrix,
    wanted: Sequence[Wanted],
    *,
    k: int = TOP,
    cells: int = RANK_CELLS,
    cancel: CancelSignal | None = None,
) -> Ranked:
    """Rank all documents for each query, a block of queries at a time.

    Of each query its k best documents are kept, and the exact rank of every right one however far
    down: a count of the documents that score as high or higher. See ``Standing`` about ties.

    Args:
        queries: (n, dim) float32, unit rows.
        corpus: (m, dim) float32, unit rows.
        wanted: What is right, one a query.
        k: Documents to keep of each query.
        cells: Cosines held at once; a block has one query at least, so m cosines.
        cancel: Looked at between blocks.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    step = max(1, cells // max(len(corpus), 1))
    standings: list[Standing] = []
    for first in range(0, len(queries), step):
        check_cancel(cancel, done=first, total=len(queries), unit="queries")
        some = wanted[first : first + step]
        standings += rank_block(
            queries[first : first + step],
            corpus,
            [np.fromiter(known.right, np.int64) for known in some],
            [np.fromiter(known.right.values(), np.float64) for known in some],
            [np.fromiter(known.left_out, np.int64) for known in some],
            k=k,
        )
    return _collect(standings, wanted)


def _collect(standings: list[Standing], wanted: Sequence[Wanted]) -> Ranked:
    width = max(len(standing.ranks) for standing in standings)
    ranks = np.zeros((len(standings), width), dtype=np.int64)
    grades = np.zeros((len(standings), width))
    for row, (standing, known) in enumerate(zip(standings, wanted, strict=True)):
        ranks[row, : len(standing.ranks)] = standing.ranks
        grades[row, : len(standing.right)] = [known.right[d] for d in standing.right.tolist()]
    return Ranked(tuple(standings), ranks, grades)
