"""Which texts share a pass of the model, and where each stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Row: TypeAlias = tuple[int, ...]
KEYS_A_TOKEN = 8
"""Most keys of a pass for each token of its budget; a token's states take more than its key."""
_SPREAD = 4
"""Keys that a spread token counts as: its queries, values and outputs are spread with its key."""
_WORTH = 0.1
"""Least share of all tokens to be saved, for rows to be taken by their beginnings."""


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


class Trie(NamedTuple):
    """Tokens of a pass that stand behind the same tokens of their texts, taken for one.

    A causal model has the same states for them. SGLang's RadixAttention (Zheng et al. 2024) shares
    keys and values so among requests.

    Attributes:
        nodes: (tokens,) which node each token of the pass is.
        firsts: (nodes,) where the first token of each node stands.
    """

    nodes: NDArray[np.intp]
    firsts: NDArray[np.intp]


@dataclass(frozen=True)
class Order:
    """In which order rows are taken.

    Attributes:
        rows: Their numbers.
        alike: By number, how many tokens a row begins with in common with the one taken before it;
            empty: that is not looked at.
    """

    rows: Sequence[int]
    alike: Sequence[int] = ()

    def after(self, taken: int) -> Order:
        """What is left when so many rows are taken."""
        return Order(self.rows[taken:], self.alike)


@dataclass(frozen=True)
class Pack:
    """One pass.

    Attributes:
        rows: Numbers of its rows, longest first.
        groups: The same rows by length, in the same order.
        weight: What it takes of a budget: its tokens, or more where many keys are copied.
        trie: What is computed once of them; None: each token.
    """

    rows: tuple[int, ...]
    groups: tuple[Group, ...]
    weight: int
    trie: Trie | None = None

    @property
    def tokens(self) -> int:
        """Tokens that go through the model's layers."""
        if self.trie is not None:
            return len(self.trie.firsts)
        return self.groups[-1].stop if self.groups else 0


def plan_pack(
    lengths: Sequence[int],
    order: Order,
    *,
    budget: int,
    padded: bool = False,
    shared: int = 0,
) -> Pack:
    """The next pass: as many rows from the front of ``order`` as fit into the budget.

    Args:
        lengths: Tokens of each row, at least 1.
        order: Rows still to do.
        budget: Most tokens of a pass; a longer row goes alone.
        padded: Whether each row takes as much as the first, which is the longest.
        shared: Tokens of a beginning whose keys and values each row gets a copy of.
    """
    rows: list[int] = []
    weight = tokens = keys = 0
    for row in order.rows:
        taken = lengths[order.rows[0]] if padded else lengths[row]
        tokens += taken - (order.alike[row] if order.alike and rows else 0)
        keys += shared + taken * (_SPREAD if order.alike else 1)
        heavier = max(tokens, -(-keys // KEYS_A_TOKEN))
        if rows and heavier > budget:
            break
        rows.append(row)
        weight = heavier
    by_length = sorted(rows, key=lambda row: -lengths[row])
    groups = []
    start = 0
    for length, same in groupby(by_length, key=lambda row: lengths[row]):
        group = Group(start, len(list(same)), length)
        groups.append(group)
        start = group.stop
    trie = None
    if any(order.alike[row] for row in rows[1:] if order.alike):
        starts = dict(zip(by_length, _starts(groups), strict=True))
        trie = _join([(starts[row], lengths[row], order.alike[row]) for row in rows])
    return Pack(tuple(by_length), tuple(groups), weight, trie)


def _starts(groups: Sequence[Group]) -> list[int]:
    return [at for group in groups for at in range(group.start, group.stop, group.length)]


def _join(places: Sequence[tuple[int, int, int]]) -> Trie:
    """Of (start, length, tokens as the row before) of each row, in the order of its beginnings."""
    nodes = np.empty(sum(length for _, length, _ in places), np.intp)
    firsts: list[NDArray[np.intp]] = []
    count, before = 0, None
    for start, length, alike in places:
        same = 0 if before is None else alike
        nodes[start : start + same] = nodes[(before or 0) : (before or 0) + same]
        own = np.arange(start + same, start + length)
        nodes[own] = np.arange(count, count + len(own))
        firsts.append(own)
        count, before = count + len(own), start
    return Trie(nodes, np.concatenate(firsts))


def plan_order(
    rows: Sequence[Row], *, causal: bool, budget: int | None = None, worth: float = _WORTH
) -> Order:
    """By beginnings where enough of them are alike, else longest first.

    Args:
        rows: Distinct rows.
        causal: Whether a token's states depend on those before it alone.
        budget: Rows of more tokens go alone, and first; None: of any length.
        worth: The share of tokens that makes enough.
    """
    by_length = longest_first([len(row) for row in rows])
    if not causal:
        return Order(by_length)
    alone = [row for row in by_length if budget is not None and len(rows[row]) > budget]
    order = alone + sorted(by_length[len(alone) :], key=rows.__getitem__)
    alike = [0] * len(rows)
    for before, row in pairwise(order[len(alone) :]):
        alike[row] = _alike(rows[before], rows[row])
    return Order(order, alike) if sum(alike) > worth * sum(map(len, rows)) else Order(by_length)


def _alike(one: Row, other: Row) -> int:
    """How many tokens two rows begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def longest_first(lengths: Sequence[int]) -> list[int]:
    """Row numbers by falling length: what memory does not hold is known at the start of a run."""
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
