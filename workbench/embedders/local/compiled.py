"""Layers compiled by torch: norms, positions and activations become few loops between products.

In bfloat16 on a processor that multiplies it fast, those small operations, each through memory,
take as long as the products. torch fuses them, at the price of a compiler and of its time. The
products stay what they are, in whichever order their weights have, and so do the hooks on them:
the compiled code knows a linear layer by its number only.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from torch import Tensor, nn

_LINEARS: WeakValueDictionary[int, nn.Linear] = WeakValueDictionary()
_NUMBERS = itertools.count()


def compile_layers(layers: Sequence[nn.Module], linears: Sequence[nn.Linear]) -> None:
    """Have torch compile these layers at their first packed pass; all but that is left as it is.

    Args:
        layers: Alike but for their weights: what is compiled for one serves all.
        linears: The linear layers of the model, to be left out of what is compiled.
    """
    import torch

    for linear in linears:
        number = next(_NUMBERS)
        _LINEARS[number] = linear
        setattr(linear, "number", torch.tensor(number))  # noqa: B010  (mypy)
        linear.__class__ = numbered_linear()
    for layer in layers:
        setattr(layer, "forward", _where_packed(layer.forward))  # noqa: B010  (mypy)


def restore_layers(layers: Sequence[nn.Module], linears: Sequence[nn.Linear]) -> None:
    """Undo ``compile_layers``."""
    import torch

    for layer in layers:
        layer.__dict__.pop("forward", None)
    for linear in linears:
        linear.__dict__.pop("number", None)
        linear.__class__ = torch.nn.Linear


def _where_packed(eager: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled for packed passes. One token is a case of its own to torch's compiler: left out."""
    import torch

    compiled = torch.compile(eager, dynamic=True)

    def forward(states: Tensor, *args: object, **kwargs: object) -> object:
        way = compiled if "packed" in kwargs and states.shape[1] > 1 else eager
        return way(states, *args, **kwargs)

    return forward


@cache
def numbered_linear() -> type[nn.Linear]:
    """The class of linear layers whose products and hooks compiled code does not look into."""
    import torch

    library: Any = torch.library.Library("workbench", "DEF")  # type: ignore[no-untyped-call]
    library.define("linear(Tensor rows, Tensor number, int width) -> Tensor")

    def multiply(rows: Tensor, number: Tensor, width: int) -> Tensor:
        del width
        found: Tensor = _LINEARS[int(number)](rows)
        return found

    def shape(rows: Tensor, number: Tensor, width: int) -> Tensor:
        del number
        return rows.new_empty((*rows.shape[:-1], width))

    library.impl("linear", multiply, "CompositeExplicitAutograd")
    torch.library.register_fake("workbench::linear", shape, lib=library)

    class NumberedLinear(torch.nn.Linear):
        _library = library  # its operators end with it
        number: Tensor

        def __call__(self, rows: Tensor) -> Tensor:
            if torch.compiler.is_dynamo_compiling():
                found: Tensor = torch.ops.workbench.linear(rows, self.number, self.out_features)
                return found
            return super().__call__(rows)  # type: ignore[no-any-return]

    return NumberedLinear
