"""How a model is run on this machine: chosen once at load, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.contracts import Pooling
from workbench.embedders.local.linears import Layout, choose_layout, pack_linears
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.packed import NOTHING_SHARED, PackedModel
from workbench.embedders.local.packing import longest_first, plan_pack
from workbench.embedders.local.pooling import embed_padded
from workbench.embedders.local.runtime import free_memory
from workbench.embedders.local.tokens import encode_texts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CPU_BUDGET = 2_048
_GPU_BUDGET = 65_536
_LEAST_BUDGET = 256
_SHARE_OF_MEMORY = 0.5
_SAMPLE = ("a", "两个长度", "Texts of several lengths, side by side.", "b", "def f(x): return x")
_CLOSE = {"float32": 1e-6, "bfloat16": 1e-2, "float16": 1e-3}
"""Largest 1 - cosine between a text in a packed row and the same text padded."""


def set_up(loaded: LoadedModel, pooling: Pooling, *, sliding: bool = False) -> tuple[str, ...]:
    """Choose how passes are made, and tell.

    Whether the architecture bears packing is not known from a list: some texts are computed both
    ways, and unless their vectors agree, texts are padded.

    Args:
        loaded: The model; ``packed``, ``ordered`` and ``token_budget`` are set.
        pooling: Which states are kept.
        sliding: Whether some layers look at a window of a text only.

    Returns:
        Sentences for ``EmbedderInfo.notes``.
    """
    layout = choose_layout(loaded.model)
    if layout.packed:
        pack_linears(loaded.model)
        loaded.ordered = True
    why = "its attention looks at a window" if sliding else _try_packed(loaded, pooling)
    loaded.token_budget = choose_budget(loaded.model)
    if why is None:
        said = "texts are packed side by side, none is padded"
    else:
        said = f"texts are padded to the longest of a pass: {why}"
    weights = () if layout.gain is None else (_say_layout(layout),)
    return (f"{said}; a pass takes up to {loaded.token_budget:,} tokens", *weights)


def choose_budget(model: PreTrainedModel) -> int:
    """Tokens of a pass: as many as make it fast, and fewer where memory is short."""
    config = model.config
    usual = _CPU_BUDGET if model.device.type == "cpu" else _GPU_BUDGET
    free = free_memory(str(model.device))
    if free is None:
        return usual
    hidden = int(config.hidden_size)
    inner = int(getattr(config, "intermediate_size", 4 * hidden))
    size = next(model.parameters()).element_size()
    a_token = size * (12 * hidden + 4 * inner)  # states, queries, keys, values and the MLP's
    return int(max(_LEAST_BUDGET, min(usual, _SHARE_OF_MEMORY * free / a_token)))


def _try_packed(loaded: LoadedModel, pooling: Pooling) -> str | None:
    """Set ``loaded.packed`` where it gives the same vectors; else the reason, in words."""
    import torch

    rows = encode_texts(loaded.tokenizer, _SAMPLE, prefix="", unknown_id=None, cancel=None).rows
    packed = PackedModel(loaded.model, pooling)
    lengths = [len(row) for row in rows]
    pack = plan_pack(lengths, longest_first(lengths), budget=sum(lengths))
    chosen = [rows[row] for row in pack.rows]
    with torch.inference_mode():
        try:
            found = packed.embed_pack(chosen, pack.groups, NOTHING_SHARED, lambda: None)
        except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, KeyError) as exc:
            return f"its architecture does not take them side by side ({type(exc).__name__})"
        right = embed_padded(loaded.model, chosen, pooling, pad_id=loaded.pad_id)
    apart = 1 - torch.cosine_similarity(found.double(), right.double(), dim=1).min()
    if not apart <= _CLOSE[str(loaded.model.dtype).removeprefix("torch.")]:
        return f"side by side this architecture gives other vectors (1 - cosine {float(apart):.0e})"
    loaded.packed = packed
    return None


def _say_layout(layout: Layout) -> str:
    there = "are in oneDNN's order" if layout.packed else "stay in torch's order"
    return f"weights {there}: oneDNN has {layout.gain:.2f} times torch's speed here, as measured"
