"""Layers compiled by torch: norms, positions and activations become few loops between products.

In bfloat16 on a processor that multiplies it fast, those small operations, each through memory,
take as long as the products. torch fuses them, at the price of a compiler and of its time. The
products stay what they are, in whichever order their weights have, and so do the hooks on them:
the compiled code knows a linear layer by its number only.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

if TYPE_CHECKING:
    from torch import Tensor, nn

_LINEARS: WeakValueDictionary[int, nn.Linear] = WeakValueDictionary()
_NUMBERS = itertools.count()
_MAKING = threading.Lock()
_KINDS = 64
"""Pieces of code that torch keeps of one function: several models of several kinds share those of
transformers. Its own limit of 8 would end with layers that run as before, and a line in a log."""


def compile_layers(layers: Sequence[nn.Module], linears: Sequence[nn.Linear]) -> None:
    """Have torch compile these layers at their first packed pass; all but that is left as it is.

    A pass on another number of threads is compiled anew.

    Args:
        layers: Alike but for their weights: what is compiled for one serves all.
        linears: The linear layers of the model, to be left out of what is compiled.
    """
    import torch

    with _MAKING:
        kind = _numbered_linear()
    for linear in linears:
        known = getattr(linear, "number", None)  # which a copy of the model has from the first
        if known is None or _LINEARS.get(int(known)) is not linear:
            number = next(_NUMBERS)
            _LINEARS[number] = linear
            with torch.inference_mode(mode=False):  # code for one kind of tensor is no other's
                setattr(linear, "number", torch.tensor(number))  # noqa: B010  (mypy)
        linear.__class__ = kind
    for layer in layers:
        setattr(layer, "forward", _where_packed(layer))  # noqa: B010  (mypy)


def restore_layers(layers: Sequence[nn.Module], linears: Sequence[nn.Linear]) -> None:
    """Undo ``compile_layers``."""
    import torch

    for layer in layers:
        layer.__dict__.pop("forward", None)
    for linear in linears:
        linear.__class__ = torch.nn.Linear


def is_linear(module: nn.Module) -> bool:
    """Whether it is torch's linear layer, or that as compiled code has it; no class of a model."""
    import torch

    return type(module) is torch.nn.Linear or hasattr(type(module), "calls")


def calls_from_compiled(linears: Sequence[nn.Linear]) -> int:
    """How often compiled code has called one of such layers in this process."""
    return sum({getattr(kind, "calls", 0) for kind in map(type, linears)})


def _where_packed(layer: nn.Module) -> Callable[..., object]:
    """Compiled for packed passes. One token is a case of its own to torch's compiler: left out."""
    import torch

    eager = type(layer).forward
    compiled = torch.compile(eager, dynamic=True, recompile_limit=_KINDS)  # type: ignore[call-overload]
    own = ref(layer)  # no cycle, which would keep the weights until they are collected

    def forward(states: Tensor, *args: object, **kwargs: object) -> object:
        way = compiled if "packed" in kwargs and states.shape[1] > 1 else eager
        return way(own(), states, *args, **kwargs)

    return forward


@cache
def _numbered_linear() -> type[nn.Linear]:
    """The class of linear layers whose products and hooks compiled code does not look into."""
    import torch

    library: Any = torch.library.Library("workbench", "DEF")  # type: ignore[no-untyped-call]
    library.define("linear(Tensor rows, Tensor number, int width) -> Tensor")

    class NumberedLinear(torch.nn.Linear):
        calls = 0
        operators = library  # end with it
        number: Tensor

        def __call__(self, rows: Tensor) -> Tensor:
            if torch.compiler.is_dynamo_compiling():
                found: Tensor = torch.ops.workbench.linear(rows, self.number, self.out_features)
                return found
            return super().__call__(rows)  # type: ignore[no-any-return]

    def multiply(rows: Tensor, number: Tensor, width: int) -> Tensor:
        del width
        NumberedLinear.calls += 1
        found: Tensor = _LINEARS[int(number)](rows)
        return found

    def shape(rows: Tensor, number: Tensor, width: int) -> Tensor:
        del number
        return rows.new_empty((*rows.shape[:-1], width))

    library.impl("linear", multiply, "CompositeExplicitAutograd")
    torch.library.register_fake("workbench::linear", shape, lib=library)
    return NumberedLinear
