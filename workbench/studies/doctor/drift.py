"""How far two vectors of one text may lie apart before arithmetic no longer explains it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer
from workbench.studies.doctor.bands import load_bands

BANDS = load_bands()
SAME = math.sqrt(BANDS.same.largest * BANDS.half.smallest)
"""Largest 1 - cosine that is put down to float32's rounding: midway, in powers of ten, between the
largest measured there and the smallest of half precision."""
HALF = math.sqrt(max(BANDS.half.largest, BANDS.reported_half) * BANDS.wrong)
"""Largest 1 - cosine that is put down to half precision where no weights are at hand to measure it
on: midway between the largest that is known of it and the nearest wrong recipe."""
APART = 2 * HALF
"""Beyond this two answers are not drift; each of them may be off by ``HALF``."""


def distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 - cosine of each row of ``a`` with the same row of ``b``; 0 exactly where they are equal.

    Args:
        a: (n, dim).
        b: (n, dim), or (1, dim) to hold each row against one.

    Returns:
        (n,) float64; 2 for other widths and for rows of zeros, which have no direction.
    """
    if a.shape[1:] != b.shape[1:]:
        return np.full(len(a), 2.0)
    left, right = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)  # (n,)
    dots = np.einsum("ij,ij->i", left, np.broadcast_to(right, left.shape))  # (n,)
    found = np.where(lengths > 0, 1 - dots / np.where(lengths > 0, lengths, 1), 2.0)
    return np.where((left == right).all(axis=1) & (lengths > 0), 0.0, np.clip(found, 0, 2))


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """1 - cosine of two vectors; 2 where they cannot be compared."""
    return float(distances(a.reshape(1, -1), b.reshape(1, -1))[0])


def name_drift(largest: float) -> str:
    """What kind of arithmetic a distance speaks of, with the number."""
    if largest == 0:
        return "bitwise equal"
    if largest <= SAME:
        return f"the same up to rounding in float32 (largest 1 - cosine {largest:.1e})"
    return (
        f"the same up to what half precision gives (smallest cosine {1 - largest:.5f}, largest "
        f"1 - cosine {largest:.1e})"
    )


def name_text(text: str, width: int = 32) -> str:
    """A text as evidence names it."""
    return repr(text if len(text) <= width else f"{text[: width - 1]}…")


def name_answer(answer: Answer) -> str:
    """What became of a request without vectors, in a few words."""
    if answer.outcome == "vectors":
        kinds = sorted(set(answer.faults.values()))
        return f"vectors, {len(answer.faults)} of them unusable ({', '.join(kinds)})"
    status = "" if answer.status is None else f"HTTP {answer.status}, "
    return f"{status}{answer.kind or answer.outcome}: {answer.words}"
