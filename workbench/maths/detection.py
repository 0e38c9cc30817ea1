"""Telling right from wrong by a score: average precision, best thresholds, AUC.

``weights`` are (b, n) counts of ``intervals.draw_items``, one value a row; None is one row of
ones. Items of equal score are accepted or refused together, as scikit-learn does.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError
from workbench.maths.intervals import Counts

Aim: TypeAlias = Literal["accuracy", "f1"]
_Cuts: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def average_precision(
    labels: ArrayLike, scores: ArrayLike, weights: Counts | None = None
) -> NDArray[np.float64]:
    """Mean precision over the steps of recall, (b,) float64; NaN where nothing right was drawn.

    Equal to scikit-learn's ``average_precision_score`` (no interpolation).

    Raises:
        InputError: The lengths differ, or a score is not finite.
    """
    hits, misses, _ = _cuts(labels, scores, weights)
    accepted = hits + misses
    precision = np.divide(hits, accepted, out=np.zeros_like(hits), where=accepted > 0)
    steps = np.diff(hits, axis=1, prepend=0.0)
    return _share((steps * precision).sum(axis=1), hits[:, -1])


def auc(labels: ArrayLike, scores: ArrayLike, weights: Counts | None = None) -> NDArray[np.float64]:
    """The chance that a right item scores above a wrong one, equal scores counting half.

    Returns:
        (b,) float64, 0 to 1; NaN where a draw has no right or no wrong item.
    """
    hits, misses, _ = _cuts(labels, scores, weights)
    right = np.diff(hits, axis=1, prepend=0.0)
    wrong = np.diff(misses, axis=1, prepend=0.0)
    won = (wrong * (hits - right / 2)).sum(axis=1)
    return _share(won, hits[:, -1] * misses[:, -1])


def best_score(
    labels: ArrayLike, scores: ArrayLike, weights: Counts | None = None, *, aim: Aim
) -> NDArray[np.float64]:
    """Accuracy or F1 at the threshold that is best for the same items, (b,) float64.

    Optimistic by its making: each draw looks for its own threshold and is measured on itself.
    """
    hits, misses, _ = _cuts(labels, scores, weights)
    best: NDArray[np.float64] = _reached(hits, misses, aim).max(axis=1)
    return best


def best_threshold(labels: ArrayLike, scores: ArrayLike, *, aim: Aim) -> float:
    """The score from which to say "right" for the best accuracy or F1.

    Halfway between the last score accepted and the next one below; where nothing should be
    accepted, just above the highest.
    """
    hits, misses, cuts = _cuts(labels, scores, None)
    best = int(_reached(hits, misses, aim)[0].argmax())  # the strictest of equals
    if best == 0:
        return float(np.nextafter(cuts[0], np.inf))
    if best == len(cuts):
        return float(cuts[-1])
    return float((cuts[best - 1] + cuts[best]) / 2)


def _reached(
    hits: NDArray[np.float64], misses: NDArray[np.float64], aim: Aim
) -> NDArray[np.float64]:
    """(b, 1 + cuts) accuracy or F1: accepting nothing, then down to each cut."""
    hits, misses = (np.pad(counts, ((0, 0), (1, 0))) for counts in (hits, misses))
    right, wrong = hits[:, -1:], misses[:, -1:]
    if aim == "accuracy":
        return (hits + wrong - misses) / (right + wrong)
    below = hits + misses + right
    return np.divide(2 * hits, below, out=np.zeros_like(hits), where=below > 0)


def _cuts(labels: ArrayLike, scores: ArrayLike, weights: Counts | None) -> _Cuts:
    """Right and wrong items accepted down to each different score, (b, cuts), and the scores."""
    right = np.asarray(labels, dtype=bool)
    values = np.asarray(scores, dtype=np.float64)
    if right.shape != values.shape or right.ndim != 1 or not len(right):
        raise InputError(
            f"Labels of shape {right.shape!r} came with scores of shape {values.shape!r}; one of "
            "each is needed for every item."
        )
    if not np.isfinite(values).all():
        place = int(np.argmin(np.isfinite(values)))
        raise InputError(f"scores[{place}] is {float(values[place])!r}; all must be finite.")
    counts = np.ones((1, len(right))) if weights is None else weights
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn = counts[:, order]  # (b, n), best score first
    hits = np.add.reduceat(drawn * right[order], starts, axis=1)  # (b, cuts)
    misses = np.add.reduceat(drawn * ~right[order], starts, axis=1)
    return np.cumsum(hits, axis=1), np.cumsum(misses, axis=1), ordered[starts]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.divide(
        part, whole, out=np.full(len(part), np.nan), where=whole > 0
    )
    return share
