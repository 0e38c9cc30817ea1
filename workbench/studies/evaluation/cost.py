"""What vectors cost: time and memory of several embedders, measured in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from workbench.contracts import (
    CancelSignal,
    Cost,
    Embedder,
    Embeddings,
    PartialError,
    Progress,
    ProgressFn,
    check_cancel,
)
from workbench.errors import Cancelled, InputError, WorkbenchError
from workbench.studies.evaluation.memory import larger, sample_process

WatchFn: TypeAlias = Callable[[str | None], Callable[[], int | None]]
"""Given a device, begins to watch its memory; what it returns says the most bytes held since."""

MOST_TEXTS = 256


@dataclass
class _Measured:
    """One embedder while it is measured."""

    embedder: Embedder
    batches: list[float] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    tokens: int = -1
    cpu: int | None = None
    gpu: int | None = None
    looked_up: bool = False
    failure: WorkbenchError | None = None

    def embed(
        self, texts: Sequence[str], watch: WatchFn | None, cancel: CancelSignal | None
    ) -> tuple[float, Embeddings]:
        """Wall time in seconds and the vectors; keeps the most memory held meanwhile."""
        peak = watch(self.embedder.info.device) if watch else None
        with sample_process() as process:
            started = time.perf_counter()
            made = self.embedder.embed(texts, cancel=cancel)
            seconds = time.perf_counter() - started
        self.cpu = larger(self.cpu, process.most)
        self.gpu = larger(self.gpu, peak() if peak else None)
        self.looked_up |= bool(made.cached.any())
        return seconds, made


def measure_costs(
    embedders: Mapping[str, Embedder],
    texts: Sequence[str],
    *,
    memory: WatchFn | None = None,
    rounds: int = 5,
    singles: int = 20,
    most: int = MOST_TEXTS,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> dict[str, Cost]:
    """Time embedders in turn (A B A B), after a warm-up: all texts at once, then one by one.

    A cache before an embedder is passed by: what has an attribute ``inside`` is a cache, and that
    is measured. Each embedder puts its default prompt before the texts. A text that one of them
    refuses is left out for all; an embedder that fails keeps what was measured before, with a note.

    Args:
        embedders: By label.
        texts: What to choose from, evenly over the whole.
        memory: Watches the GPU; None: it is not watched.
        rounds: How many times all texts are embedded at once.
        singles: How many texts are embedded one by one.
        most: How many texts are chosen.
        progress: Told of stage "embed", counting calls.
        cancel: Looked at by the embedders and between calls.

    Raises:
        InputError: ``rounds``, ``singles`` or ``most`` is below 1.
        Cancelled: ``cancel`` was set.
    """
    for name, value in (("rounds", rounds), ("singles", singles), ("most", most)):
        if value < 1:
            raise InputError(f"{name}={value!r} was asked for; allowed is 1 or more.")
    if not embedders or not texts:
        return {}
    held = {label: _Measured(_past_cache(one)) for label, one in embedders.items()}
    run = _Run(held, memory, (1 + rounds + singles) * len(held), progress, cancel)
    chosen, refused = run.warm_up(_spread(texts, most))
    if chosen:
        for number in range(rounds):
            run.batch(chosen, f"round {number + 1} of {rounds}")
        alone = _spread(chosen, singles)
        for at in range(singles):
            run.single(alone[at % len(alone)], f"single text {at + 1} of {singles}")
    return {label: _sum_up(one, len(chosen), refused, len(held)) for label, one in held.items()}


class _Run:
    """The calls, in turn."""

    def __init__(
        self,
        held: Mapping[str, _Measured],
        watch: WatchFn | None,
        total: int,
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
    ) -> None:
        self._held, self._watch, self._total = held, watch, total
        self._progress, self._cancel = progress, cancel
        self._done = 0

    def warm_up(self, texts: Sequence[str]) -> tuple[list[str], int]:
        """The texts that nobody refuses, and how many were left out."""
        refused: set[int] = set()
        for one in self._turns("warm-up"):
            try:
                one.embedder.embed(texts, cancel=self._cancel)
                one.embedder.embed(texts[:1], cancel=self._cancel)
            except PartialError as exc:
                if exc.cause is not None:
                    one.failure = exc
                refused |= {text.row for text in exc.failed}
            except Cancelled:
                raise
            except WorkbenchError as exc:
                one.failure = exc
        kept = [text for row, text in enumerate(texts) if row not in refused]
        return kept, len(refused)

    def batch(self, texts: Sequence[str], words: str) -> None:
        """All texts at once, each embedder in turn."""
        for one, seconds, made in self._measure(texts, words):
            one.batches.append(seconds)
            one.tokens = int(made.tokens.sum()) if (made.tokens >= 0).all() else -1

    def single(self, text: str, words: str) -> None:
        """One text, each embedder in turn."""
        for one, seconds, _ in self._measure([text], words):
            one.singles.append(seconds)

    def _measure(
        self, texts: Sequence[str], words: str
    ) -> Iterator[tuple[_Measured, float, Embeddings]]:
        for one in self._turns(words):
            try:
                seconds, made = one.embed(texts, self._watch, self._cancel)
            except Cancelled:
                raise
            except WorkbenchError as exc:
                one.failure = exc
            else:
                yield one, seconds, made

    def _turns(self, words: str) -> Iterator[_Measured]:
        for label, one in self._held.items():
            check_cancel(self._cancel, done=self._done, total=self._total, unit="timings")
            self._tell(f"timing {label}: {words}")
            if one.failure is None:
                yield one
            self._done += 1
        self._tell("")

    def _tell(self, message: str) -> None:
        if self._progress is not None:
            self._progress(Progress("embed", self._done, self._total, message))


def _past_cache(embedder: Embedder) -> Embedder:
    inside = getattr(embedder, "inside", None)
    return embedder if inside is None else _past_cache(inside)


def _spread(texts: Sequence[str], most: int) -> list[str]:
    """At most so many texts, evenly over the whole: neighbours are often of one kind."""
    if len(texts) <= most:
        return list(texts)
    return [texts[at * len(texts) // most] for at in range(most)]


def _sum_up(one: _Measured, texts: int, refused: int, held: int) -> Cost:
    info = one.embedder.info
    elsewhere = info.base_url is not None
    weights = getattr(getattr(one.embedder, "memory", None), "weights_bytes", None)
    return Cost(
        texts=texts,
        tokens=one.tokens,
        batch_seconds=np.array(one.batches, np.float64),
        single_seconds=np.array(one.singles, np.float64),
        peak_cpu_bytes=None if elsewhere else one.cpu,
        peak_gpu_bytes=None if elsewhere else one.gpu,
        weights_bytes=0 if info.backend == "lexical" else weights,
        vector_bytes=info.dim * np.dtype(np.float32).itemsize,
        notes=tuple(_notes(one, refused, held)),
    )


def _notes(one: _Measured, refused: int, held: int) -> Iterator[str]:
    yield "timed after a warm-up, with the default prompt"
    if one.embedder.info.base_url is not None:
        yield (
            f"{one.embedder.info.base_url} computes: times hold the way there and back, its memory "
            "is not known here, and it may have remembered the texts from the round before"
        )
    elif held > 1:
        yield f"memory is the whole process's, with {held} embedders open"
    if one.looked_up:
        yield "some vectors were looked up and not computed"
    if refused:
        yield f"{refused:,} texts that an embedder refused were left out for all"
    if one.failure is not None:
        yield f"timing stopped early: {one.failure}"
