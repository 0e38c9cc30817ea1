"""Attention within each text of a packed row, as a function that transformers calls.

transformers looks attention up by name (``AttentionInterface``), so that no code of a model is
copied: the model computes queries, keys and values of one long row, and this function sees to it
that each text looks at itself alone, and at the beginning that all share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from workbench.embedders.local.kernels import Kernel, Spans, find_spans
from workbench.embedders.local.packing import Group

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

NAME = "workbench_packed"
KeysValues: TypeAlias = "tuple[Tensor, Tensor]"
_BLOCK_WORK = 5e10
"""Floating point operations between two looks at ``look``: half a second of one slow core."""


class KeysReached(Exception):  # noqa: N818  (no fault: a layer is left where its keys are known)
    """Carries keys and values out of a layer whose queries are wanted at few positions only."""

    def __init__(self, found: KeysValues) -> None:
        super().__init__()
        self.found = found


@dataclass
class Packed:
    """What the attention of one pass has to know.

    Attributes:
        groups: Texts by length.
        causal: Each token sees those before it, and itself.
        before: Keys and values by layer, (1, heads, shared, head_dim), of a beginning that all
            texts share; empty: there is none.
        look: Called between long steps; raises to stop.
        kernel: Attends to all texts in one call; None: those of one length at a time.
        kept: Takes keys and values by layer; None: they are not wanted.
        nodes: (tokens,) which state is each token's, where some share it (``packing.Trie``).
        firsts: (states,) the first token of each.
        leaving: Leave the present layer by ``KeysReached``.
        known: Keys and values of the present layer, where its queries are the pooled ones only.
    """

    groups: Sequence[Group]
    causal: bool
    before: Sequence[KeysValues] = ()
    look: Callable[[], None] = lambda: None
    kernel: Kernel | None = None
    kept: list[KeysValues] | None = None
    nodes: Tensor | None = None
    firsts: Tensor | None = None
    leaving: bool = False
    known: KeysValues | None = None
    _layer: int = field(default=0, init=False)
    _spans: dict[bool, Spans] = field(default_factory=dict, init=False)

    @property
    def tokens(self) -> int:
        """States of the row."""
        return self.groups[-1].stop if self.firsts is None else len(self.firsts)

    def next_layer(self) -> KeysValues | None:
        """The shared beginning at the layer that asks."""
        layer = self._layer
        if not self.leaving:
            self._layer += 1
        return self.before[layer] if self.before else None

    def spans(self, device: torch.device) -> Spans:
        """Where queries and keys of the present layer stand, the same for most layers."""
        one_query = self.known is not None
        if one_query not in self._spans:
            shared = self.before[0][0].shape[2] if self.before else 0
            self._spans[one_query] = find_spans(
                self.groups, shared=shared, one_query=one_query, nodes=self.nodes, device=device
            )
        return self._spans[one_query]


@cache
def register_attention() -> None:
    """Tell transformers of ``attend_packed``, once: compiled code asks whether it is the same."""
    import torch
    from transformers import AttentionInterface

    compiler: Any = torch.compiler
    AttentionInterface.register(NAME, compiler.disable(attend_packed))


def attend_packed(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    packed: Packed,
    scaling: float | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attention of packed texts.

    Args:
        module: The attention module; unused.
        query: (1, heads, states, head_dim); with ``packed.known`` one position a text.
        key: (1, key heads, states, head_dim).
        value: The same.
        attention_mask: None, since no mask is built for a name that transformers does not know.
        packed: Where each text stands.
        scaling: Of the products of queries and keys.

    Returns:
        (1, states, heads, head_dim), and no weights.

    Raises:
        KeysReached: ``packed.leaving``.
    """
    if packed.leaving:
        raise KeysReached((key, value))
    before = packed.next_layer()
    if packed.kept is not None:
        packed.kept.append((key, value))
    if packed.known is not None:
        key, value = packed.known
    nodes = None if packed.known is not None else packed.nodes  # of the queries
    attend = _attend_by_length if packed.kernel is None else _attend_at_once
    found = attend(query, key, value, before, nodes, packed, scaling)
    if nodes is not None:
        found = found[packed.firsts]
    return found.unsqueeze(0), None


