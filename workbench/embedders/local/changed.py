"""A model with something about its numbers changed, for as long as one looks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from workbench.embedders.local.runtime import give_back_memory

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

Numbers: TypeAlias = Literal["float32", "bf16", "fp16", "int8", "int4", "rope_base"]
BLOCK = 32
"""Values that share a scale in GGUF's Q8_0 and Q4_0 (ggml's ``block_q8_0``, ``block_q4_0``)."""
FALLBACK_BASE = 10_000.0
"""Rotary base that readers take where a config says none, or says it by a name they do not know."""
_ROWS_AT_ONCE = 8_192


@contextmanager
def changed_model(model: PreTrainedModel, numbers: Numbers) -> Iterator[PreTrainedModel]:
    """The model computing with other numbers; the one given is as before when this ends.

    "float32" is the model itself where it is in float32, else a copy. "rope_base" turns positions
    by ``FALLBACK_BASE``. The others are copies: in bfloat16 or float16, or computing in float32
    with weights that were rounded to 8 or 4 bits and back.
    """
    import torch

    shared = numbers in ("float32", "rope_base") and model.dtype == torch.float32
    used = model if shared else _copy_float32(model)
    try:
        if numbers == "rope_base":
            with _other_rope_base(used):
                yield used
        else:
            if numbers in _CHANGES:
                _CHANGES[numbers](used)
            yield used
    finally:
        del used
        if not shared:
            give_back_memory(str(model.device))


def rope_base(model: PreTrainedModel) -> float | None:
    """The base of a model's plain rotary positions; None where it has none, or scales them."""
    found = getattr(model.config, "rope_parameters", None) or {}
    if found.get("rope_type", "default") != "default" or not _rotary_modules(model):
        return None
    base = found.get("rope_theta")
    return None if base is None else float(base)


def round_8bit(blocks: Tensor) -> Tensor:
    """(n, 32) float32 as Q8_0 gives it back: whole multiples of the largest value / 127."""
    scale = blocks.abs().amax(dim=1, keepdim=True) / 127  # (n, 1)
    steps = (blocks / scale.masked_fill(scale == 0, 1)).round()
    return steps * scale.half().float()


def round_4bit(blocks: Tensor) -> Tensor:
    """(n, 32) float32 as Q4_0 gives it back: multiples -8 to 7 of the largest value / -8."""
    place = blocks.abs().argmax(dim=1, keepdim=True)
    scale = blocks.gather(1, place) / -8  # (n, 1), of the sign opposite to the largest value's
    steps = (blocks / scale.masked_fill(scale == 0, 1) + 8.5).floor().clamp(0, 15) - 8
    return steps * scale.half().float()


def _copy_float32(model: PreTrainedModel) -> PreTrainedModel:
    copied = copy.deepcopy(model)
    _set_type(copied, "float32")
    return copied


def _set_type(model: PreTrainedModel, dtype: str) -> None:
    """Weights only: servers too keep the frequencies of positions in float32."""
    import torch

    for weight in model.parameters():
        weight.data = weight.data.to(getattr(torch, dtype))


def _round_weights(model: PreTrainedModel, round_blocks: Callable[[Tensor], Tensor]) -> None:
    """Round the matrices that quantised files hold in blocks; norms and biases stay."""
    import torch

    done = set()
    for module in model.modules():
        if not isinstance(module, torch.nn.Linear | torch.nn.Embedding):
            continue
        weight = module.weight.data
        if weight.data_ptr() in done or weight.shape[1] % BLOCK:
            continue  # tied to one that was rounded; or of a width that such files keep as it is
        done.add(weight.data_ptr())
        for start in range(0, len(weight), _ROWS_AT_ONCE):
            part = weight[start : start + _ROWS_AT_ONCE]
            part.copy_(round_blocks(part.reshape(-1, BLOCK)).reshape(part.shape))


_CHANGES: Mapping[str, Callable[[PreTrainedModel], None]] = {
    "bf16": lambda model: _set_type(model, "bfloat16"),
    "fp16": lambda model: _set_type(model, "float16"),
    "int8": lambda model: _round_weights(model, round_8bit),
    "int4": lambda model: _round_weights(model, round_4bit),
}


@contextmanager
def _other_rope_base(model: PreTrainedModel) -> Iterator[None]:
    import torch

    modules = _rotary_modules(model)
    before = [cast("Tensor", module.inv_freq) for module in modules]
    try:
        for module, frequencies in zip(modules, before, strict=True):
            half = torch.arange(len(frequencies), device=frequencies.device).float()
            module.inv_freq = FALLBACK_BASE ** -(half / len(frequencies))  # (head_dim / 2,)
        yield
    finally:
        for module, frequencies in zip(modules, before, strict=True):
            module.inv_freq = frequencies


def _rotary_modules(model: PreTrainedModel) -> list[nn.Module]:
    return [module for module in model.modules() if hasattr(module, "inv_freq")]
