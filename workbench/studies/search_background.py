"""Cosines of unrelated queries and passages, where the two have prefixes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import KINDS, CancelSignal, Embedder, Kind, Prompt
from workbench.errors import InputError
from workbench.maths.similarity import similarity
from workbench.maths.vectors import Matrix
from workbench.studies.background import Background, measure_background


def measure_search_background(
    embedder: Embedder,
    texts: Sequence[str],
    kinds: Sequence[Kind],
    topics: Sequence[str],
    *,
    query: Prompt,
    document: Prompt,
    cancel: CancelSignal | None = None,
) -> Background:
    """Embed texts of known topics as queries and as passages; keep cosines of different topics.

    An instruction before the query alone shifts all its cosines, so that they can only be held
    against others made in the same way. Where both prefixes are the same it is
    ``measure_background``.

    Args:
        embedder: What is asked about.
        texts: n texts; a few hundred are plenty. Takes 4·n² bytes.
        kinds: Their kinds.
        topics: Their topics; two texts are unrelated where these differ.
        query: The prefix of queries; the result's ``prompt``.
        document: The prefix of passages.
        cancel: As in ``Embedder.embed``.

    Raises:
        InputError: The lengths differ.
        Cancelled: ``cancel`` was set.
    """
    if query.prefix == document.prefix:
        return measure_background(embedder, texts, kinds, topics, prompt=query, cancel=cancel)
    if not len(texts) == len(kinds) == len(topics):
        raise InputError(
            f"{len(texts):,} texts came with {len(kinds):,} kinds and {len(topics):,} topics; one "
            "of each is needed for every text."
        )
    left = embedder.embed(list(texts), prompt=query, cancel=cancel)
    right = embedder.embed(list(texts), prompt=document, cancel=cancel)
    scores = similarity(left.vectors, right.vectors)  # (n, dim) twice -> (n, n)
    names, kinds = np.asarray(list(topics), dtype=str), list(kinds)
    unrelated = names[:, None] != names[None, :]  # (n, n)
    return Background(
        cosines=MappingProxyType(_by_kinds(scores, unrelated, kinds)),
        prompt=left.prompt,
        info=left.info,
        n_texts=len(texts),
    )


def _by_kinds(
    scores: Matrix, unrelated: NDArray[np.bool_], kinds: Sequence[Kind]
) -> dict[tuple[Kind, Kind], Matrix]:
    """Ascending cosines for each pair of kinds, whichever of the two was the query."""
    members = {kind: np.flatnonzero([k == kind for k in kinds]) for kind in KINDS if kind in kinds}
    order = list(members)
    cosines: dict[tuple[Kind, Kind], Matrix] = {}
    for at, a in enumerate(order):
        for b in order[at:]:
            ways = {(a, b), (b, a)}
            parts = [
                scores[np.ix_(members[x], members[y])][unrelated[np.ix_(members[x], members[y])]]
                for x, y in ways
            ]
            cosines[a, b] = np.sort(np.concatenate(parts))
    return cosines
