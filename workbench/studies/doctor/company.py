"""Texts that were asked for alone and in company, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer
from workbench.studies.doctor.drift import APART, SAME, distance

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """One text in one request.

    Attributes:
        place: Its place in the request.
        text: The text.
        vector: (dim,) that came for it.
        off: 1 - cosine to what the text had alone.
    """

    place: int
    text: str
    vector: Vector
    off: float

    @property
    def is_off(self) -> bool:
        """Whether no arithmetic explains the difference."""
        return self.off > APART


@dataclass(frozen=True)
class Company:
    """One request, or a crowd of them.

    Attributes:
        name: What it is, for a person.
        rows: In the order of its texts; rows that came as no vector are left out.
    """

    name: str
    rows: tuple[Row, ...]

    @property
    def off(self) -> tuple[Row, ...]:
        """The rows that arithmetic does not explain."""
        return tuple(row for row in self.rows if row.is_off)

    @property
    def largest(self) -> float:
        """Largest distance of a row to its text's own vector; 0 without rows."""
        return max((row.off for row in self.rows), default=0.0)


def find_own(answers: Iterable[Answer]) -> dict[str, Vector]:
    """The vector of each text that was asked for alone; the first where it was asked for twice."""
    own: dict[str, Vector] = {}
    for answer in answers:
        if answer.whole is not None and len(answer.ask.texts) == 1:
            own.setdefault(answer.ask.texts[0], answer.whole[0])
    return own


def has_one_vector(own: Mapping[str, Vector]) -> bool:
    """Whether all texts have the same vector: then nothing can be told from which one came."""
    vectors = list(own.values())
    return len(vectors) > 1 and all(distance(one, vectors[0]) <= SAME for one in vectors)


def gather(name: str, answers: Sequence[Answer], own: Mapping[str, Vector]) -> Company:
    """The rows of one request, or of several, whose texts were asked for alone as well."""
    rows = []
    for answer in answers:
        vectors = answer.vectors
        if vectors is None:
            continue
        for place, (text, vector) in enumerate(zip(answer.ask.texts, vectors, strict=True)):
            if place not in answer.faults and text in own:
                rows.append(Row(place, text, vector, distance(vector, own[text])))
    return Company(name, tuple(rows))


def find_owner(row: Row, texts: Iterable[str], own: Mapping[str, Vector]) -> str | None:
    """Whose vector a row holds, of some texts: the nearest that arithmetic explains, else None."""
    near = [(distance(row.vector, own[text]), text) for text in texts if text in own]
    nearest = min(near, default=(2.0, ""), key=lambda pair: pair[0])
    return nearest[1] if nearest[0] <= APART else None


def find_order(company: Company, own: Mapping[str, Vector]) -> str | None:
    """In which order the rows of one request lie; None: not the request's texts in any order.

    Returns:
        "reversed", "by length", "from the longest", or "another order".
    """
    texts = [row.text for row in company.rows]
    orders = {
        "reversed": texts[::-1],
        "by length": sorted(texts, key=len),
        "from the longest": sorted(texts, key=len, reverse=True),
    }
    for name, order in orders.items():
        pairs = zip(company.rows, order, strict=True)
        if order != texts and all(distance(row.vector, own[text]) <= APART for row, text in pairs):
            return name
    owners = [find_owner(row, texts, own) for row in company.rows]
    held = [owner for owner in owners if owner is not None]
    return "another order" if len(set(held)) >= max(2, 0.9 * len(set(texts))) else None
