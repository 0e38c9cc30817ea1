"""The kinds of part that a report is made of, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """Begins a part; level 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Sentence:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Cells by row; the first column names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Listed:
    """Words with what belongs to them; texts may have several lines and are shown whole."""

    facts: tuple[tuple[str, str], ...]


Part: TypeAlias = Heading | Sentence | Table | Listed
