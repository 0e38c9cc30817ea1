"""A model directory to a LocalEmbedder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.contracts import Backend, EmbedderInfo, one_import, size_words
from workbench.embedders.arrays import check_dim
from workbench.embedders.local.anatomy import OFFSET_TYPES
from workbench.embedders.local.embedder import LocalEmbedder
from workbench.embedders.local.loaded import LoadedModel, Memory
from workbench.embedders.local.runtime import (
    TOLERANCES,
    Runtime,
    choose_runtime,
    limit_threads,
    memory_in_use,
    quiet_transformers,
)
from workbench.embedders.local.setup import choose_budget, set_up
from workbench.embedders.local.tokens import prepare_tokenizer
from workbench.embedders.recipe import Recipe
from workbench.errors import IncompleteModelError, InputError, ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_local(  # noqa: PLR0913  (a model has as many options as it has)
    directory: Path,
    recipe: Recipe,
    *,
    name: str,
    backend: Backend = "local",
    revision: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    dim: int | None = None,
    max_tokens: int | None = None,
    compile: bool = False,
    notes: tuple[str, ...] = (),
) -> LocalEmbedder:
    """Load a directory that ``inspect_model`` found whole.

    Raises:
        ModelError: A device or type that is not there; code the model brings along; layers that
            cannot be compiled here.
        IncompleteModelError: The weights lack tensors of the architecture.
        InputError: ``dim`` or ``max_tokens`` outside what the model has.
    """
    with one_import("torch", "transformers", str(directory)):  # each architecture is a module
        runtime = choose_runtime(device, dtype)
        limit_threads()
        before = memory_in_use(runtime.device)
        model, tokenizer = _load_parts(directory, runtime)
    native_dim = int(model.config.hidden_size)
    width = check_dim(dim, native_dim)
    limit = _choose_limit(max_tokens, recipe, model, tokenizer)
    fast = prepare_tokenizer(tokenizer, max_tokens=limit, recipe=recipe)
    loaded = LoadedModel(
        model=model,
        tokenizer=fast,
        unknown_id=_unknown_id(tokenizer),
        pad_id=tokenizer.pad_token_id or 0,
        token_budget=choose_budget(model),
        memory=_weigh(model, before, runtime),
    )
    run_as = set_up(loaded, recipe.pooling, sliding=_slides(model), compiled=compile)
    info = _describe(recipe, runtime, loaded, name=name, backend=backend, width=width, limit=limit)
    said = (*notes, *_describe_dim(width, native_dim, recipe), *info.notes, *run_as)
    if recipe.lowercase:
        said = (*said, "texts are put in lower case first, as sentence_bert_config.json asks")
    return LocalEmbedder(replace(info, revision=revision, notes=said), loaded)


def _describe(
    recipe: Recipe,
    runtime: Runtime,
    loaded: LoadedModel,
    *,
    name: str,
    backend: Backend,
    width: int,
    limit: int,
) -> EmbedderInfo:
    return EmbedderInfo(
        name=name,
        backend=backend,
        dim=width,
        native_dim=int(loaded.model.config.hidden_size),
        normalized=recipe.normalize,
        tolerance=TOLERANCES[runtime.dtype],
        max_tokens=limit,
        pooling=recipe.pooling,
        dtype=runtime.dtype,
        device=runtime.device,
        prompts=recipe.prompts,
        default_prompt=recipe.default_prompt,
        instruction_template=recipe.instruction_template,
        notes=(runtime.note, *_describe_memory(loaded.memory)),
    )


def _weigh(model: PreTrainedModel, before: int | None, runtime: Runtime) -> Memory:
    weights = sum(part.numel() * part.element_size() for part in model.parameters())
    return Memory(weights, before, memory_in_use(runtime.device))


def _describe_memory(memory: Memory) -> tuple[str, ...]:
    weights = f"the weights take {size_words(memory.weights_bytes)}"
    if memory.before_bytes is None or memory.after_bytes is None:
        return (weights,)
    before, after = size_words(memory.before_bytes), size_words(memory.after_bytes)
    return (weights, f"memory in use: {before} before loading, {after} after")


def _load_parts(
    directory: Path, runtime: Runtime
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    with quiet_transformers():
        import torch
        from transformers import AutoModel, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                directory, use_fast=True, local_files_only=True, trust_remote_code=False
            )
            model, report = AutoModel.from_pretrained(
                directory,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                dtype=getattr(torch, runtime.dtype),
                attn_implementation="sdpa",
                output_loading_info=True,
            )
            model = model.eval().to(runtime.device)
        except torch.OutOfMemoryError as exc:
            raise ModelError(
                f"{directory.name} does not fit into the memory of {runtime.device}. "
                "Take a smaller model, or device='cpu'."
            ) from exc
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as exc:
            raise ModelError(f"transformers cannot load {directory}: {exc}") from exc
    # a pooling head that the recipe does not use may be missing, and no more than that
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise IncompleteModelError(
            f"{directory} lacks {len(missing)} tensors that its architecture has, first "
            f"{missing[0]!r}: they would be random. Fetch the weights again."
        )
    return model, tokenizer


def _choose_limit(
    asked: int | None, recipe: Recipe, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> int:
    positions = int(getattr(model.config, "max_position_embeddings", 0)) or 512
    if model.config.model_type in OFFSET_TYPES:
        positions -= 2  # positions start after the padding id
    largest = min(positions, int(tokenizer.model_max_length))
    if asked is None:
        return min(recipe.max_tokens or largest, positions)
    smallest = 1 + int(tokenizer.num_special_tokens_to_add())
    if not smallest <= asked <= positions:
        raise InputError(
            f"max_tokens={asked!r} was asked. This model takes {smallest} to {positions:,} "
            "tokens, special tokens included."
        )
    return asked


def _slides(model: PreTrainedModel) -> bool:
    """Whether some layers look at a window of a text only."""
    config = model.config
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return any("sliding" in kind for kind in kinds)
    used = getattr(config, "use_sliding_window", True)  # Mistral's says nothing of layers
    return bool(used) and getattr(config, "sliding_window", None) is not None


def _unknown_id(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Id of the unknown token where the vocabulary really uses it (not byte-level BPE)."""
    model = tokenizer.backend_tokenizer.model
    if type(model).__name__ == "BPE" and getattr(model, "unk_token", None) is None:
        return None
    return None if tokenizer.unk_token_id is None else int(tokenizer.unk_token_id)


def _describe_dim(dim: int, native_dim: int, recipe: Recipe) -> tuple[str, ...]:
    if dim == native_dim:
        return ()
    again = " and scaled to unit length again" if recipe.normalize else ""
    said = f"vectors are cut from {native_dim} to their first {dim} components{again}"
    if recipe.matryoshka is None:
        return (f"{said}; the authors do not claim that this model bears it (Matryoshka)",)
    low, high = recipe.matryoshka
    if not low <= dim <= high:
        return (f"{said}; the authors trained widths from {low} to {high}",)
    return (said,)
