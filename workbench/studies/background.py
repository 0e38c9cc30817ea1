"""What a cosine means here: where it stands among cosines of unrelated texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.contracts import (
    KINDS,
    CancelSignal,
    Embedder,
    EmbedderInfo,
    Kind,
    ProgressFn,
    Prompt,
)
from workbench.errors import InputError
from workbench.maths.similarity import similarity
from workbench.maths.vectors import Matrix

FEWEST_PAIRS = 30
"""Below this many unrelated pairs a percentile is not given: 1 of 30 is already 3 points."""


@dataclass(frozen=True)
class Percentile:
    """Where a cosine stands among unrelated pairs.

    Attributes:
        cosine: The cosine asked about.
        value: Percent of the unrelated pairs that lie below it; None where there are fewer than
            ``FEWEST_PAIRS``.
        n_pairs: Unrelated pairs of these kinds.
        kinds: The kinds of the two texts, in the order of ``KINDS``.
    """

    cosine: float
    value: float | None
    n_pairs: int
    kinds: tuple[Kind, Kind]

    def __str__(self) -> str:
        pair = "–".join(self.kinds)
        if self.value is None:
            return f"cannot tell: only {self.n_pairs:,} unrelated {pair} pairs"
        if self.value == 100:
            return f"above all {self.n_pairs:,} unrelated {pair} pairs"
        # rounded down: 99.9 % is not yet all of them
        return f"above {math.floor(self.value)} % of {self.n_pairs:,} unrelated {pair} pairs"


@dataclass(frozen=True)
class Background:
    """Cosines of unrelated texts under one embedder and one prompt.

    Attributes:
        cosines: For each pair of kinds, in the order of ``KINDS``, the cosines ascending,
            (pairs,) float32.
        prompt: The prefix all texts had; cosines of other prefixes stand elsewhere.
        info: The embedder.
        n_texts: Texts measured.
    """

    cosines: Mapping[tuple[Kind, Kind], Matrix]
    prompt: Prompt
    info: EmbedderInfo
    n_texts: int

    def percentile(self, cosine: float, kind_a: Kind, kind_b: Kind) -> Percentile:
        """Where ``cosine`` of a text of ``kind_a`` with one of ``kind_b`` stands."""
        pair = _pair(kind_a, kind_b)
        known = self.cosines.get(pair, _NOTHING)
        if len(known) < FEWEST_PAIRS:
            return Percentile(float(cosine), None, len(known), pair)
        below = int(np.searchsorted(known, np.float32(cosine), side="left"))
        return Percentile(float(cosine), 100 * below / len(known), len(known), pair)

    def percentiles(
        self, scores: ArrayLike, kinds_a: Sequence[Kind], kinds_b: Sequence[Kind]
    ) -> Matrix:
        """Percentiles of m cosines at once.

        Returns:
            (m,) float32, percent; NaN where there are too few pairs to tell.

        Raises:
            InputError: The lengths differ.
        """
        values = np.asarray(scores, dtype=np.float32)
        if values.shape != (len(kinds_a),) or len(kinds_a) != len(kinds_b):
            raise InputError(
                f"scores of shape {values.shape!r} came with {len(kinds_a):,} and "
                f"{len(kinds_b):,} kinds; one of each is needed for every score."
            )
        pairs = [_pair(a, b) for a, b in zip(kinds_a, kinds_b, strict=True)]
        standing = np.full(len(values), np.nan, dtype=np.float32)
        for pair in set(pairs):
            known = self.cosines.get(pair, _NOTHING)
            if len(known) >= FEWEST_PAIRS:
                here = np.flatnonzero([p == pair for p in pairs])
                below = np.searchsorted(known, values[here], side="left")
                standing[here] = 100 * below / len(known)
        return standing


_NOTHING: Matrix = np.empty(0, dtype=np.float32)


def measure_background(
    embedder: Embedder,
    texts: Sequence[str],
    kinds: Sequence[Kind],
    topics: Sequence[str],
    *,
    prompt: str | Prompt | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Background:
    """Embed texts of known topics and keep the cosines of all pairs with different topics.

    Args:
        embedder: What is asked about.
        texts: n texts. Takes 8·n² bytes: a few hundred are plenty, a few thousand the limit.
        kinds: Their kinds.
        topics: Their topics; two texts are unrelated where these differ.
        prompt: As in ``Embedder.embed``.
        progress: As in ``Embedder.embed``.
        cancel: As in ``Embedder.embed``.

    Raises:
        InputError: The lengths differ.
        Cancelled: ``cancel`` was set.
    """
    if not len(texts) == len(kinds) == len(topics):
        raise InputError(
            f"{len(texts):,} texts came with {len(kinds):,} kinds and {len(topics):,} topics; one "
            "of each is needed for every text."
        )
    texts, kinds, topics = list(texts), list(kinds), list(topics)  # a Series finds by its index
    made = embedder.embed(texts, prompt=prompt, progress=progress, cancel=cancel)
    return Background(
        cosines=MappingProxyType(_unrelated(made.vectors, kinds, topics)),
        prompt=made.prompt,
        info=made.info,
        n_texts=len(texts),
    )


def _unrelated(
    vectors: Matrix, kinds: Sequence[Kind], topics: Sequence[str]
) -> dict[tuple[Kind, Kind], Matrix]:
    scores = similarity(vectors)  # (n, n)
    _, topic = np.unique(np.asarray(topics, dtype=str), return_inverse=True)  # (n,)
    members: dict[Kind, NDArray[np.int64]] = {
        kind: np.flatnonzero([k == kind for k in kinds]) for kind in KINDS if kind in kinds
    }
    cosines: dict[tuple[Kind, Kind], Matrix] = {}
    for a, b in combinations_with_replacement(members, 2):
        rows, columns = members[a], members[b]
        unrelated = topic[rows, None] != topic[None, columns]  # (n_a, n_b)
        if a == b:
            unrelated = np.triu(unrelated, 1)  # each pair once
        cosines[a, b] = np.sort(scores[np.ix_(rows, columns)][unrelated])
    return cosines


def _pair(kind_a: Kind, kind_b: Kind) -> tuple[Kind, Kind]:
    first, second = sorted((kind_a, kind_b), key=KINDS.index)
    return first, second
