"""Our embedders in mteb, so that any of its tasks runs on them, and those of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Embedder, Prompt, one_import
from workbench.errors import Cancelled, DependencyError, InputError, WorkbenchError

if TYPE_CHECKING:
    from mteb.abstasks import AbsTask
    from mteb.models.models_protocols import EncoderProtocol
    from mteb.results import ModelResult

INSTALL = "pip install 'embedding-workbench[mteb]'"
_ROLES = {"query": "query", "document": "document", "passage": "document"}


def as_mteb_encoder(
    embedder: Embedder,
    *,
    prompts: Mapping[str, str | Prompt | None] | None = None,
    cancel: CancelSignal | None = None,
) -> EncoderProtocol:
    """An embedder as ``mteb.evaluate`` takes it.

    A prompt that is given for the role is used. Else a query of a task with an instruction gets it
    through the model's template, where the model has one; else the model's own prompt for the role;
    else its default. mteb's own wrappers of instruction models put instructions before the texts of
    symmetric tasks too: pass them as ``prompts={"text": ...}`` to compare with numbers made so.
    mteb seeds the global random generators.

    Args:
        embedder: Any; it stays the caller's.
        prompts: By role, "query" or "document"; "text" where a task knows no roles.
        cancel: Looked at while texts are embedded.

    Raises:
        DependencyError: mteb is not installed.
        InputError: Another role.
    """
    unknown = set(prompts or {}) - {"query", "document", "text"}
    if unknown:
        raise InputError(
            f"prompts name {sorted(unknown)}. Roles are 'query', 'document' and 'text'."
        )
    abs_encoder, meta, cosine = _import_mteb()
    info = embedder.info
    name = info.name if info.name.count("/") == 1 else f"local/{info.name.replace('/', '_')}"

    class Encoder(abs_encoder):  # type: ignore[misc, valid-type]  # a class of an optional package
        """mteb's own base, over our embedder."""

        model = embedder
        mteb_model_meta = meta.create_empty(
            overwrites={
                "name": name, "revision": info.revision or "unknown", "embed_dim": info.dim,
                "max_tokens": info.max_tokens, "similarity_fn_name": cosine,
            }
        )  # fmt: skip

        def encode(
            self,
            inputs: Any,  # noqa: ANN401  (a DataLoader of dicts)
            *,
            task_metadata: Any,  # noqa: ANN401
            prompt_type: Any = None,  # noqa: ANN401
            **_: object,
        ) -> NDArray[np.float32]:
            texts = [str(text) for batch in inputs for text in batch["text"]]
            role = _ROLES.get(getattr(prompt_type, "value", None) or "", "text")
            prompt = _choose_prompt(embedder, role, task_metadata.prompt, prompts or {})
            return embedder.embed(texts, prompt=prompt, cancel=cancel).vectors

    return cast("EncoderProtocol", Encoder())


def run_mteb(
    embedder: Embedder,
    tasks: str | AbsTask | Sequence[str | AbsTask],
    *,
    prompts: Mapping[str, str | Prompt | None] | None = None,
    cancel: CancelSignal | None = None,
) -> ModelResult:
    """Run tasks of mteb, by name ("STSB", "T2Retrieval") or as objects; nothing is cached.

    Args:
        embedder: Any; it stays the caller's.
        tasks: Names that mteb knows, or its task objects.
        prompts: See ``as_mteb_encoder``.
        cancel: Looked at while texts are embedded.

    Returns:
        mteb's own result; ``.to_dataframe()`` is its table.

    Raises:
        DependencyError: mteb is not installed.
        InputError: mteb knows no task of this name.
        WorkbenchError: The texts of a task cannot be had, or it failed.
        Cancelled: ``cancel`` was set.
    """
    encoder = as_mteb_encoder(embedder, prompts=prompts, cancel=cancel)
    import mteb

    listed = [tasks] if isinstance(tasks, str) or not isinstance(tasks, Sequence) else list(tasks)
    try:
        chosen = [mteb.get_task(task) if isinstance(task, str) else task for task in listed]
    except (KeyError, ValueError) as exc:
        raise InputError(f"mteb has no such task: {exc}") from exc
    try:
        return mteb.evaluate(
            encoder, chosen, cache=None, show_progress_bar=False, co2_tracker=False
        )
    except (WorkbenchError, Cancelled):
        raise
    except Exception as exc:
        names = ", ".join(task.metadata.name for task in chosen)
        raise WorkbenchError(
            f"mteb did not finish {names}: {type(exc).__name__}: {exc}. Its tasks fetch their "
            "texts from the Hugging Face hub: is it reachable, or HF_ENDPOINT set to a mirror?"
        ) from exc


def _choose_prompt(
    embedder: Embedder,
    role: str,
    instruction: str | Mapping[str, str] | None,
    prompts: Mapping[str, str | Prompt | None],
) -> str | Prompt | None:
    if role in prompts:
        return prompts[role]
    info = embedder.info
    if isinstance(instruction, Mapping):
        instruction = instruction.get(role)
    if role == "query" and instruction and info.instruction_template:
        return Prompt.from_instruction(instruction, info.instruction_template)
    return role if role in info.prompts else None


def _import_mteb() -> tuple[Any, Any, Any]:
    try:
        with one_import("mteb"):
            from mteb.models import ModelMeta
            from mteb.models.abs_encoder import AbsEncoder
            from mteb.models.model_meta import ScoringFunction
    except ImportError as exc:
        raise DependencyError(f"mteb is not installed. Install it with `{INSTALL}`.") from exc
    return AbsEncoder, ModelMeta, ScoringFunction.COSINE
