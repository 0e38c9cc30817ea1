"""Token states to one vector per text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.contracts import Pooling
from workbench.embedders.local.packing import Row

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def embed_padded(
    model: PreTrainedModel, rows: Sequence[Row], pooling: Pooling, *, pad_id: int
) -> Tensor:
    """(n, dim) float32 of n token rows that are filled up to the longest, as transformers asks."""
    import torch

    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[place, : len(row)] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    causal = getattr(model.config, "use_cache", None) is not None and pooling == "last_token"
    options = {"use_cache": False} if causal else {}
    output = model(input_ids=ids, attention_mask=mask, **options)
    return pool_states(output.last_hidden_state, mask, pooling)


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
