"""Small tasks, and embedders whose vectors and faults a test chooses."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tests.studies.toys import make_info
from workbench.contracts import (
    Bitext,
    CancelSignal,
    Clustering,
    CodeFunction,
    CodeSearch,
    EmbedderInfo,
    Embeddings,
    LabelledPairs,
    Progress,
    ProgressFn,
    Prompt,
    Reranking,
    Retrieval,
    ScoredPairs,
    Source,
    Task,
    check_cancel,
    resolve_prompt,
)

SOURCE = Source("made for a test")
EN = (
    "a cat sleeps on the sofa",
    "the dog barks at night",
    "rain falls on the city",
    "the program is compiled",
    "stock prices rose today",
    "the king is very old",
    "children play football",
    "the bread smells fresh",
    "she reads a long novel",
    "the train arrives late",
)
SAME = (
    "a kitten is asleep on the couch",
    "a hound makes noise after dark",
    "it is raining in town",
    "the source code gets built",
    "shares went up this day",
    "the monarch is aged",
    "kids have a soccer match",
    "newly baked loaf",
    "a thick book is in her hands",
    "the railway is delayed",
)
N = len(EN)


def sts(name: str = "sts") -> ScoredPairs:
    """Paraphrases, related and unrelated pairs."""
    a, b = EN * 2, (*SAME, *SAME[1:], SAME[0])
    scores = (5, 4.5, 4, 4.5, 5, 4, 5, 3.5, 4, 3.5, *(0.5, 1, 0, 0, 0.5, 1, 1, 0, 1, 0.5))
    return ScoredPairs(name, a, b, tuple(map(float, scores)), SOURCE)


def pairs(name: str = "pairs") -> LabelledPairs:
    labels = (True,) * N + (False,) * N
    return LabelledPairs(name, EN * 2, (*SAME, *SAME[1:], SAME[0]), labels, SOURCE)


def retrieval(name: str = "retrieval", *, instruction: str | None = None) -> Retrieval:
    """Each query has its paraphrase to find and, less, the text next to it."""
    corpus = {f"d{at}": text for at, text in enumerate((*SAME, *EN[5:]))}
    return Retrieval(
        name,
        {f"q{at}": text for at, text in enumerate(EN[:5])},
        corpus,
        {f"q{at}": {f"d{at}": 2.0, f"d{at + 1}": 1.0} for at in range(5)},
        {f"q{at}": ("animals" if at < 2 else "things") for at in range(5)},
        instruction,
        SOURCE,
    )


def bitext(name: str = "bitext") -> Bitext:
    return Bitext(name, EN, SAME, SOURCE)


def clustering(name: str = "clustering") -> Clustering:
    labels = ("animal", "animal", "other", "other", "other") * 2
    return Clustering(name, EN, labels, SOURCE)


def reranking(name: str = "reranking") -> Reranking:
    others = tuple((*SAME[:at], *SAME[at + 2 :]) for at in range(5))
    right = tuple(SAME[at : at + 2] for at in range(5))
    return Reranking(name, EN[:5], right, others, None, SOURCE)


def code(name: str = "code") -> CodeSearch:
    """Four jobs, each in two languages, described in two languages."""
    jobs = {"sort": "排序", "sum": "求和", "reverse": "反转", "count": "计数"}
    functions = [
        CodeFunction(
            id=f"{job}-{language}",
            language=language,
            group=job,
            code=f"{word} {job}_items(items)",
            descriptions={"en": f"{job} the items", "zh": f"{chinese}列表"},
        )
        for job, chinese in jobs.items()
        for language, word in (("python", "def"), ("go", "func"))
    ]
    return CodeSearch(name, tuple(functions), SOURCE)


def all_kinds() -> tuple[Task, ...]:
    return sts(), pairs(), retrieval(), bitext(), clustering(), reranking(), code()


class NoiseEmbedder:
    """A vector of noise for each exact string, the same each time; records what it was asked.

    Attributes:
        asked: The strings of every call, prompts included.
        before: Called with the texts before they are embedded: to fail, or to set a signal.
        table: Vectors of some strings; the others are noise.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        dim: int = 8,
        info: EmbedderInfo | None = None,
        before: Callable[[Sequence[str]], None] | None = None,
        table: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self.info = info or replace(make_info(f"noise {seed}", dim), prompts={})
        self.asked: list[list[str]] = []
        self.before = before
        self.table = table or {}
        self._seed = seed

    def resolve_prompt(self, prompt: str | Prompt | None = None) -> Prompt:
        return resolve_prompt(
            prompt, prompts=self.info.prompts, template=self.info.instruction_template
        )

    def embed(
        self,
        texts: Sequence[str],
        *,
        prompt: str | Prompt | None = None,
        progress: ProgressFn | None = None,
        cancel: CancelSignal | None = None,
    ) -> Embeddings:
        resolved = self.resolve_prompt(prompt)
        strings = [resolved.apply(text) for text in texts]
        self.asked.append(strings)
        if self.before is not None:
            self.before(texts)
        check_cancel(cancel, done=0, total=len(texts))
        rows = [self.table.get(string) or self._noise(string) for string in strings]
        if progress is not None:
            progress(Progress("embed", len(texts), len(texts)))
        return Embeddings(
            vectors=np.array(rows, np.float32).reshape(len(texts), self.info.dim),
            tokens=np.array([len(string) for string in strings], np.int64),
            truncated=np.array([len(string) > 1_000 for string in strings], bool),
            unknown=np.zeros(len(texts), np.float32),
            prompt=resolved,
            info=self.info,
            seconds=0.0,
            cached=np.zeros(len(texts), bool),
        )

    def unload(self) -> None:
        pass

    def _noise(self, string: str) -> list[float]:
        generator = np.random.default_rng([self._seed, zlib.crc32(string.encode())])
        noise: list[float] = generator.normal(size=self.info.dim).tolist()
        return noise
