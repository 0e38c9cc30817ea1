"""How token states become the vector that a model's authors meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.contracts import Pooling


@dataclass(frozen=True)
class Recipe:
    """Everything between a text and its vector that is not in the weights.

    Attributes:
        pooling: Which token states are kept.
        normalize: Scale the vector to unit L2 norm.
        max_tokens: Longest input, special tokens included; None: what the weights allow.
        prompts: Named prompts.
        default_prompt: Name of the prompt applied when none is asked for.
        instruction_template: Where an instruction goes, with ``{task}``.
        matryoshka: (smallest, largest) width the authors trained for; None: they claim none.
        lowercase: Texts are put in lower case before the tokenizer's own normaliser.
        end_token: Token to append because the tokenizer file forgets to; None: nothing to append.
    """

    pooling: Pooling
    normalize: bool
    max_tokens: int | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    instruction_template: str | None = None
    matryoshka: tuple[int, int] | None = None
    lowercase: bool = False
    end_token: str | None = None
