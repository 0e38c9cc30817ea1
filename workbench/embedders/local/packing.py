"""Which texts share a pass of the model, and where each stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeAlias

Row: TypeAlias = tuple[int, ...]
KEYS_A_TOKEN = 8
"""Most keys of a pass for each token of its budget; a token's states take more than its key."""


class Group(NamedTuple):
    """Texts of one length, side by side in a packed row.

    Attributes:
        start: Place of the first token.
        texts: How many.
        length: Tokens of each.
    """

    start: int
    texts: int
    length: int

    @property
    def stop(self) -> int:
        """Place after the last token."""
        return self.start + self.texts * self.length


@dataclass(frozen=True)
class Pack:
    """One pass.

    Attributes:
        rows: Numbers of its rows, longest first.
        groups: The same rows by length, in the same order.
    """

    rows: tuple[int, ...]
    groups: tuple[Group, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the pass."""
        return self.groups[-1].stop if self.groups else 0


def plan_pack(
    lengths: Sequence[int],
    order: Sequence[int],
    *,
    budget: int,
    padded: bool = False,
    shared: int = 0,
) -> Pack:
    """The next pass: as many rows from the front of ``order`` as fit into the budget.

    Args:
        lengths: Tokens of each row, at least 1.
        order: Row numbers still to do, longest first.
        budget: Most tokens of a pass; a longer row goes alone.
        padded: Whether each row takes as much as the longest.
        shared: Tokens of a beginning whose keys and values each row gets a copy of.
    """
    rows: list[int] = []
    tokens = keys = 0
    for row in order:
        taken = lengths[order[0]] if padded else lengths[row]
        tokens += taken
        keys += shared + taken
        if rows and (tokens > budget or keys > KEYS_A_TOKEN * budget):
            break
        rows.append(row)
    groups = []
    start = 0
    for length, same in groupby(rows, key=lambda row: lengths[row]):
        group = Group(start, len(list(same)), length)
        groups.append(group)
        start = group.stop
    return Pack(tuple(rows), tuple(groups))


def longest_first(lengths: Sequence[int]) -> list[int]:
    """Row numbers by falling length: memory runs out at the start of a run, or not at all."""
    return sorted(range(len(lengths)), key=lambda row: -lengths[row])


def shared_start(rows: Sequence[Row], prefix: Row) -> int:
    """How many tokens of ``prefix`` every row begins with, each keeping one of its own at least.

    The last tokens of a prefix may merge with a text's first (byte-pair encoding), so that the rows
    are asked and not the prefix alone.
    """
    shared = min((len(row) - 1 for row in rows), default=0)
    shared = min(shared, len(prefix))
    for row in rows:
        while row[:shared] != prefix[:shared]:
            shared -= 1
    return shared
