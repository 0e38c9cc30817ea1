"""Which sentences of a passage are nearest to a query: the model's similarity, no explanation.

A passage has one vector, made of all its tokens together; what its sentences score when they are
embedded alone need not add up to the passage's own score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.contracts import CancelSignal, Embedder, Prompt
from workbench.maths.similarity import similarity
from workbench.maths.vectors import Matrix
from workbench.texts.sentences import split_sentences

MOST_SENTENCES = 48
"""Sentences scored of one passage: those after them are counted, not scored."""


@dataclass(frozen=True)
class Sentence:
    """A piece of a passage, ``text[begin:end]``, and the cosine it has alone with the query."""

    begin: int
    end: int
    cosine: float


@dataclass(frozen=True)
class Highlight:
    """The sentences of one passage.

    Attributes:
        sentences: In the order of the text.
        best: Places in ``sentences`` of the nearest, best first: one, or two of six and more.
        unscored: Sentences after the first ``MOST_SENTENCES``.
    """

    sentences: tuple[Sentence, ...]
    best: tuple[int, ...]
    unscored: int = 0


def highlight(
    embedder: Embedder,
    query: Matrix,
    passages: Sequence[str],
    *,
    prompt: str | Prompt | None = None,
    cancel: CancelSignal | None = None,
) -> tuple[Highlight, ...]:
    """Score the sentences of passages against a query, all in one ``embed`` call.

    Args:
        embedder: Who embedded query and passages.
        query: (dim,) the query's vector, ``SearchResult.vector``.
        passages: n texts.
        prompt: What passages are embedded with, ``SearchIndex.prompt``.
        cancel: Looked at by the embedder.

    Returns:
        One each. A passage of one sentence has none to point at: ``best`` is empty.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    spans = [split_sentences(text) for text in passages]
    scored = [(text, found[:MOST_SENTENCES]) for text, found in zip(passages, spans, strict=True)]
    pieces = [text[begin:end] for text, found in scored if len(found) > 1 for begin, end in found]
    cosines: Matrix = np.empty(0, dtype=np.float32)
    if pieces:
        different = list(dict.fromkeys(pieces))
        made = embedder.embed(different, prompt=prompt, cancel=cancel)
        found_cosines = similarity(query[None, :], made.vectors)[0]  # (1, dim), (m, dim) -> (m,)
        place = {piece: at for at, piece in enumerate(different)}
        cosines = found_cosines[[place[piece] for piece in pieces]]
    highlights, at = [], 0
    for (_, kept), whole in zip(scored, spans, strict=True):
        if len(kept) < 2:
            alone = tuple(Sentence(begin, end, float("nan")) for begin, end in kept)
            highlights.append(Highlight(alone, ()))
            continue
        values = cosines[at : at + len(kept)].tolist()
        at += len(kept)
        sentences = tuple(
            Sentence(begin, end, value) for (begin, end), value in zip(kept, values, strict=True)
        )
        most = 2 if len(kept) >= 6 else 1
        best = sorted(range(len(values)), key=lambda i: -values[i])[:most]
        highlights.append(Highlight(sentences, tuple(best), len(whole) - len(kept)))
    return tuple(highlights)
