"""The tasks an evaluation panel offers: the built-in ones, and the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from workbench.contracts import (
    Bitext,
    Clustering,
    CodeSearch,
    LabelledPairs,
    Reranking,
    Retrieval,
    ScoredPairs,
    Task,
    TaskKind,
)
from workbench.errors import InputError
from workbench.panels.wire import Payload


@dataclass(frozen=True)
class KindWords:
    """How a kind of task is called, and in what form it comes.

    Attributes:
        label: In a list.
        where: What a path leads to.
        paste: The form of a line, and on the lines after it an example; "": it is not pasted.
    """

    label: str
    where: str
    paste: str = ""


KINDS: Mapping[TaskKind, KindWords] = MappingProxyType(
    {
        "sts": KindWords(
            "scored pairs (STS)",
            "a .tsv or .csv file",
            "score ⇥ text ⇥ text, a pair a line\n4.5\t苹果\tapple\n0.5\t苹果\tscrewdriver",
        ),
        "pairs": KindWords(
            "labelled pairs",
            "a .tsv or .csv file",
            "1 or 0 ⇥ text ⇥ text, a pair a line\n1\t苹果\tapple\n0\t苹果\tscrewdriver",
        ),
        "bitext": KindWords(
            "translations",
            "a .tsv, .csv or .jsonl file",
            "text ⇥ its translation, a pair a line\n苹果\tapple",
        ),
        "clustering": KindWords(
            "groups",
            "a .tsv or .csv file",
            "group ⇥ text, a text a line\nfruit\t苹果\ntool\t螺丝刀",
        ),
        "retrieval": KindWords("queries over passages", "a BEIR folder: corpus.jsonl, qrels/…"),
        "code": KindWords("code search", "a .jsonl file"),
        "reranking": KindWords("reranking", "a .jsonl file"),
    }
)


class TaskReader(Protocol):
    """Reads tasks; a module may be one."""

    def builtin_tasks(self) -> Sequence[Task]:
        """The project's own ones."""
        ...

    def parse_task(self, text: str, *, kind: TaskKind, name: str) -> Task:
        """A task from what was pasted.

        Raises:
            InputError: It cannot be read; the message names lines.
        """
        ...

    def read_task(self, path: str, *, kind: TaskKind) -> Task:
        """A task from a file or folder.

        Raises:
            InputError: It cannot be read; the message names lines.
        """
        ...


class TaskShelf:
    """Tasks by their names, in the order to offer them.

    Args:
        builtin: The first ones, which stay.
    """

    def __init__(self, builtin: Sequence[Task]) -> None:
        self._tasks: dict[str, Task] = {task.name: task for task in builtin}
        self.builtin = frozenset(self._tasks)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """All of them by name."""
        return MappingProxyType(self._tasks)

    def choose(self, names: Sequence[str]) -> list[Task]:
        """The tasks of these names.

        Raises:
            InputError: One that is not there.
        """
        for name in names:
            if name not in self._tasks:
                known = ", ".join(map(repr, self._tasks))
                raise InputError(f"No task is called {name!r}. There are: {known}.")
        return [self._tasks[name] for name in names]

    def add(self, task: Task, *, name: str = "") -> Task:
        """Offer one more, under a name or its own; a number follows where that is taken."""
        wanted = name or task.name
        name, number = wanted, 1
        while name in self._tasks:
            number += 1
            name = f"{wanted} {number}"
        named = replace(task, name=name)
        self._tasks[name] = named
        return named

    def remove(self, name: str) -> None:
        """Offer it no more; a built-in one stays.

        Raises:
            InputError: A built-in one, or one that is not there.
        """
        self.choose([name])
        if name in self.builtin:
            raise InputError(f"The task {name!r} is built in and stays. Take its tick away.")
        del self._tasks[name]

    def describe(self, task: Task) -> str:
        """What was read, in a sentence."""
        return " ".join(filter(None, (f"{task.name}: {size_words(task)}.", task.source.note)))

    def payload(self) -> list[Payload]:
        """What the list shows."""
        return [
            {
                "name": task.name,
                "kind": KINDS[task.kind].label,
                "size": size_words(task),
                "note": task.source.note,
                "own": task.name not in self.builtin,
            }
            for task in self._tasks.values()
        ]


def kinds_payload() -> list[Payload]:
    """What the choice of a kind shows."""
    return [
        {"kind": kind, "label": words.label, "where": words.where, "paste": words.paste}
        for kind, words in KINDS.items()
    ]


def size_words(task: Task) -> str:
    """How large it is: "160 pairs", "60 queries over 400 passages"."""
    match task:
        case ScoredPairs() | LabelledPairs() | Bitext():
            return f"{len(task.a):,} pairs"
        case Retrieval():
            return f"{len(task.queries):,} queries over {len(task.corpus):,} passages"
        case CodeSearch():
            return f"{len(task.functions):,} functions"
        case Clustering():
            return f"{len(task.texts):,} texts in {len(set(task.labels)):,} groups"
        case Reranking():
            return f"{len(task.queries):,} queries"


def item_texts(task: Task) -> dict[str, str]:
    """A text for each item by its id, as ``TaskResult.items`` names them."""
    match task:
        case Retrieval():
            return dict(task.queries)
        case CodeSearch():
            return {
                function.id: " · ".join(function.descriptions.values()) or function.code
                for function in task.functions
            }
        case Reranking():
            return _numbered(task.queries)
        case ScoredPairs() | LabelledPairs() | Bitext():
            return _numbered([f"{a}\n{b}" for a, b in zip(task.a, task.b, strict=True)])
        case Clustering():
            return _numbered(task.texts)


def _numbered(texts: Sequence[str]) -> dict[str, str]:
    return {str(place): text for place, text in enumerate(texts, 1)}
