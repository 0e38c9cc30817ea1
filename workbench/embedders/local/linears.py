"""Linear layers laid out for the processor, where that is faster: measured, then checked.

torch multiplies float32 matrices on a CPU by MKL, which takes half the speed of some processors
that are not Intel's; oneDNN, which torch brings along too, does not, and multiplies faster still
when a weight was brought into its own order once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.embedders.local.compiled import is_linear

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

_ROWS = 256
"""Rows of the products that are timed: about what a pass of short texts has at its smallest."""
_ROUNDS = 3
_LEAST_GAIN = 1.1
_CLOSE = {"float32": 2e-5, "bfloat16": 2e-2}
"""Largest difference between two ways to multiply, relative to the largest value of the product."""
_TRIED_SHAPES = 6


@dataclass(frozen=True)
class Layout:
    """Which way to multiply was chosen.

    Attributes:
        packed: Whether weights are in oneDNN's own order.
        gain: Time of torch's own way ÷ time of oneDNN's, over the model's shapes; None where only
            one way is there, or their numbers differ.
    """

    packed: bool
    gain: float | None


_CHOSEN: dict[object, Layout] = {}


def choose_layout(model: PreTrainedModel) -> Layout:
    """Time both ways over the shapes of a model's linear layers, on the threads that are set.

    Models of the same shapes are run the same way all through a process.
    """
    import torch

    dtype = str(model.dtype).removeprefix("torch.")
    if model.device.type != "cpu" or dtype not in _CLOSE:
        return Layout(packed=False, gain=None)
    one_of = {tuple(layer.weight.shape): layer for layer in plain_linears(model)}
    shapes = Counter(tuple(layer.weight.shape) for layer in plain_linears(model))
    if not shapes:
        return Layout(packed=False, gain=None)
    # one choice a process: the two ways differ in the last bits, and the clock wavers
    key = (dtype, torch.get_num_threads(), frozenset(shapes.items()))
    if key not in _CHOSEN:
        _CHOSEN[key] = _measure(one_of, shapes, _CLOSE[dtype])
    return _CHOSEN[key]


def _measure(
    one_of: Mapping[tuple[int, ...], nn.Linear], shapes: Counter[tuple[int, ...]], close: float
) -> Layout:
    plain = packed = 0.0
    for shape, count in shapes.most_common(_TRIED_SHAPES):
        times = _time_layer(one_of[shape], close)
        if times is None:
            return Layout(packed=False, gain=None)
        plain += count * times[0]
        packed += count * times[1]
    gain = plain / packed
    return Layout(packed=gain >= _LEAST_GAIN, gain=gain)


def compare_float32(model: PreTrainedModel, *, packed: bool) -> float:
    """Time of a float32 product ÷ time of the same one in the model's type, on a CPU.

    Both in the faster of the two orders of weights.

    Args:
        model: With its weights in torch's order.
        packed: Whether its weights will be in oneDNN's.
    """
    import torch

    layer = max(plain_linears(model), key=lambda layer: layer.weight.numel())
    weight = layer.weight.detach()
    own = _packed_product(_order_weight(weight), None) if packed else _plain_product(weight)
    exact = _ways(weight.float())
    rows = torch.randn(_ROWS, weight.shape[1], generator=torch.Generator().manual_seed(0))
    half = rows.to(weight.dtype)
    with torch.inference_mode():
        for way in exact:
            way(rows)
        own(half)
        theirs = min(_seconds(way, rows) for way in exact for _ in range(_ROUNDS))
        ours = min(_seconds(own, half) for _ in range(_ROUNDS))
    return theirs / ours


def pack_linears(model: PreTrainedModel) -> None:
    """Bring the weight of each linear layer into oneDNN's order; the plain one is freed.

    Such a weight cannot be copied or read: ``unpack_linears`` first.
    """
    import torch

    for layer in plain_linears(model):
        with torch.no_grad():
            ordered = _order_weight(layer.weight.detach())
        layer.weight = torch.nn.Parameter(ordered, requires_grad=False)
        setattr(layer, "forward", _packed_product(ordered, layer.bias))  # noqa: B010  (mypy)


def unpack_linears(model: PreTrainedModel) -> None:
    """Undo ``pack_linears``."""
    import torch

    for layer in plain_linears(model):
        if layer.weight.is_mkldnn:
            plain = layer.weight.detach().to_dense()
            layer.weight = torch.nn.Parameter(plain, requires_grad=False)
            delattr(layer, "forward")


def plain_linears(model: PreTrainedModel) -> list[nn.Linear]:
    """The model's linear layers, but for those of a class of their own."""
    found: list[Any] = [module for module in model.modules() if is_linear(module)]
    return found


def _time_layer(layer: nn.Linear, close: float) -> tuple[float, float] | None:
    """Seconds of torch's product and of oneDNN's; None where oneDNN refuses, or they differ."""
    import torch

    weight = layer.weight.detach()
    chance = torch.Generator().manual_seed(0)
    rows = torch.randn(_ROWS, weight.shape[1], generator=chance).to(weight.dtype)
    ways = _ways(weight)
    if len(ways) == 1:
        return None
    with torch.inference_mode():
        first, second = (way(rows).float() for way in ways)
        if (first - second).abs().max() > close * first.abs().max():
            return None
        times = np.array([[_seconds(way, rows) for way in ways] for _ in range(_ROUNDS)])
    best = times.min(axis=0)
    return float(best[0]), float(best[1])


def _seconds(way: Callable[[Tensor], Tensor], rows: Tensor) -> float:
    started = time.perf_counter()
    way(rows)
    return time.perf_counter() - started


def _plain_product(weight: Tensor) -> Callable[[Tensor], Tensor]:
    from torch.nn.functional import linear

    return lambda rows: linear(rows, weight)


def _ways(weight: Tensor) -> list[Callable[[Tensor], Tensor]]:
    """Torch's own product and, where oneDNN is there and takes the type, its."""
    import torch

    ways = [_plain_product(weight)]
    if hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        with suppress(RuntimeError):  # bfloat16 on a processor that does not compute in it
            ways.append(_packed_product(_order_weight(weight), None))
    return ways


def _order_weight(weight: Tensor) -> Tensor:
    import torch

    # a private name of torch 2.13, as below; the numbers are compared with torch's own product
    ordered: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)
    return ordered


def _packed_product(ordered: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
    import torch

    product: Any = torch.ops.mkldnn._linear_pointwise

    def multiply(rows: Tensor) -> Tensor:
        found: Tensor = product(rows, ordered, bias, "none", [], "")
        return found

    return multiply
