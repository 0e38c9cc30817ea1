"""Vectors that were computed once are looked up the next time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    Embedder,
    EmbedderInfo,
    Embeddings,
    FailedText,
    PartialError,
    Progress,
    ProgressFn,
    Prompt,
    check_cancel,
)
from workbench.embedders.arrays import check_texts
from workbench.errors import InputError

DEFAULT_BYTES = 512 * 2**20
_ROW_OVERHEAD = 400  # key, record and array header of one row, measured roughly


@dataclass(frozen=True)
class _Row:
    vector: NDArray[np.float32]  # (dim,)
    tokens: int
    truncated: bool
    unknown: float

    def size(self, key: str) -> int:
        return self.vector.nbytes + len(key.encode()) + _ROW_OVERHEAD


class CachedEmbedder:
    """Any Embedder with a memory of what it has embedded, least recently used first out.

    A row is known by the exact string that was embedded, prefix and text together. ``unknown`` is
    a share of the text's own tokens, so the same string split differently into prefix and text
    keeps the share of the first time. Several threads may share one: a call waits for the call
    before it.

    Args:
        embedder: Who computes what is not known yet.
        max_bytes: Room for vectors and their strings.
    """

    def __init__(self, embedder: Embedder, *, max_bytes: int = DEFAULT_BYTES) -> None:
        if max_bytes < 0:
            raise InputError(f"max_bytes={max_bytes!r} was asked. Allowed: 0 or more.")
        self._embedder = embedder
        self._max_bytes = max_bytes
        self._rows: OrderedDict[str, _Row] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"CachedEmbedder({self._embedder!r}, {len(self._rows):,} texts known)"

    @property
    def info(self) -> EmbedderInfo:
        """What the embedder inside is."""
        return self._embedder.info

    @property
    def inside(self) -> Embedder:
        """Who computes what is not known yet."""
        return self._embedder

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        """The exact prefix; see the embedder inside.

        Raises:
            PromptError: The model has no such prompt.
        """
        return self._embedder.resolve_prompt(prompt)

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        """Embed texts, computing only the strings that are not known yet, in one call.

        Raises:
            PartialError: Some texts have no vector. Those that came are remembered, so that the
                same call again asks only for the rest.
            WorkbenchError: As the embedder inside; nothing of that call is remembered then.
        """
        while not self._lock.acquire(timeout=0.1):
            check_cancel(cancel, done=0, total=len(texts))
        try:
            return self._embed(texts, prompt, progress, cancel)
        finally:
            self._lock.release()

    def _embed(
        self,
        texts: Sequence[str],
        prompt: str | Prompt | None,
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
    ) -> Embeddings:
        started = time.perf_counter()
        listed = check_texts(texts)
        resolved = self.resolve_prompt(prompt)
        strings = [resolved.apply(text) for text in listed]
        known = np.array([string in self._rows for string in strings], np.bool_)  # (n,)
        missing = {strings[row]: listed[row] for row in np.flatnonzero(~known)}
        hits = int(known.sum())

        def report(step: Progress) -> None:
            if progress is not None:
                done = len(listed) if step.done == step.total else hits + step.done
                progress(Progress("embed", done, len(listed), step.message))

        rows = {string: self._rows[string] for string in strings if string in self._rows}
        partial: PartialError | None = None
        try:
            # an embed call checks what the embedder can check, even where every row is known
            unseen = list(missing.values())
            fresh = self._embedder.embed(unseen, prompt=resolved, progress=report, cancel=cancel)
            rows |= _split_rows(list(missing), fresh)
        except PartialError as exc:
            partial, fresh = exc, exc.made
            rows |= _split_rows([list(missing)[row] for row in exc.rows], fresh)
        self._remember(rows)
        came = np.flatnonzero([string in rows for string in strings])  # (m,)
        made = replace(
            _join_rows([rows[strings[row]] for row in came], fresh),
            seconds=time.perf_counter() - started,
            cached=known[came],
        )
        if partial is None:
            return made
        raise self._widen(partial, list(missing), strings, listed, made, came) from partial

    def _widen(
        self,
        partial: PartialError,
        asked: list[str],
        strings: list[str],
        texts: list[str],
        made: Embeddings,
        came: NDArray[np.int64],
    ) -> PartialError:
        """What the embedder inside said of the missing strings, said of the texts of this call."""
        errors = {asked[text.row]: text.error for text in partial.failed}
        failed = [
            FailedText(row, texts[row], errors[string])
            for row, string in enumerate(strings)
            if string in errors
        ]
        return PartialError(
            made,
            came,
            failed=failed,
            total=len(texts),
            cause=partial.cause,
            resume=lambda progress, cancel: self.embed(
                texts, prompt=made.prompt, progress=progress, cancel=cancel
            ),
        )

    def unload(self) -> None:
        """Forget all rows and unload the embedder inside."""
        with self._lock:
            self._rows.clear()
            self._bytes = 0
            self._embedder.unload()

    def _remember(self, rows: dict[str, _Row]) -> None:
        for string, row in rows.items():
            if string not in self._rows:
                self._bytes += row.size(string)
                self._rows[string] = row
            self._rows.move_to_end(string)
        while self._bytes > self._max_bytes:
            string, row = self._rows.popitem(last=False)
            self._bytes -= row.size(string)


def _split_rows(strings: list[str], fresh: Embeddings) -> dict[str, _Row]:
    """Rows that own their memory: a view would keep the whole call's matrix alive."""
    return {
        string: _Row(
            fresh.vectors[place].copy(),
            int(fresh.tokens[place]),
            bool(fresh.truncated[place]),
            float(fresh.unknown[place]),
        )
        for place, string in enumerate(strings)
    }


def _join_rows(rows: list[_Row], fresh: Embeddings) -> Embeddings:
    """Embeddings of rows, old and new; ``fresh`` says of which embedder and prompt."""
    return replace(
        fresh,
        vectors=_stack([row.vector for row in rows], fresh.info.dim),
        tokens=np.array([row.tokens for row in rows], np.int64),
        truncated=np.array([row.truncated for row in rows], np.bool_),
        unknown=np.array([row.unknown for row in rows], np.float32),
    )


def _stack(vectors: list[NDArray[np.float32]], dim: int) -> NDArray[np.float32]:
    return np.stack(vectors) if vectors else np.zeros((0, dim), np.float32)
