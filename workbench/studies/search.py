"""The retrieval step of RAG: passages embedded once, then queries, with and without instruction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    Embedder,
    Embeddings,
    PartialError,
    Progress,
    ProgressFn,
    Prompt,
    check_cancel,
)
from workbench.errors import Cancelled, InputError
from workbench.maths.similarity import GRID
from workbench.maths.vectors import Matrix, normalize_rows
from workbench.studies.evaluation.prompting import DOCUMENT_NAMES, QUERY_NAMES
from workbench.studies.found import (
    Hit,
    SearchComparison,
    SearchResult,
    compare_results,
    percentile_among,
)

CHUNK = 512
"""Passages of one ``embed`` call: what is lost where a call fails or is cancelled."""


class SearchIndex:
    """Passages and their vectors under one prompt; made by ``build``.

    Attributes:
        embedder: Who embeds.
        passages: n texts, those that a server refused left out.
        ids: Their ids.
        prompt: The exact prefix that every passage had.
        vectors: (n, dim) float32 of unit length.
        truncated: (n,) bool, whether a passage was cut.
        refused: Id and reason of each passage that has no vector.
    """

    def __init__(
        self,
        embedder: Embedder,
        passages: tuple[str, ...],
        ids: tuple[str, ...],
        *,
        prompt: Prompt,
        vectors: Matrix,
        truncated: NDArray[np.bool_],
        refused: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.embedder = embedder
        self.passages = passages
        self.ids = ids
        self.prompt = prompt
        self.vectors = vectors
        self.truncated = truncated
        self.refused = refused

    def __len__(self) -> int:
        return len(self.passages)

    @classmethod
    def build(
        cls,
        embedder: Embedder,
        passages: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> SearchIndex:
        """Embed passages, ``CHUNK`` at a time.

        Args:
            embedder: Who computes.
            passages: n texts.
            ids: One each, all different; None: their numbers from 1.
            prompt: What stands before every passage, as in ``Embedder.embed``; None: the model's
                own for documents, where it has one, else what it puts before every text.
            progress: Told of passages done.
            cancel: Looked at between chunks, and by the embedder.

        Raises:
            InputError: No passage, an empty one, or ids that are not one each and different.
            PartialError: No passage of a chunk came through, or the server went away.
            Cancelled: ``cancel`` was set.
        """
        texts = _check_passages(passages)
        names = _check_ids(ids, len(texts))
        exact = document_prompt(embedder) if prompt is None else embedder.resolve_prompt(prompt)
        parts: list[Embeddings] = []
        rows: list[int] = []
        refused: list[tuple[str, str]] = []
        for first in range(0, len(texts), CHUNK):
            check_cancel(cancel, done=first, total=len(texts), unit="passages")
            made, came, lost = _embed_chunk(
                embedder, texts, first, exact, progress=progress, cancel=cancel
            )
            parts.append(made)
            rows += came
            refused += [(names[row], why) for row, why in lost]
        return cls(
            embedder,
            tuple(texts[row] for row in rows),
            tuple(names[row] for row in rows),
            prompt=exact,
            vectors=normalize_rows(np.concatenate([part.vectors for part in parts])),
            truncated=np.concatenate([part.truncated for part in parts]),
            refused=tuple(refused),
        )

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        prompt: str | Prompt | None = None,
        cancel: CancelSignal | None = None,
    ) -> SearchResult:
        """The k passages with the highest cosine to a query; exact.

        Args:
            query: Taken to the letter.
            k: At least 1; where it is above n, all n are returned.
            prompt: What stands before the query, as in ``Embedder.embed``; None: the model's own
                for queries, where it has one, else what it puts before every text.
            cancel: Looked at by the embedder.

        Raises:
            InputError: An empty query, or a k below 1.
            Cancelled: ``cancel`` was set.
        """
        if not isinstance(query, str) or not query.strip():
            raise InputError(f"The query is {query!r}. Type what to look for.")
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise InputError(f"k={k!r} passages were asked for; allowed is a whole number from 1.")
        exact = query_prompt(self.embedder) if prompt is None else prompt
        made = self.embedder.embed([query], prompt=exact, cancel=cancel)
        vector = normalize_rows(made.vectors)[0]  # (1, dim) -> (dim,)
        scores = np.rint(self.vectors @ vector * GRID) / GRID  # (n, dim) x (dim,) -> (n,)
        scores = np.clip(scores, -1, 1).astype(np.float32, copy=False)
        order = np.argsort(-scores, kind="stable")  # (n,)
        ranks = np.empty(len(order), dtype=np.int64)
        ranks[order] = np.arange(1, len(order) + 1)
        percentiles = percentile_among(scores, scores[order[:k]])
        hits = tuple(
            Hit(at, row, self.ids[row], self.passages[row], float(scores[row]), float(standing))
            for at, (row, standing) in enumerate(
                zip(order[:k].tolist(), percentiles.tolist(), strict=True), start=1
            )
        )
        return SearchResult(
            query, made.prompt, hits, scores, ranks, vector, bool(made.truncated[0])
        )

    def compare(
        self,
        query: str,
        *,
        k: int = 10,
        prompt: str | Prompt | None = None,
        cancel: CancelSignal | None = None,
    ) -> SearchComparison:
        """One query without any prefix and with ``prompt``; see ``search``."""
        before = self.search(query, k=k, prompt="", cancel=cancel)
        return compare_results(before, self.search(query, k=k, prompt=prompt, cancel=cancel))


def document_prompt(embedder: Embedder) -> Prompt:
    """The prefix that a model's authors put before passages; else what it puts before all texts."""
    return _named_prompt(embedder, DOCUMENT_NAMES)


