"""How a model is run on this machine: chosen once at load, and said."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from workbench.contracts import Pooling
from workbench.embedders.local.compiled import calls_from_compiled
from workbench.embedders.local.kernels import Kernel, find_kernels
from workbench.embedders.local.linears import (
    Layout,
    choose_layout,
    compare_float32,
    pack_linears,
    plain_linears,
)
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.packed import NOTHING_SHARED, PackedModel
from workbench.embedders.local.packing import Row, plan_order, plan_pack
from workbench.embedders.local.pooling import embed_padded
from workbench.embedders.local.runtime import free_memory, is_out_of_memory
from workbench.embedders.local.tokens import encode_texts
from workbench.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_CPU_BUDGET = 2_048
_GPU_BUDGET = 65_536
_LEAST_BUDGET = 256
_SHARE_OF_MEMORY = 0.5
_SAMPLE = ("a", "两个长度", "Texts of several lengths, side by side.", "b", "Texts of two lengths")
_CLOSE = {"float32": 1e-6, "bfloat16": 1e-2, "float16": 1e-3}
"""Largest 1 - cosine between two ways to compute a text: packed and padded, compiled and not."""

_DRIFT = (
    "bfloat16 is coarser than float32: on 300 texts the cosines of all-MiniLM-L6-v2 were up to "
    "0.005 off"
)
"""By ``benchmarks/local_speed.py --corpus mixed --count 300 --compared 300 --dtype bfloat16``."""
_WINDOW = "texts are padded to the longest of a pass: its attention looks at a window"


def set_up(
    loaded: LoadedModel, pooling: Pooling, *, sliding: bool = False, compiled: bool = False
) -> tuple[str, ...]:
    """Choose how passes are made, and tell.

    Whether the architecture bears packing is not known from a list: some texts are computed both
    ways, and unless their vectors agree, texts are padded.

    Args:
        loaded: The model; ``packed`` and ``ordered`` are set.
        pooling: Which states are kept.
        sliding: Whether some layers look at a window of a text only.
        compiled: Whether layers are to be compiled by torch.

    Returns:
        Sentences for ``EmbedderInfo.notes``.

    Raises:
        ModelError: Layers cannot be compiled here; or no memory is left.
    """
    layout = choose_layout(loaded.model)
    half = _say_half(loaded.model, layout)
    if layout.packed:
        pack_linears(loaded.model)
        loaded.ordered = True
    said = (_WINDOW,) if sliding else _choose_packed(loaded, pooling)
    budget = f"a pass takes up to {loaded.token_budget:,} tokens"
    weights = () if layout.gain is None else (_say_layout(layout),)
    fused = (_compile(loaded, said),) if compiled else ()
    return (*said, budget, *weights, *half, *fused)


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


def _choose_packed(loaded: LoadedModel, pooling: Pooling) -> tuple[str, ...]:
    """Set ``loaded.packed`` where it gives the vectors of padded texts, and tell."""
    failed: list[str] = []
    for kernel in chain(find_kernels(loaded.model), (None,)):
        why = _try_packed(loaded, pooling, kernel)
        if why is None:
            how = () if kernel is None else (f"attention is computed by {kernel.name}",)
            return ("texts are packed side by side, none is padded", *failed, *how)
        if kernel is not None:
            failed.append(f"{kernel.name} is not used: {why}")
    return (*failed, f"texts are padded to the longest of a pass: {why}")


def _try_packed(loaded: LoadedModel, pooling: Pooling, kernel: Kernel | None) -> str | None:
    """Set ``loaded.packed`` where some texts, packed, are as they are padded; else why not.

    Raises:
        ModelError: There is no memory left for so few texts.
    """
    import torch

    rows = encode_texts(loaded.tokenizer, _SAMPLE, prefix="", unknown_id=None, cancel=None).rows
    try:
        packed = PackedModel(loaded.model, pooling, kernel)
        with torch.inference_mode():
            found = _embed_packed(packed, rows, ())
            right = embed_padded(loaded.model, rows, packed.pooling, pad_id=loaded.pad_id)
            if packed.kernel is not None:  # where keys outnumber queries, kernels differ
                start = max(rows, key=len)[:-1]
                rows = [start + row for row in rows]
                found = torch.cat([found, _embed_packed(packed, rows, start)])
                more = embed_padded(loaded.model, rows, packed.pooling, pad_id=loaded.pad_id)
                right = torch.cat([right, more])
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, KeyError) as exc:
        if isinstance(exc, RuntimeError) and is_out_of_memory(exc):
            raise ModelError(
                f"{loaded.model.device} has no memory left for a few words, beside the weights. "
                "Take a smaller model, or device='cpu'."
            ) from exc
        first_line = str(exc).split("\n")[0]
        return f"it does not take texts side by side ({type(exc).__name__}: {first_line:.120})"
    apart = _apart(found, right)
    if not apart <= _close(loaded.model):
        return f"side by side it gives other vectors (1 - cosine {apart:.0e})"
    loaded.packed = packed
    return None


def _compile(loaded: LoadedModel, said: Sequence[str]) -> str:
    """Set ``loaded.compiled`` where compiled layers give the vectors of others, and tell.

    Raises:
        ModelError: torch cannot, or gives other vectors.
    """
    import torch

    asked = f"compile=True was asked on {loaded.model.device}"
    packed = loaded.packed
    if packed is None or not packed.whole_layers:
        why = said[-1] if packed is None else "it has no row of several layers"
        raise ModelError(f"{asked}, which this model does not bear: {why}. Leave compile out.")
    started = time.perf_counter()
    rows = encode_texts(loaded.tokenizer, _SAMPLE, prefix="", unknown_id=None, cancel=None).rows
    with torch.inference_mode():
        right = _embed_packed(packed, rows, ())
        try:
            found = _embed_compiled(loaded, packed, rows)
        except Exception as exc:  # a compiler fails in its own ways
            loaded.restore_layers()
            if isinstance(exc, RuntimeError) and is_out_of_memory(exc):
                raise ModelError(f"{asked}, which has no memory left for it.") from exc
            inner = getattr(exc, "inner_exception", exc)  # what torch's own error wraps
            reason = next(filter(None, map(str.strip, str(inner).split("\n"))), "no reason given")
            needs = (
                " It needs a C++ compiler, such as g++."
                if loaded.model.device.type == "cpu"
                else ""
            )
            raise ModelError(
                f"{asked}, and torch cannot compile here ({type(inner).__name__}: {reason:.200})."
                f"{needs} Leave compile out: the vectors are the same, and take longer."
            ) from exc
    apart = _apart(found, right)
    if not apart <= _close(loaded.model):
        loaded.restore_layers()
        raise ModelError(
            f"{asked}, and gives other vectors (1 - cosine {apart:.0e}). Leave compile out."
        )
    loaded.compiled = True
    return f"layers are compiled by torch, which took {time.perf_counter() - started:.0f} s"


def _embed_compiled(loaded: LoadedModel, packed: PackedModel, rows: Sequence[Row]) -> Tensor:
    """(n, dim) by layers that are compiled now.

    Raises:
        RuntimeError: They are run as before all the same; and what torch raises.
    """
    import torch._dynamo  # its settings are not there before

    with warnings.catch_warnings(), torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        warnings.simplefilter("ignore", DeprecationWarning)  # torch 2.13's, of itself
        loaded.compile_layers()
        _embed_packed(packed, [row + row for row in rows], ())  # one size may be special by chance
        before = calls_from_compiled(loaded.linears)
        found = _embed_packed(packed, rows, ())
    if calls_from_compiled(loaded.linears) == before:
        raise RuntimeError("layers run as before; is TORCHDYNAMO_DISABLE set?")
    return found


def _apart(found: Tensor, right: Tensor) -> float:
    """Largest 1 - cosine of (n, dim) to (n, dim)."""
    import torch

    return float(1 - torch.cosine_similarity(found.double(), right.double(), dim=1).min())


def _close(model: PreTrainedModel) -> float:
    return _CLOSE[str(model.dtype).removeprefix("torch.")]


def _embed_packed(packed: PackedModel, rows: Sequence[Row], start: Row) -> Tensor:
    """(n, dim) in the order of the rows, in one pass."""
    import torch

    shared = packed.share(rows, start, lambda: None) if start else NOTHING_SHARED
    own = [row[len(shared.row) :] for row in rows]
    order = plan_order(own, causal=packed.causal, worth=0)
    pack = plan_pack([len(row) for row in own], order, budget=sum(map(len, own)))
    found = packed.embed_pack([own[row] for row in pack.rows], pack, shared, lambda: None)
    return found[torch.tensor(pack.rows).argsort().to(found.device)]


def _say_layout(layout: Layout) -> str:
    there = "are in oneDNN's order" if layout.packed else "stay in torch's order"
    return f"weights {there}: oneDNN has {layout.gain:.2f} times torch's speed here, as measured"


def _say_half(model: PreTrainedModel, layout: Layout) -> tuple[str, ...]:
    """What a shorter type costs, and on a CPU what it gains, since not every one computes in it."""
    dtype = str(model.dtype).removeprefix("torch.")
    if dtype == "float32":
        return ()
    drift = (_DRIFT,) if dtype == "bfloat16" else ()
    if model.device.type != "cpu" or not plain_linears(model):
        return drift
    gain = compare_float32(model, packed=layout.packed)
    if gain >= 1:
        speed = f"{dtype} multiplies {gain:.1f} times as fast as float32 here, as measured"
    else:
        speed = (
            f"{dtype} multiplies {1 / gain:.1f} times as slowly as float32 on this processor, as "
            "measured: dtype='float32' is the faster and the exact one"
        )
    return (speed, *drift)
