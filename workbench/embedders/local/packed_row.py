"""A pass while it goes through the layers: what attention has to know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from workbench.embedders.local.kernels import Kernel, Spans, find_spans
from workbench.embedders.local.packing import Group

if TYPE_CHECKING:
    import torch
    from torch import Tensor

KeysValues: TypeAlias = "tuple[Tensor, Tensor]"


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