def query_prompt(embedder: Embedder) -> Prompt:
    """The prefix that a model's authors put before queries; else what it puts before all texts."""
    return _named_prompt(embedder, QUERY_NAMES)


def _named_prompt(embedder: Embedder, names: tuple[str, ...]) -> Prompt:
    name = next((name for name in names if name in embedder.info.prompts), None)
    return embedder.resolve_prompt(name)


def _check_passages(passages: Sequence[str]) -> tuple[str, ...]:
    if isinstance(passages, str):
        raise InputError(
            f"passages is one string, {passages[:40]!r}. Pass a list of strings, a passage each."
        )
    texts = tuple(passages)
    if not texts:
        raise InputError("There is nothing to search: no passage was given. Pass one at least.")
    for at, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise InputError(
                f"passages[{at}] is {text!r}; every passage must be a text that is not empty. "
                "Leave it out."
            )
    return texts


def _check_ids(ids: Sequence[str] | None, n: int) -> tuple[str, ...]:
    if ids is None:
        return tuple(str(number) for number in range(1, n + 1))
    names = tuple(ids)
    if len(names) != n:
        raise InputError(f"{n:,} passages came with {len(names):,} ids; one each is needed.")
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise InputError(f"ids[{at}] is {name!r}, which is there before. Ids must differ.")
        seen.add(name)
    return names


def _embed_chunk(
    embedder: Embedder,
    texts: tuple[str, ...],
    first: int,
    prompt: Prompt,
    *,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> tuple[Embeddings, list[int], list[tuple[int, str]]]:
    """Embeddings of a chunk, the rows that came, and row and reason of those refused."""
    chunk = texts[first : first + CHUNK]

    def report(step: Progress) -> None:
        if progress is not None:
            progress(Progress("embed", first + step.done, len(texts), step.message))

    try:
        made = embedder.embed(chunk, prompt=prompt, progress=report, cancel=cancel)
    except Cancelled as exc:
        raise Cancelled(first + exc.done, len(texts), "passages") from exc
    except PartialError as partial:
        if partial.cause is not None or not len(partial.rows):
            raise
        lost = [(first + one.row, str(one.error)) for one in partial.failed]
        return partial.made, (partial.rows + first).tolist(), lost
    return made, list(range(first, first + len(chunk))), []
