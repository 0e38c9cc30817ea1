"""What a transformers model is made of, as far as passes without padding have to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

OFFSET_TYPES = {"roberta", "xlm-roberta", "camembert"}
"""Those whose positions are counted from behind the padding id."""


def is_causal(model: PreTrainedModel) -> bool:
    """Whether each token sees those before it only."""
    return any(getattr(module, "is_causal", False) for module in model.modules())


def find_layers(model: PreTrainedModel) -> list[nn.Module]:
    """The model's own stack of layers, in order; empty where there is not one such stack."""
    import torch

    count = getattr(model.config, "num_hidden_layers", 0)
    stacks = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == count
    ]
    return list(stacks[0]) if count and len(stacks) == 1 else []


def first_position(model: PreTrainedModel) -> int:
    """RoBERTa counts positions from behind its padding id."""
    if model.config.model_type in OFFSET_TYPES:
        return int(model.config.pad_token_id) + 1
    return 0
