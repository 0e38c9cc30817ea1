"""Passes of the model over token rows, with progress and cancellation."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, EmbedderInfo, Progress, ProgressFn, check_cancel
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.packed import NOTHING_SHARED, Shared
from workbench.embedders.local.packing import Pack, Row, plan_order, plan_pack
from workbench.embedders.local.pooling import embed_padded
from workbench.embedders.local.runtime import give_back_memory, is_out_of_memory
from workbench.embedders.local.tokens import TokenRows, join_rows
from workbench.errors import Cancelled, ModelError

_REPORT_EVERY_S = 0.25


class Run:
    """One call of ``embed``.

    Args:
        loaded: The model.
        info: What it is.
        progress: Told after each pass, and within a long one.
        cancel: Looked at before each pass, and before each linear layer of one, so that a long
            pass on a slow machine still answers.
        total: Texts of the call.

    Attributes:
        notes: What happened on the way, a sentence each.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        info: EmbedderInfo,
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
        total: int,
    ) -> None:
        self.notes: tuple[str, ...] = ()
        self._loaded = loaded
        self._info = info
        self._progress = progress
        self._cancel = cancel
        self._copies: Counter[Row] = Counter()
        self._total = total
        self._done = 0
        self._steps = 0
        self._tokens = 0
        self._reported = time.monotonic()

    def embed_parts(
        self, parts: Iterator[TokenRows], prefix: Row = ()
    ) -> tuple[NDArray[np.float32], TokenRows]:
        """Native vectors (n, native_dim) float32 of all texts in their order, and all their tokens.

        Texts with the same tokens are computed once, whichever part they are in.

        Args:
            parts: Token rows of the texts, some at a time.
            prefix: Tokens of the prompt that stands before each; computed once where it can be.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: There is no memory for one text alone.
        """
        known: dict[Row, int] = {}
        found = [np.empty((0, self._info.native_dim), np.float32)]
        taken: list[TokenRows] = []
        while (part := self._next(parts)) is not None:
            self._copies = Counter(part.rows)
            new = [row for row in self._copies if row not in known]
            self._done += len(part.rows) - sum(self._copies[row] for row in new)
            found.append(self._embed_rows(new, prefix))
            known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
            taken.append(part)
        tokens = join_rows(taken)
        places = np.array([known[row] for row in tokens.rows], np.intp)  # (n,)
        return np.concatenate(found)[places], tokens

    def _next(self, parts: Iterator[TokenRows]) -> TokenRows | None:
        try:
            return next(parts, None)
        except Cancelled:
            self._check()  # with how many were done
            raise

    def _embed_rows(self, rows: Sequence[Row], prefix: Row) -> NDArray[np.float32]:
        import torch

        try:
            with torch.inference_mode(), self._watching():
                self._report()
                shared = self._share(rows, prefix)
                return self._embed_all(rows, shared)
        except RuntimeError as exc:
            if not is_out_of_memory(exc):
                raise
            raise ModelError(
                f"{self._info.device} ran out of memory after {self._done:,} of {self._total:,} "
                f"texts, in a pass of one text of {self._tokens:,} tokens. Load with a smaller "
                f"max_tokens (now {self._info.max_tokens}), or with device='cpu'."
            ) from exc

    def _embed_all(self, rows: Sequence[Row], shared: Shared) -> NDArray[np.float32]:
        vectors = np.empty((len(rows), self._info.native_dim), np.float32)
        own = [row[len(shared.row) :] for row in rows]
        lengths = [len(row) for row in own]
        packed = self._loaded.packed
        budget = self._loaded.token_budget
        order = plan_order(own, causal=packed is not None and packed.causal, budget=budget)
        while order.rows:
            self._check()
            pack = plan_pack(
                lengths, order, budget=budget, padded=packed is None, shared=len(shared.row)
            )
            self._steps, self._tokens = 0, pack.tokens if packed else pack.weight
            found = self._try(own, pack, shared)
            if found is None:
                budget = self._halve(pack)
                continue
            vectors[list(pack.rows)] = found
            order = order.after(len(pack.rows))
            self._done += sum(self._copies[rows[row]] for row in pack.rows)
            self._report()
        return vectors

    def _share(self, rows: Sequence[Row], prefix: Row) -> Shared:
        if self._loaded.packed is None:
            return NOTHING_SHARED
        self._steps, self._tokens = 0, len(prefix)
        with self._loaded.computing(self._check):
            return self._loaded.packed.share(rows, prefix, self._look)

    def _try(self, rows: Sequence[Row], pack: Pack, shared: Shared) -> NDArray[np.float32] | None:
        """The vectors of a pass; None: memory ran out, and what the pass held is free again."""
        try:
            return self._compute(rows, pack, shared)
        except RuntimeError as exc:
            if len(pack.rows) == 1 or not is_out_of_memory(exc):
                raise
            return None

    def _compute(self, rows: Sequence[Row], pack: Pack, shared: Shared) -> NDArray[np.float32]:
        loaded = self._loaded
        chosen = [rows[row] for row in pack.rows]
        with loaded.computing(self._check):
            if loaded.packed is not None:
                found = loaded.packed.embed_pack(chosen, pack, shared, self._look)
            else:
                assert self._info.pooling is not None
                found = embed_padded(loaded.model, chosen, self._info.pooling, pad_id=loaded.pad_id)
            vectors: NDArray[np.float32] = found.cpu().numpy()
        return vectors

    def _halve(self, pack: Pack) -> int:
        """Half of what the pass that did not fit took, said once for each halving."""
        budget = max(1, pack.weight // 2)
        give_back_memory(self._info.device or "cpu")
        self.notes += (
            f"{self._info.device} ran out of memory in a pass of {len(pack.rows):,} texts; passes "
            f"take {budget:,} tokens at most from there on",
        )
        self._loaded.token_budget = budget
        self._report(self.notes[-1])
        return budget

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Let ``cancel`` and ``progress`` answer inside a long pass: before each linear layer."""
        if self._cancel is None and self._progress is None:
            yield
            return
        caller = threading.get_ident()

        def step(*_: object) -> None:
            if threading.get_ident() == caller:  # the layers are every caller's
                self._steps += 1
                self._look()

        hooks = [layer.register_forward_pre_hook(step) for layer in self._loaded.linears]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _look(self) -> None:
        self._check()
        if self._progress is not None and time.monotonic() - self._reported > _REPORT_EVERY_S:
            share = min(0.99, self._steps / max(1, len(self._loaded.linears)))
            self._report(
                f"{self._done:,} of {self._total:,} texts, and {share:.0%} of a pass of "
                f"{self._tokens:,} tokens"
            )

    def _check(self) -> None:
        check_cancel(self._cancel, done=self._done, total=self._total)

    def _report(self, message: str = "") -> None:
        self._reported = time.monotonic()
        if self._progress is not None:
            self._progress(Progress("embed", self._done, self._total, message))
