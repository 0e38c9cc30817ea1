"""What an embedder is evaluated on: texts, and what is known to be right about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

TaskKind: TypeAlias = Literal[
    "sts", "pairs", "retrieval", "bitext", "code", "clustering", "reranking"
]


@dataclass(frozen=True)
class Source:
    """Where a task comes from, so that a manifest can find it again.

    Attributes:
        name: What a person calls it: "sts-zh", a file's or a folder's name, "pasted".
        reader: The function of ``workbench.texts`` that reads it again, "" where nothing can.
        path: The file or folder; None for what was pasted or made in code.
        options: What the reader was told besides, as text.
        sha256: Hash of the task's own content, whatever file it came from.
        note: How the answers were made, a sentence: whose judgement a score is.
    """

    name: str
    reader: str = ""
    path: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    sha256: str = ""
    note: str = ""


@dataclass(frozen=True)
class ScoredPairs:
    """Semantic textual similarity: n pairs with a score each, on any scale.

    Attributes:
        a: n texts.
        b: n texts.
        scores: n scores, higher for more alike.
    """

    kind: ClassVar[TaskKind] = "sts"
    name: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    scores: tuple[float, ...]
    source: Source


@dataclass(frozen=True)
class LabelledPairs:
    """Pair classification: n pairs that mean the same, or do not."""

    kind: ClassVar[TaskKind] = "pairs"
    name: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    labels: tuple[bool, ...]
    source: Source


@dataclass(frozen=True)
class Retrieval:
    """Queries over a corpus, with the documents that answer each.

    Attributes:
        queries: Text by id, in the order of the file.
        corpus: Text by id; a title, where there is one, stands before the text and a space.
        relevant: By query id, the grade of each document id that answers it, above 0.
        groups: By query id, a word to break the scores down by ("zh", "en", "mixed"); may be empty.
        instruction: What the model is told that a query asks for; None: no instruction of the task.
    """

    kind: ClassVar[TaskKind] = "retrieval"
    name: str
    queries: Mapping[str, str]
    corpus: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, str]
    instruction: str | None
    source: Source


@dataclass(frozen=True)
class Bitext:
    """n translations: ``a[i]`` belongs to ``b[i]``, searched both ways."""

    kind: ClassVar[TaskKind] = "bitext"
    name: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class CodeFunction:
    """A function with what a person would search for it.

    Attributes:
        id: Unique within its task.
        language: Of the code.
        group: What it does; functions of one group do the same.
        code: Its source.
        descriptions: Description by language ("zh", "en").
    """

    id: str
    language: str
    group: str
    code: str
    descriptions: Mapping[str, str]


@dataclass(frozen=True)
class CodeSearch:
    """Code search: description to function, and function to the others of its group."""

    kind: ClassVar[TaskKind] = "code"
    name: str
    functions: tuple[CodeFunction, ...]
    source: Source


@dataclass(frozen=True)
class Clustering:
    """n texts with the group each belongs to."""

    kind: ClassVar[TaskKind] = "clustering"
    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Reranking:
    """n queries, each with candidates that answer it and candidates that do not."""

    kind: ClassVar[TaskKind] = "reranking"
    name: str
    queries: tuple[str, ...]
    positives: tuple[tuple[str, ...], ...]
    negatives: tuple[tuple[str, ...], ...]
    instruction: str | None
    source: Source


Task: TypeAlias = (
    ScoredPairs | LabelledPairs | Retrieval | Bitext | CodeSearch | Clustering | Reranking
)
