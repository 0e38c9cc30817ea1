"""The raw difference of cosines between right and wrong pairs, and why it is no score.

"Right pairs reach 0.81, wrong ones 0.43: a discrimination of 0.38" says little of a model: models
spread their cosines differently. One whose unrelated texts lie between 0.7 and 0.9 may order
everything rightly with a difference of 0.05, and one that spreads them from −0.1 to 0.6 may err
with 0.2. Ranks, and the AUC made of them, do not depend on the spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Score
from workbench.maths.intervals import Counts
from workbench.maths.vectors import Matrix
from workbench.studies.evaluation.ranking import RANK_CELLS, Wanted
from workbench.studies.evaluation.scoring import Drawing

DELTA = "cosine delta"
IN_SPREADS = "cosine delta in spreads"
_RAW = (
    "mean cosine of right pairs less mean cosine of wrong pairs of the same code language; not to "
    "be compared between models: each spreads its cosines over a range of its own. Compare 'auc', "
    "which goes by ranks"
)
_SPREAD = (
    "the delta over the standard deviation of the wrong pairs' cosines: nearer to comparable than "
    "the raw delta, but it supposes that spreads have one shape; 'auc' supposes nothing"
)


@dataclass(frozen=True)
class _Sums:
    """Of each query: mean cosine of right less of wrong, and moments of the wrong ones; (q,)."""

    delta: NDArray[np.float64]
    count: NDArray[np.float64]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def mean(self, counts: Counts) -> NDArray[np.float64]:
        """(b,) mean delta of the queries drawn."""
        mean: NDArray[np.float64] = counts @ self.delta / counts.sum(axis=1)
        return mean

    def in_spreads(self, counts: Counts) -> NDArray[np.float64]:
        """(b,) mean delta over the standard deviation of all their wrong cosines."""
        pairs = counts @ self.count
        centre = counts @ self.total / pairs
        spread = np.sqrt(np.maximum(counts @ self.squares / pairs - centre**2, 0))
        ratio: NDArray[np.float64] = np.divide(
            self.mean(counts), spread, out=np.full(len(spread), np.nan), where=spread > 1e-9
        )
        return ratio


def measure_deltas(
    queries: Matrix,
    corpus: Matrix,
    wanted: Sequence[Wanted],
    languages: NDArray[np.str_],
    drawing: Drawing,
) -> list[Score]:
    """The raw delta, and the delta in units of the spread of unrelated pairs, with their notes.

    A wrong pair is a query with a function that is neither right nor left out, written in a
    language of one of the right ones. Queries that have no wrong pair are left out.

    Returns:
        Two scores; none where no query has a wrong pair.
    """
    rows = [
        _sum_row(scores, known, languages)
        for scores, known in zip(_rows(queries, corpus), wanted, strict=True)
    ]
    told = [at for at, row in enumerate(rows) if row is not None]
    if not told:
        return []
    kept = np.array([rows[at] for at in told], dtype=np.float64)  # (q, 4)
    if drawing.blocks is not None:
        drawing = drawing.in_blocks(drawing.blocks[told])
    sums = _Sums(*kept.T)
    raw = drawing.score(DELTA, sums.mean, len(kept))
    made = [replace(raw, note=_RAW)]
    if np.isfinite(sums.in_spreads(np.ones((1, len(kept))))).all():
        spread = drawing.score(IN_SPREADS, sums.in_spreads, len(kept))
        made.append(replace(spread, note=_SPREAD))
    return made


def _rows(queries: Matrix, corpus: Matrix) -> Iterator[NDArray[np.float64]]:
    """The cosines of one query after the other, (m,), computed a block at a time."""
    step = max(1, RANK_CELLS // len(corpus))
    for first in range(0, len(queries), step):
        block = queries[first : first + step] @ corpus.T  # (b, dim) x (dim, m) -> (b, m)
        for row in block:
            yield row.astype(np.float64)


def _sum_row(
    scores: NDArray[np.float64], known: Wanted, languages: NDArray[np.str_]
) -> tuple[float, float, float, float] | None:
    right = np.fromiter(known.right, np.int64)
    wrong = np.isin(languages, languages[right])
    wrong[right] = False
    wrong[np.fromiter(known.left_out, np.int64)] = False
    if not wrong.any():
        return None
    others = scores[wrong]
    delta = scores[right].mean() - others.mean()
    return float(delta), float(len(others)), float(others.sum()), float((others**2).sum())
