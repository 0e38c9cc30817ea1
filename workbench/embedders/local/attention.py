"""Attention within each text of a packed row, as a function that transformers calls.

transformers looks attention up by name (``AttentionInterface``), so that no code of a model is
copied: the model computes queries, keys and values of one long row, and this function sees to it
that each text looks at itself alone, and at the beginning that all share.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.embedders.local.packed_row import KeysReached, KeysValues, Packed
from workbench.embedders.local.packing import Group

if TYPE_CHECKING:
    from torch import Tensor, nn

NAME = "workbench_packed"
_BLOCK_WORK = 5e10
"""Floating point operations between two looks at ``look``: half a second of one slow core."""


class Layer(NamedTuple):
    """What one layer attends with.

    Attributes:
        query: (1, heads, states, head_dim); one position a text where ``packed.known``.
        key: (1, key heads, states, head_dim).
        value: The same.
        before: Keys and values of what all texts share.
        nodes: ``packed.nodes`` where the queries are to be spread too.
        scaling: Of the products of queries and keys.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    before: KeysValues | None
    nodes: Tensor | None
    scaling: float | None


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
    found = attend(Layer(query, key, value, before, nodes, scaling), packed)
    if nodes is not None:
        found = found[packed.firsts]
    return found.unsqueeze(0), None


def _attend_by_length(layer: Layer, packed: Packed) -> Tensor:
    """(queries, heads, head_dim) by a call for each length."""
    import torch

    query, key, value, before, nodes, scaling = layer
    query, key, value = (
        part[0] if places is None else _spread(part[0], places)
        for part, places in ((query, nodes), (key, packed.nodes), (value, packed.nodes))
    )  # (heads, tokens, head_dim)
    parts: list[Tensor] = []
    taken = 0
    for group in packed.groups:
        keys, values = (_of_group(part, group) for part in (key, value))
        if before is not None:
            keys, values = (
                torch.cat([shared.expand(group.texts, -1, -1, -1), part], dim=2)
                for shared, part in zip(before, (keys, values), strict=True)
            )  # (count, key heads, shared + length, head_dim)
        width = 1 if packed.known is not None else group.length
        queries = _of_group(query, Group(taken, group.texts, width))
        taken += group.texts * width
        parts += _attend_group(queries, keys, values, packed, scaling)
    return torch.cat(parts)


def _attend_at_once(layer: Layer, packed: Packed) -> Tensor:
    """(queries, heads, head_dim) by one call for all texts."""
    import torch

    assert packed.kernel is not None
    query, key, value, before, nodes, scaling = layer
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


def _spread(part: Tensor, nodes: Tensor) -> Tensor:
    """(heads, states, head_dim) to (heads, tokens, head_dim), in the order that it is made in."""
    return part.transpose(0, 1).index_select(0, nodes).transpose(0, 1)


def _of_group(part: Tensor, group: Group) -> Tensor:
    """(heads, tokens, head_dim) to (count, heads, length, head_dim), without a copy."""
    own = part[:, group.start : group.stop]
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
