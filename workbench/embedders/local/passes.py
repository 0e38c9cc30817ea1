"""Passes of the model over token rows, with progress and cancellation."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, EmbedderInfo, Progress, ProgressFn, check_cancel
from workbench.embedders.local.batches import plan_batches
from workbench.embedders.local.pooling import pool_states
from workbench.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Memory:
    """What loading took, in bytes; None where the system does not tell.

    Attributes:
        weights_bytes: The weights alone.
        before_bytes: Held by the process (on a GPU: by torch) before the weights came.
        after_bytes: The same after.
    """

    weights_bytes: int
    before_bytes: int | None
    after_bytes: int | None


@dataclass
class LoadedModel:
    """The parts that ``load_local`` puts together.

    Attributes:
        model: A transformers model in evaluation mode.
        tokenizer: Its fast tokenizer, set to cut and not to pad.
        unknown_id: Id of the unknown token; None where bytes make every text known.
        pad_id: What fills the shorter rows; masked, so any id will do.
        token_budget: Most tokens in one pass.
        memory: What loading took.
    """

    model: PreTrainedModel
    tokenizer: Tokenizer
    unknown_id: int | None
    pad_id: int
    token_budget: int
    memory: Memory


class Run:
    """One call of ``embed``.

    Args:
        loaded: The model.
        info: What it is.
        progress: Told after each batch.
        cancel: Looked at before each batch, and before each linear layer of one, so that a long
            pass on a slow machine still answers.
        copies: How many texts share each token row.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        info: EmbedderInfo,
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
        copies: list[int],
    ) -> None:
        self.loaded = loaded
        self.info = info
        self.progress = progress
        self.cancel = cancel
        self.copies = copies
        self.total = sum(copies)
        self.done = 0

    def embed_rows(self, rows: list[tuple[int, ...]]) -> NDArray[np.float32]:
        """Native vectors (n, native_dim) float32 of token rows, in their order."""
        import torch

        vectors = np.empty((len(rows), self.info.native_dim), np.float32)
        lengths = [len(row) for row in rows]
        hooks = self._hook_layers()
        try:
            with torch.inference_mode():
                self._report()
                for batch in plan_batches(lengths, budget=self.loaded.token_budget):
                    check_cancel(self.cancel, done=self.done, total=self.total)
                    vectors[batch] = self._embed_batch([rows[place] for place in batch])
                    self.done += sum(self.copies[place] for place in batch)
                    self._report()
        except torch.OutOfMemoryError as exc:
            raise ModelError(
                f"{self.info.device} ran out of memory after {self.done:,} of {self.total:,} "
                f"texts. Load with a smaller max_tokens (now {self.info.max_tokens}), or with "
                "device='cpu'."
            ) from exc
        finally:
            for hook in hooks:
                hook.remove()
        return vectors

    def _embed_batch(self, rows: list[tuple[int, ...]]) -> NDArray[np.float32]:
        import torch

        width = max(1, *(len(row) for row in rows)) if rows else 1
        ids = torch.full((len(rows), width), self.loaded.pad_id, dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[place, : len(row)] = 1
        device = self.loaded.model.device
        ids, mask = ids.to(device), mask.to(device)
        output = self.loaded.model(input_ids=ids, attention_mask=mask, **self._call_options())
        assert self.info.pooling is not None
        pooled = pool_states(output.last_hidden_state, mask, self.info.pooling)
        vectors: NDArray[np.float32] = pooled.cpu().numpy()
        return vectors

    def _call_options(self) -> dict[str, bool]:
        causal = getattr(self.loaded.model.config, "use_cache", None) is not None
        return {"use_cache": False} if causal and self.info.pooling == "last_token" else {}

    def _hook_layers(self) -> list[Any]:
        """Let ``cancel`` answer inside a long pass: it is looked at before each linear layer."""
        if self.cancel is None:
            return []
        import torch

        caller = threading.get_ident()

        def look(*_: object) -> None:
            if threading.get_ident() == caller:  # the layers are every caller's
                check_cancel(self.cancel, done=self.done, total=self.total)

        return [
            module.register_forward_pre_hook(look)
            for module in self.loaded.model.modules()
            if isinstance(module, torch.nn.Linear)
        ]

    def _report(self) -> None:
        if self.progress is not None:
            self.progress(Progress("embed", self.done, self.total))