def _attend_by_length(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    before: KeysValues | None,
    nodes: Tensor | None,
    packed: Packed,
    scaling: float | None,
) -> Tensor:
    """(queries, heads, head_dim) by a call for each length."""
    import torch

    parts: list[Tensor] = []
    taken = 0
    for group in packed.groups:
        keys, values = (_of_group(part[0], group, packed.nodes) for part in (key, value))
        if before is not None:
            keys, values = (
                torch.cat([shared.expand(group.texts, -1, -1, -1), part], dim=2)
                for shared, part in zip(before, (keys, values), strict=True)
            )  # (count, key heads, shared + length, head_dim)
        width = 1 if packed.known is not None else group.length
        queries = _of_group(query[0], Group(taken, group.texts, width), nodes)
        taken += group.texts * width
        parts += _attend_group(queries, keys, values, packed, scaling)
    return torch.cat(parts)


def _attend_at_once(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    before: KeysValues | None,
    nodes: Tensor | None,
    packed: Packed,
    scaling: float | None,
) -> Tensor:
    """(queries, heads, head_dim) by one call for all texts."""
    import torch

    assert packed.kernel is not None
    packed.look()
    spans = packed.spans(query.device)
    if before is not None:
        key, value = (
            torch.cat([shared, part], dim=2)
            for shared, part in zip(before, (key, value), strict=True)
        )
    query, key, value = (
        rows.contiguous() if places is None else rows.index_select(0, places)
        for rows, places in (
            (query[0].transpose(0, 1), nodes),
            (key[0].transpose(0, 1), spans.key_places),
            (value[0].transpose(0, 1), spans.key_places),
        )
    )
    return packed.kernel.attend(query, key, value, spans, packed.causal, scaling)


def _of_group(part: Tensor, group: Group, nodes: Tensor | None) -> Tensor:
    """(heads, states, head_dim) to (texts, heads, length, head_dim), copied if ``nodes``."""
    span = slice(group.start, group.stop)
    own = part[:, span] if nodes is None else part.index_select(1, nodes[span])
    return own.view(len(own), group.texts, group.length, -1).transpose(0, 1)


def _attend_group(
    queries: Tensor, keys: Tensor, values: Tensor, packed: Packed, scaling: float | None
) -> Iterator[Tensor]:
    """(some tokens, heads, head_dim) at a time, in order."""
    from torch.nn.functional import scaled_dot_product_attention

    count, heads, width, head_dim = queries.shape
    seen = keys.shape[2]
    work = 4.0 * heads * width * seen * head_dim
    together = max(1, int(_BLOCK_WORK / work))  # texts
    rows = width if work <= _BLOCK_WORK else max(64, int(width * _BLOCK_WORK / work))
    for first in range(0, count, together):
        texts = slice(first, first + together)
        for start in range(0, width, rows):
            stop = min(width, start + rows)
            upto = seen - width + stop if packed.causal else seen
            whole = packed.causal and stop - start == upto  # the usual triangle
            packed.look()
            found = scaled_dot_product_attention(
                queries[texts, :, start:stop],
                keys[texts, :, :upto],
                values[texts, :, :upto],
                attn_mask=None if whole or not packed.causal else _lower(stop - start, upto, keys),
                is_causal=whole and width > 1,
                scale=scaling,
                enable_gqa=keys.shape[1] != heads,
            )  # (texts, heads, stop - start, head_dim)
            if rows < width:
                found = found.squeeze(0).transpose(0, 1)  # one text: (stop - start, heads, …)
            else:
                found = found.transpose(1, 2).flatten(0, 1)  # (texts · width, heads, head_dim)
            yield found


def _lower(queries: int, keys: int, like: Tensor) -> Tensor | None:
    """(queries, keys) bool: the last query sees all keys, each before it one less."""
    import torch

    if queries == 1:
        return None
    ones = torch.ones(queries, keys, dtype=torch.bool, device=like.device)
    return ones.tril(keys - queries)
