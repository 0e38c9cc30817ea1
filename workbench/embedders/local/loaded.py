"""The parts of a model in memory, and who may compute with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from workbench.embedders.local.compiled import compile_layers, restore_layers
from workbench.embedders.local.linears import pack_linears, plain_linears, unpack_linears
from workbench.embedders.local.packed import PackedModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn
    from transformers import PreTrainedModel

_LOOK_EVERY_S = 0.1


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
        packed: Takes texts without padding; None: the architecture does not bear it.
        ordered: Whether the weights of linear layers are in oneDNN's order.
        compiled: Whether layers are compiled by torch, where texts are packed.
    """

    model: PreTrainedModel
    tokenizer: Tokenizer
    unknown_id: int | None
    pad_id: int
    token_budget: int
    memory: Memory
    packed: PackedModel | None = None
    ordered: bool = False
    compiled: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def linears(self) -> list[nn.Linear]:
        """Its linear layers, where nearly all of the time goes."""
        return plain_linears(self.model)

    @property
    def held(self) -> bool:
        """Whether a pass is being made."""
        return self._lock.locked()

    @contextmanager
    def computing(self, look: Callable[[], None]) -> Iterator[None]:
        """Hold the model alone: one pass at a time, since a pass sets how attention is computed.

        Args:
            look: Called while another thread computes; raises to stop waiting.
        """
        while not self._lock.acquire(timeout=_LOOK_EVERY_S):
            look()
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def as_loaded(self, look: Callable[[], None]) -> Iterator[PreTrainedModel]:
        """Hold the model alone, with weights as in its file, to be read and copied."""
        with self.computing(look), ExitStack() as undo:
            if self.compiled:
                undo.callback(self.compile_layers)
                self.restore_layers()
            if self.ordered:
                undo.callback(pack_linears, self.model)
                unpack_linears(self.model)
            yield self.model

    def compile_layers(self) -> None:
        """Have torch compile those layers that packed texts pass as a whole."""
        compile_layers(self._whole_layers, self.linears)

    def restore_layers(self) -> None:
        """Undo ``compile_layers``."""
        restore_layers(self._whole_layers, self.linears)

    @property
    def _whole_layers(self) -> list[nn.Module]:
        return [] if self.packed is None else self.packed.whole_layers
