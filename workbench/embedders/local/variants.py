"""A model's vectors computed rightly, and in each way that is known to go wrong in service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import (
    CancelSignal,
    EmbedderInfo,
    Pooling,
    Variant,
    check_cancel,
)
from workbench.embedders.local.anatomy import is_causal
from workbench.embedders.local.changed import FALLBACK_BASE, Numbers, changed_model, rope_base
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.packing import Row
from workbench.embedders.local.pooling import pool_states
from workbench.embedders.local.rows import CHAT_END, Rows
from workbench.errors import InputError, ModelError
from workbench.maths import normalize_rows
from workbench.texts.edits import TextEdit, text_edits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SAMPLE = "  White space, Capitals\nand a line break \n"
"""Holds what the edits of texts alter."""
_SMALL = 50_000_000
"""Parameters of a model that one thread computes as fast as several, on a short text."""


@dataclass(frozen=True)
class Way:
    """What becomes of a token row.

    Attributes:
        pooling: Which states are kept.
        numbers: What is computed with.
        bidirectional: Every token sees every other, where the model has each see those before it.
    """

    pooling: Pooling
    numbers: Numbers = "float32"
    bidirectional: bool = False


@dataclass(frozen=True)
class Making:
    """How one variant is made.

    Attributes:
        row: Its token row of a text.
        pooling: None: the model's own.
        numbers: What is computed with.
        bidirectional: See ``Way``.
        has_sense: Whether it says anything of a model.
    """

    row: Callable[[Rows, str], Row] = Rows.whole
    pooling: Pooling | None = None
    numbers: Numbers = "float32"
    bidirectional: bool = False
    has_sense: Callable[[Rows], bool] = field(default=lambda _: True)


def _pools_otherwise(pooling: Pooling) -> Making:
    return Making(pooling=pooling, has_sense=lambda rows: rows.info.pooling != pooling)


def _edited(edit: TextEdit) -> Making:
    return Making(lambda rows, text: rows.whole(edit(text)))


def _cut_at(tokens: int) -> Making:
    return Making(
        lambda rows, text: rows.cut(text, tokens),
        has_sense=lambda rows: (rows.info.max_tokens or tokens + 1) > tokens,
    )


_MAKINGS: Mapping[Variant, Making] = {
    "right": Making(),
    "bf16": Making(numbers="bf16"),
    "int8": Making(numbers="int8"),
    "int4": Making(numbers="int4"),
    "no_end": Making(Rows.bare, has_sense=lambda rows: bool(rows.end)),
    "im_end": Making(
        Rows.ended_otherwise,
        has_sense=lambda rows: rows.knows_chat and rows.end not in ("", CHAT_END),
    ),
    "no_special": Making(
        Rows.bare, has_sense=lambda rows: not rows.end and bool(rows.lead + rows.tail)
    ),
    "mean": _pools_otherwise("mean"),
    "cls": _pools_otherwise("cls"),
    "last": _pools_otherwise("last_token"),
    "bidirectional": Making(
        bidirectional=True, has_sense=lambda rows: is_causal(rows.loaded.model)
    ),
    "rope_base": Making(
        numbers="rope_base",
        has_sense=lambda rows: rope_base(rows.loaded.model) not in (None, FALLBACK_BASE),
    ),
    "cut_64": _cut_at(64),
    "cut_128": _cut_at(128),
    "cut_256": _cut_at(256),
}
"""One line a variant; those that alter the text are in ``workbench.texts.edits``."""


class VariantMaker:
    """Vectors of one model by variant, each text in a pass of its own, in float32.

    What was computed is kept, by what was computed: variants that alter nothing on a text share
    its vector.

    Args:
        info: What the embedder is.
        loaded: Its parts; nothing of them is changed afterwards.
    """

    def __init__(self, info: EmbedderInfo, loaded: LoadedModel) -> None:
        self.rows = Rows(info, loaded)
        self._makings = _choose_makings(self.rows)
        self._known: dict[tuple[Way, Row], NDArray[np.float32]] = {}

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those that have a sense for the model, "right" first."""
        return tuple(self._makings)

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        cancel: CancelSignal | None = None,
        *,
        numbers: Numbers | None = None,
    ) -> NDArray[np.float32]:
        """(n, native_dim) float32 of unit norm.

        Args:
            texts: n texts.
            variant: Which.
            cancel: Looked at between texts.
            numbers: What is computed with; None: what the variant says.

        Raises:
            InputError: The model has no such variant, or a text has no token in it.
            ModelError: The device ran out of memory.
            Cancelled: ``cancel`` was set.
        """
        making = self._makings.get(variant)
        if making is None:
            raise InputError(
                f"variant={variant!r} has no sense for {self.rows.info.name}. "
                f"Known for it: {', '.join(self._makings)}."
            )
        assert self.rows.info.pooling is not None
        pooling = making.pooling or self.rows.info.pooling
        way = Way(pooling, numbers or making.numbers, making.bidirectional)
        rows = [making.row(self.rows, text) for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if not row:
                raise InputError(
                    f"{text!r:.40} has no token left in the variant {variant!r}. Leave it out."
                )
        self._compute(way, list(dict.fromkeys(rows)), cancel)
        if not rows:
            return np.zeros((0, self.rows.info.native_dim), np.float32)
        return np.stack([self._known[way, row] for row in rows])  # (n, native_dim)

    def _compute(self, way: Way, rows: Sequence[Row], cancel: CancelSignal | None) -> None:
        missing = [row for row in rows if (way, row) not in self._known]
        if not missing:
            return
        import torch

        def look() -> None:
            check_cancel(cancel, done=0, total=len(missing))

        look()
        try:
            with (
                self.rows.loaded.as_loaded(look) as whole,
                changed_model(whole, way.numbers) as model,
                _few_threads(model),
            ):
                for done, row in enumerate(missing):
                    check_cancel(cancel, done=done, total=len(missing))
                    self._known[way, row] = _pass_row(model, row, way)
        except torch.OutOfMemoryError as exc:
            raise ModelError(
                f"{self.rows.info.device} ran out of memory for a copy of {self.rows.info.name} "
                f"({way.numbers}). A server on the same device may hold the rest of it: load the "
                "reference with device='cpu'."
            ) from exc


def _choose_makings(rows: Rows) -> dict[Variant, Making]:
    chosen = {name: making for name, making in _MAKINGS.items() if making.has_sense(rows)}
    edits = text_edits(query=rows.info.prompts.get("query", ""), end=rows.end, chat=rows.knows_chat)
    for name, edit in edits.items():
        if rows.whole(edit(_SAMPLE)) != rows.whole(_SAMPLE):
            chosen[name] = _edited(edit)
    return chosen


@contextmanager
def _few_threads(model: PreTrainedModel) -> Iterator[None]:
    """One thread for a small model: waiting for a second one costs more than it computes.

    A pass of a short text through it takes a millisecond or so, and torch's threads wait by
    spinning: beside a server on the same processor such a pass took twenty times as long.
    """
    import torch

    before = torch.get_num_threads()
    try:
        if model.num_parameters() < _SMALL:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)


def _pass_row(model: PreTrainedModel, row: Row, way: Way) -> NDArray[np.float32]:
    """(dim,) float32 of unit norm."""
    import torch

    with torch.inference_mode():
        ids = torch.tensor([row], device=model.device)  # (1, width)
        ones = torch.ones_like(ids)
        mask = ones
        if way.bidirectional:
            mask = torch.ones((1, 1, len(row), len(row)), dtype=torch.bool, device=ids.device)
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state  # (1, width, dim)
        pooled = pool_states(states, ones, way.pooling).cpu().numpy()  # (1, dim)
    return cast("NDArray[np.float32]", normalize_rows(pooled)[0])
