"""A transformers model that takes many texts as one row, without padding."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.contracts import Pooling
from workbench.embedders.local.anatomy import find_layers, first_position, is_causal
from workbench.embedders.local.attention import NAME, register_attention
from workbench.embedders.local.kernels import Kernel
from workbench.embedders.local.packed_row import KeysReached, KeysValues, Packed
from workbench.embedders.local.packing import Group, Pack, Row, shared_start

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from transformers import PreTrainedModel

_KEPT_TOKENS = 4_096
"""Tokens of shared beginnings kept: 0.9 GB for Qwen3-Embedding-0.6B in float32, if ever full."""


@dataclass(frozen=True)
class Shared:
    """A beginning that all rows of a run share.

    Attributes:
        row: Its tokens.
        layers: Its keys and values by layer.
    """

    row: Row = ()
    layers: Sequence[KeysValues] = ()


NOTHING_SHARED = Shared()


class PackedModel:
    """Token rows to vectors, with each text in the place that it needs and no more.

    Not thread-safe: who computes holds ``LoadedModel.computing``.

    Args:
        model: A transformers model that looks its attention up by name.
        pooling: Which states are kept.
        kernel: Attends to all texts in one call; None: those of one length at a time.

    Attributes:
        whole_layers: Layers that all tokens of a pass go through.
    """

    def __init__(
        self, model: PreTrainedModel, pooling: Pooling, kernel: Kernel | None = None
    ) -> None:
        register_attention()
        self.model = model
        self.kernel = kernel
        self.pooling: Pooling = pooling
        self.causal = is_causal(model)
        self._first_position = first_position(model)
        # a pooled position has to see all of its text: the last one does, the first where all do
        alone = pooling == "last_token" or (pooling == "cls" and not self.causal)
        layers = find_layers(model)
        self._last_layer = layers[-1] if alone and layers else None
        self.whole_layers = layers[:-1] if alone else layers
        self._kept: OrderedDict[Row, list[KeysValues]] = OrderedDict()

    def share(self, rows: Sequence[Row], prefix: Row, look: Callable[[], None]) -> Shared:
        """The beginning that these rows share, computed once; nothing where nothing is gained.

        Args:
            rows: All rows of a run.
            prefix: Tokens of the prompt that stands before each text.
            look: Called between long steps; raises to stop.
        """
        if not rows or not self.causal or self.pooling != "last_token":
            return NOTHING_SHARED
        start = rows[0][: shared_start(rows, prefix)]
        if start in self._kept:
            self._kept.move_to_end(start)
            return Shared(start, self._kept[start])
        if not start or len(rows) == 1:  # a second pass gains nothing for one text
            return NOTHING_SHARED
        kept: list[KeysValues] = []
        alone = (Group(0, 1, len(start)),)
        self._call([start], Packed(alone, self.causal, look=look, kernel=self.kernel, kept=kept), 0)
        self._kept[start] = kept
        while sum(map(len, self._kept)) > _KEPT_TOKENS and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return Shared(start, kept)

    def embed_pack(
        self,
        rows: Sequence[Row],
        pack: Pack,
        shared: Shared,
        look: Callable[[], None],
    ) -> Tensor:
        """(n, dim) float32 on the model's device.

        Args:
            rows: The n rows of the pass without what they all share, in its order.
            pack: Where they stand.
            shared: What ``share`` gave.
            look: Called between long steps; raises to stop.
        """
        import torch

        packed = Packed(pack.groups, self.causal, shared.layers, look, self.kernel)
        if pack.trie is not None:
            packed.nodes, packed.firsts = (
                torch.from_numpy(part).to(self.model.device) for part in pack.trie
            )
        with self._only_pooled(packed) as narrowed:
            states = self._call(rows, packed, len(shared.row))  # (states or n, dim)
        if self.pooling == "mean":
            states = states if packed.nodes is None else states[packed.nodes]
            return _mean_groups(states, pack.groups)
        return (states if narrowed else states[self._pooled(packed)]).float()

    def _call(self, rows: Sequence[Row], packed: Packed, offset: int) -> Tensor:
        """Last states without the batch axis."""
        import torch

        device = self.model.device
        ids = torch.tensor([token for row in rows for token in row], dtype=torch.long)
        first = offset + self._first_position
        positions = torch.cat(
            [
                torch.arange(first, first + group.length).repeat(group.texts)
                for group in packed.groups
            ]
        )
        ids, positions = (_to_device(part, device) for part in (ids, positions))  # (1, tokens)
        if packed.firsts is not None:
            ids, positions = ids[:, packed.firsts], positions[:, packed.firsts]
        options: dict[str, Any] = {"packed": packed}
        if getattr(self.model.config, "use_cache", None) is not None:
            options["use_cache"] = False
        if getattr(self.model.config, "type_vocab_size", 0):
            options["token_type_ids"] = torch.zeros_like(ids)
        with _attention_named(self.model, NAME):
            output = self.model(input_ids=ids, position_ids=positions, **options)
        states: Tensor = output.last_hidden_state[0]
        return states

    def _pooled(self, packed: Packed) -> Tensor:
        """(texts,) where states of the tokens that are pooled stand."""
        import torch

        places = [
            torch.arange(group.start, group.stop, group.length)
            + (group.length - 1 if self.pooling == "last_token" else 0)
            for group in packed.groups
        ]
        pooled = torch.cat(places).to(self.model.device)
        return pooled if packed.nodes is None else packed.nodes[pooled]

    @contextmanager
    def _only_pooled(self, packed: Packed) -> Iterator[bool]:
        """The last layer computes queries, output and MLP where states are pooled, and only there.

        Its keys and values are wanted everywhere: the layer is entered once for them, and left when
        they are known.
        """
        if self._last_layer is None:
            yield False
            return
        pooled = self._pooled(packed)

        def narrow(layer: nn.Module, args: Any, kwargs: Any) -> Any:  # noqa: ANN401  (as torch has it)
            if packed.leaving:
                return None
            packed.leaving = True
            try:
                layer(*args, **kwargs)
            except KeysReached as reached:
                packed.known = reached.found
            finally:
                packed.leaving = False
            tokens = packed.tokens
            return tuple(_select(arg, pooled, tokens) for arg in args), {
                name: _select(arg, pooled, tokens) for name, arg in kwargs.items()
            }

        hook = self._last_layer.register_forward_pre_hook(narrow, with_kwargs=True)
        try:
            yield True
        finally:
            hook.remove()


def _mean_groups(states: Tensor, groups: Sequence[Group]) -> Tensor:
    import torch

    means = [
        states[group.start : group.stop].float().view(group.texts, group.length, -1).mean(1)
        for group in groups
    ]
    return torch.cat(means)  # (texts, dim)


def _select(value: object, places: Tensor, tokens: int) -> object:
    """Of every tensor with an axis of tokens, the pooled ones."""
    import torch

    if isinstance(value, tuple):
        return tuple(_select(part, places, tokens) for part in value)
    if isinstance(value, torch.Tensor) and value.dim() > 1 and value.shape[1] == tokens:
        return value[:, places]
    return value


def _to_device(flat: Tensor, device: torch.device) -> Tensor:
    """(tokens,) to (1, tokens) on the device, without waiting for it."""
    if device.type == "cuda":
        flat = flat.pin_memory()
    return flat.unsqueeze(0).to(device, non_blocking=True)


@contextmanager
def _attention_named(model: PreTrainedModel, name: str) -> Iterator[None]:
    config: Any = model.config
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before
