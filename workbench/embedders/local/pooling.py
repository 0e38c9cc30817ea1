"""Token states to one vector per text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.contracts import Pooling

if TYPE_CHECKING:
    from torch import Tensor


def pool_states(states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """One vector per text from right-padded token states.

    Args:
        states: (n, width, dim) last hidden states.
        mask: (n, width) 1 for real tokens, 0 for padding after them.
        pooling: Which states are kept.

    Returns:
        (n, dim) float32, on the device of ``states``.
    """
    if pooling == "cls":
        return states[:, 0].float()  # (n, dim)
    lengths = mask.sum(dim=1)  # (n,)
    if pooling == "last_token":
        rows = lengths.new_tensor(range(len(lengths)))
        return states[rows, lengths - 1].float()  # (n, dim)
    weights = mask.unsqueeze(-1).float()  # (n, width, 1)
    summed = (states.float() * weights).sum(dim=1)  # (n, dim)
    return summed / lengths.unsqueeze(-1)
