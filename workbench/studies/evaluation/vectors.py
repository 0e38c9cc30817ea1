"""Texts to vectors for the tasks of one embedder, each exact string embedded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    Embedder,
    EmbedderInfo,
    Embeddings,
    Progress,
    Prompt,
)
from workbench.errors import Cancelled, ModelError
from workbench.maths.vectors import Matrix, normalize_rows
from workbench.studies.evaluation.meter import Meter

CHUNK = 2_048
"""Texts of one ``embed`` call: what is lost where a call fails, besides the task."""
KEPT_BYTES = 256 * 2**20
"""Vectors kept for the embedder's further tasks; later ones are computed anew."""


class KnownVectors:
    """Vectors by the exact string that was embedded, for all tasks of one embedder."""

    def __init__(self, *, max_bytes: int = KEPT_BYTES) -> None:
        self._rows: dict[str, tuple[Matrix, int, bool]] = {}
        self._room = max_bytes

    def find(self, string: str) -> tuple[Matrix, int, bool] | None:
        """Vector (dim,), tokens and whether it was cut; None where it is not known."""
        return self._rows.get(string)

    def keep(self, strings: Sequence[str], made: Embeddings) -> None:
        """Remember rows while there is room."""
        if self._room < made.vectors.nbytes:
            return
        self._room -= made.vectors.nbytes
        vectors = made.vectors.copy()  # what the embedder does with its own array is its affair
        for row, string in enumerate(strings):
            self._rows[string] = (vectors[row], int(made.tokens[row]), bool(made.truncated[row]))


class TaskVectors:
    """The vectors of one task, and what became of its texts.

    Args:
        embedder: Who computes.
        prompts: Prompt by role ("query", "document" or "text").
        known: Vectors of the embedder's tasks before.
        meter: Told of progress; its signal is looked at by the embedder, and between chunks.

    Attributes:
        texts: Different strings embedded so far, those known before included.
        tokens: Their tokens; -1 where the backend cannot tell.
        truncated: Those that were cut.
        shared: Those that an earlier task had embedded.
        zero: Those with a vector of zeros: their cosines count as 0.
    """

    def __init__(
        self,
        embedder: Embedder,
        prompts: Mapping[str, Prompt],
        known: KnownVectors,
        meter: Meter,
    ) -> None:
        self.prompts = prompts
        self.cancel = meter.cancel
        self.texts = self.tokens = self.truncated = self.shared = self.zero = 0
        self._embedder = embedder
        self._known = known
        self._meter = meter
        self._done = 0
        self._counted: set[str] = set()

    def unit(self, role: str, texts: Sequence[str]) -> Matrix:
        """Unit vectors of n texts in order, (n, dim) float32; see ``raw``."""
        return self._gather(role, texts, normalize_rows)

    def raw(self, role: str, texts: Sequence[str]) -> Matrix:
        """Vectors of n texts in order, as long as the embedder made them, (n, dim) float32.

        Raises:
            ModelError: A vector is not finite, or there are more or fewer vectors than texts.
            PartialError: The server refused a text, or went away.
            Cancelled: The signal was set.
        """
        return self._gather(role, texts, lambda vectors: vectors)

    def notes(self) -> tuple[str, ...]:
        """What became of the texts, where a reader should know."""
        notes = []
        if self.truncated:
            notes.append(f"{self.truncated:,} of {self.texts:,} texts were cut: too long")
        if self.zero:
            notes.append(f"{self.zero:,} texts have the zero vector: their cosines count as 0")
        if self.shared:
            notes.append(
                f"{self.shared:,} of {self.texts:,} texts were embedded for an earlier task: the "
                "seconds are without them"
            )
        return tuple(notes)

    def _gather(
        self, role: str, texts: Sequence[str], finish: Callable[[Matrix], Matrix]
    ) -> Matrix:
        prompt = self.prompts[role]
        place = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        different = list(place)
        vectors = np.empty((len(different), self._embedder.info.dim), dtype=np.float32)
        for first in range(0, len(different), CHUNK):
            self._meter.check(self._done)
            chunk = different[first : first + CHUNK]
            vectors[first : first + len(chunk)] = finish(self._embed_chunk(chunk, prompt))
            self._done += len(chunk)
        if len(different) == len(texts):
            return vectors
        return vectors[[place[text] for text in texts]]

    def _embed_chunk(self, texts: list[str], prompt: Prompt) -> Matrix:
        strings = [prompt.apply(text) for text in texts]
        found = [self._known.find(string) for string in strings]
        missing = [row for row, known in enumerate(found) if known is None]
        vectors = np.empty((len(texts), self._embedder.info.dim), dtype=np.float32)
        tokens = np.empty(len(texts), dtype=np.int64)
        cut = np.zeros(len(texts), dtype=bool)
        for row, known in enumerate(found):
            if known is not None:
                vectors[row], tokens[row], cut[row] = known
        if missing:
            made = self._embed([texts[row] for row in missing], prompt, len(texts) - len(missing))
            vectors[missing], tokens[missing], cut[missing] = (
                made.vectors,
                made.tokens,
                made.truncated,
            )
            self._known.keep([strings[row] for row in missing], made)
        self._meter.tell(self._done + len(texts))
        new = [row for row, string in enumerate(strings) if string not in self._counted]
        shared = len(set(new) - set(missing))
        self._count(vectors[new], tokens[new], cut[new], shared)
        self._counted.update(strings)
        return vectors

    def _embed(self, texts: list[str], prompt: Prompt, before: int) -> Embeddings:
        def report(progress: Progress) -> None:
            self._meter.tell(self._done + before + progress.done, progress.message)

        try:
            made = self._embedder.embed(texts, prompt=prompt, progress=report, cancel=self.cancel)
        except Cancelled:
            self._meter.check(self._done + before)  # with the counts of the whole evaluation
            raise
        check_rows(made, texts, self._embedder.info)
        return made

    def _count(
        self, vectors: Matrix, tokens: NDArray[np.int64], cut: NDArray[np.bool_], shared: int
    ) -> None:
        self.texts += len(vectors)
        self.truncated += int(cut.sum())
        self.shared += shared
        self.zero += int((~vectors.any(axis=1)).sum())
        unknown = self.tokens < 0 or (tokens < 0).any()
        self.tokens = -1 if unknown else self.tokens + int(tokens.sum())


def check_rows(made: Embeddings, texts: Sequence[str], info: EmbedderInfo) -> None:
    """Refuse vectors that no score can be computed from.

    Raises:
        ModelError: Not one vector a text, or one that is not finite; the message has the text.
    """
    if made.vectors.shape != (len(texts), info.dim):
        raise ModelError(
            f"{info.name!r} was asked for {len(texts):,} vectors {info.dim} wide and returned an "
            f"array of shape {made.vectors.shape!r}; one row a text is needed."
        )
    broken = np.flatnonzero(~np.isfinite(made.vectors).all(axis=1))
    if len(broken):
        row = int(broken[0])
        value = made.vectors[row][~np.isfinite(made.vectors[row])][0]
        raise ModelError(
            f"{info.name!r} returned {float(value)!r} in the vector of {texts[row][:80]!r} "
            f"({len(broken):,} of {len(texts):,} vectors hold NaN or infinity), so no cosine of it "
            "exists. Look at the number type the model computes in; float32 is the safe one."
        )
