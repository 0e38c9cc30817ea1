"""Attention over texts of all lengths in one call, where the device has a kernel for it.

FlashAttention's variable-length kernels (Dao 2023) take the texts of a packed row end to end, with
the places where each ends. torch brings one along, the flash-attn package another. They run on CUDA
in half precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from workbench.embedders.local.packing import Group

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

_HALVES = ("bfloat16", "float16")


@dataclass(frozen=True)
class Spans:
    """Where each text's queries and keys stand.

    Attributes:
        query_ends: (texts + 1,) int32, place of each text's first query, and behind the last.
        key_ends: The same of keys.
        most_queries: Of one text.
        most_keys: Of one text.
        key_places: (keys,) which key of ``shared beginning + packed row`` stands where; None: the
            row is taken as it is.
    """

    query_ends: Tensor
    key_ends: Tensor
    most_queries: int
    most_keys: int
    key_places: Tensor | None


Attend: TypeAlias = "Callable[[Tensor, Tensor, Tensor, Spans, bool, float | None], Tensor]"
"""(queries, heads, head_dim), (keys, key heads, head_dim) twice, spans, causal, scaling, to
(queries, heads, head_dim). Causal: the last query of a text sees all of its keys."""


@dataclass(frozen=True)
class Kernel:
    """A way to attend in one call.

    Attributes:
        name: For a person.
        attend: The call.
    """

    name: str
    attend: Attend


def find_kernels(model: PreTrainedModel) -> Iterator[Kernel]:
    """The kernels that are installed and may take this model, the best first."""
    if model.device.type != "cuda" or str(model.dtype).removeprefix("torch.") not in _HALVES:
        return
    with suppress(ImportError):  # torch before 2.10
        from torch.nn.attention.varlen import varlen_attn

        yield Kernel("torch's varlen_attn", torch_attend(varlen_attn))
    with suppress(ImportError):
        from flash_attn import (  # type: ignore[import-not-found, unused-ignore]
            flash_attn_varlen_func,
        )

        yield Kernel("flash-attn", flash_attend(flash_attn_varlen_func))


def torch_attend(varlen_attn: Callable[..., Any]) -> Attend:
    """``torch.nn.attention.varlen.varlen_attn`` as an ``Attend``.

    One split of the keys, so that a text's vector does not depend on its neighbours.
    """
    return _attend_by(
        varlen_attn,
        lambda causal, scaling, grouped: {
            "scale": scaling,
            "window_size": (-1, 0) if causal else (-1, -1),
            "enable_gqa": grouped,
            "num_splits": 1,
        },
    )


def flash_attend(flash_attn_varlen_func: Callable[..., Any]) -> Attend:
    """``flash_attn.flash_attn_varlen_func`` (2.1 or later) as an ``Attend``."""
    return _attend_by(
        flash_attn_varlen_func,
        lambda causal, scaling, _: {"softmax_scale": scaling, "causal": causal},
    )


def _attend_by(
    call: Callable[..., Any], options: Callable[[bool, float | None, bool], dict[str, Any]]
) -> Attend:
    """Both take the same tensors; ``options`` has causal, scaling and whether heads share keys."""

    def attend(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        spans: Spans,
        causal: bool,
        scaling: float | None,
    ) -> Tensor:
        found: Tensor = call(
            query,
            key,
            value,
            spans.query_ends,
            spans.key_ends,
            spans.most_queries,
            spans.most_keys,
            **options(causal, scaling, key.shape[1] != query.shape[1]),
        )
        return found

    return attend


def find_spans(
    groups: Sequence[Group],
    *,
    shared: int,
    one_query: bool,
    device: torch.device,
    nodes: Tensor | None = None,
) -> Spans:
    """Where the texts of these groups stand.

    Args:
        groups: Texts by length.
        shared: Keys of a beginning that stands once before all of the row's.
        one_query: Whether each text has its pooled query alone.
        device: Where the tensors are wanted.
        nodes: (tokens,) which of the row's keys is each token's; None: its own.
    """
    import torch

    lengths = [group.length for group in groups for _ in range(group.texts)]
    queries = [1] * len(lengths) if one_query else lengths
    keys = [shared + length for length in lengths]
    places = None
    if shared or nodes is not None:
        own = torch.arange(groups[-1].stop, device=device) if nodes is None else nodes
        before = torch.arange(shared, device=device)
        places = torch.cat(
            [
                torch.cat(
                    [before.expand(group.texts, -1), shared + _of(group, own)], dim=1
                ).flatten()
                for group in groups
            ]
        )
    return Spans(
        query_ends=_ends(queries).to(device),
        key_ends=_ends(keys).to(device),
        most_queries=max(queries),
        most_keys=max(keys),
        key_places=places,
    )


def _of(group: Group, places: Tensor) -> Tensor:
    """(texts, length) of a group's tokens."""
    return places[group.start : group.stop].view(group.texts, group.length)


def _ends(lengths: Sequence[int]) -> Tensor:
    import torch

    return torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)
