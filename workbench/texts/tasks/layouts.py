"""Which column of a table is what: by name where it has a header, by their number where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Form:
    """Columns in a known order, without a header.

    Attributes:
        at_least: Fewest columns of a row.
        at_most: Most columns of a row; None: any number.
        places: Of each role, from 0.
        says: The order, as messages show it.
    """

    at_least: int
    at_most: int | None
    places: tuple[int, ...]
    says: str

    def takes(self, width: int) -> bool:
        """Whether a row of so many columns is of this form."""
        return self.at_least <= width <= (self.at_most or width)


@dataclass(frozen=True)
class Layout:
    """What a kind of task needs from a table.

    Attributes:
        roles: Names of what is needed, in order.
        texts: Which of them are texts.
        known: Names of columns by which a header is known, a tuple of one a role; the first match
            counts. Compared without regard to case.
        forms: What rows without a header may be.
    """

    roles: tuple[str, ...]
    texts: tuple[int, ...]
    known: tuple[tuple[str, ...], ...]
    forms: tuple[Form, ...]

    def match(self, names: Sequence[str]) -> tuple[int, ...] | None:
        """Places of the roles in a header; None: it is none that is known."""
        folded = [fold(name) for name in names]
        for wanted in self.known:
            if all(folded.count(name) == 1 for name in wanted):
                return tuple(folded.index(name) for name in wanted)
        return None


def fold(name: str) -> str:
    """A column's name as names are compared."""
    return name.strip().casefold()


_PAIRS = (
    ("a", "b"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),  # SICK
    ("text1", "text2"),
    ("s1", "s2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("#1 string", "#2 string"),  # the Microsoft paraphrase corpus
    ("句子1", "句子2"),
    ("文本1", "文本2"),
)
_SCORES = ("score", "relatedness_score", "similarity_score", "similarity", "gold", "分数", "相似度")
_LABELS = ("label", "labels", "is_duplicate", "quality", "same", "标签")
_GROUPS = ("label", "topic", "group", "cluster", "category", "标签", "主题", "类别")
_TEXTS = ("text", "sentence", "content", "title", "文本", "句子", "内容")
_LANGUAGES = (
    *_PAIRS,
    ("zh", "en"),
    ("chinese", "english"),
    ("中文", "英文"),
    ("source", "target"),
    ("src", "tgt"),
)


def _with_pairs(firsts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((first, a, b) for first, (a, b) in product(firsts, _PAIRS))


SCORED = Layout(
    roles=("score", "a", "b"),
    texts=(1, 2),
    known=_with_pairs(_SCORES),
    forms=(
        Form(3, 3, (0, 1, 2), "3 (score, a, b)"),
        Form(7, None, (4, 5, 6), "7 or more (genre, file, year, id, score, a, b: STSBenchmark)"),
    ),
)
INPUT = Layout(  # the texts of SemEval's STS tasks, whose scores are in a file apart
    roles=("a", "b"),
    texts=(0, 1),
    known=_PAIRS,
    forms=(
        Form(2, 2, (0, 1), "2 (a, b)"),
        Form(4, 4, (0, 1), "4 (a, b and where they come from: STS 2016)"),
    ),
)
LABELLED = Layout(
    roles=("label", "a", "b"),
    texts=(1, 2),
    known=_with_pairs(_LABELS),
    forms=(Form(3, 3, (0, 1, 2), "3 (label, a, b)"),),
)
TRANSLATED = Layout(
    roles=("a", "b"),
    texts=(0, 1),
    known=_LANGUAGES,
    forms=(Form(2, 2, (0, 1), "2 (a text, its translation)"),),
)
GROUPED = Layout(
    roles=("text", "label"),
    texts=(0,),
    known=tuple((text, group) for group, text in product(_GROUPS, _TEXTS) if text != group),
    forms=(Form(2, 2, (1, 0), "2 (group, text)"),),
)
SPLITS = ("split", "semeval_set", "subset")
"""Columns that say which part of a set a row belongs to."""
