"""What a vocabulary does not know: unknown tokens, and different texts with one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workbench.contracts import KINDS, Kind
from workbench.errors import InputError
from workbench.maths.similarity import row_blocks
from workbench.maths.vectors import as_matrix, normalize_rows

SAME = 1 - 1e-6
"""Cosine from which two vectors count as one: float32 rounding of unit vectors stays above it."""


@dataclass(frozen=True)
class KindCoverage:
    """How much of the texts of one kind the vocabulary lacks.

    Attributes:
        kind: Kind of text.
        n: Texts of that kind.
        n_known: Those of them the backend could tell about.
        mean: Mean share of unknown tokens among these, 0 to 1; None where there are none.
        worst: Indices of the texts with unknown tokens, most unknown first, at most 5.
    """

    kind: Kind
    n: int
    n_known: int
    mean: float | None
    worst: tuple[int, ...]


def unknown_by_kind(unknown: ArrayLike, kinds: Sequence[Kind]) -> tuple[KindCoverage, ...]:
    """Shares of unknown tokens by kind of text, for the kinds present.

    Args:
        unknown: (n,), ``Embeddings.unknown``: NaN where the backend cannot tell.
        kinds: n kinds.

    Raises:
        InputError: The lengths differ.
    """
    shares = np.asarray(unknown, dtype=np.float64)
    if shares.shape != (len(kinds),):
        raise InputError(f"{len(kinds):,} kinds were given for shares of shape {shares.shape!r}.")
    found = []
    for kind in KINDS:
        members = np.flatnonzero([k == kind for k in kinds])
        if not len(members):
            continue
        told = members[~np.isnan(shares[members])]
        ranked = told[np.argsort(-shares[told], kind="stable")]
        worst = tuple(ranked[shares[ranked] > 0][:5].tolist())
        mean = float(shares[told].mean()) if len(told) else None
        found.append(KindCoverage(kind, len(members), len(told), mean, worst))
    return tuple(found)


def same_vectors(vectors: ArrayLike, texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Groups of different texts that the embedder cannot tell apart.

    A vocabulary without Chinese turns 猫 and 狗 into the same unknown token: their vectors are
    one. Texts that are equal to the letter make no group by themselves. All-zero vectors count
    as one vector.

    Args:
        vectors: (n, dim).
        texts: n texts.

    Returns:
        Groups of indices, ascending, each with at least two different texts; compared with the
        first of the group, cosine ``SAME`` or more.

    Raises:
        InputError: The lengths differ.
    """
    unit = normalize_rows(as_matrix(vectors))
    if len(unit) != len(texts):
        raise InputError(f"{len(texts):,} texts were given for {len(unit):,} vectors.")
    leader = np.arange(len(unit))  # the first row with the same vector
    for rows in row_blocks(len(unit), len(unit)):
        same = unit[rows] @ unit[: rows.stop].T >= SAME  # (b, rows.stop)
        own = np.arange(rows.start, rows.stop)
        same[own - rows.start, own] = True
        leader[rows] = same.argmax(axis=1)
    zero = np.flatnonzero(~unit.any(axis=1))
    leader[zero] = zero[:1]
    while not np.array_equal(leader, leader[leader]):
        leader = leader[leader]
    groups: dict[int, list[int]] = {}
    for index, first in enumerate(leader.tolist()):
        groups.setdefault(first, []).append(index)
    return tuple(
        tuple(group) for group in groups.values() if len({texts[index] for index in group}) > 1
    )
