"""Texts to token rows, rightly or with something left out, added or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.contracts import EmbedderInfo
from workbench.embedders.local.loaded import LoadedModel
from workbench.embedders.local.packing import Row
from workbench.embedders.local.tokens import encode_texts

if TYPE_CHECKING:
    from tokenizers import Encoding

CHAT_END = "<|im_end|>"


class Rows:
    """Makes the token rows of one model.

    Args:
        info: What the embedder is.
        loaded: Its parts.

    Attributes:
        lead: Special tokens before a text.
        tail: Special tokens after it.
    """

    def __init__(self, info: EmbedderInfo, loaded: LoadedModel) -> None:
        self.info = info
        self.loaded = loaded
        marks = self._encode("a").special_tokens_mask
        ids = self._encode("a").ids
        self.lead: Row = tuple(ids[: marks.index(0)])
        self.tail: Row = tuple(ids[len(marks) - marks[::-1].index(0) :])

    def whole(self, text: str) -> Row:
        """As the model's recipe says."""
        unknown = self.loaded.unknown_id
        return encode_texts(
            self.loaded.tokenizer, [text], prefix="", unknown_id=unknown, cancel=None
        ).rows[0]

    def bare(self, text: str) -> Row:
        """Without special tokens, cut where the model's input ends."""
        return tuple(self._encode(text, special=False).ids)

    def ended_otherwise(self, text: str) -> Row:
        """With the end of a chat message in the place of the end token."""
        own = self.bare(text)[: (self.info.max_tokens or len(text) + 1) - 1]
        end = self.loaded.tokenizer.token_to_id(CHAT_END)
        assert end is not None
        return (*own, end)

    def cut(self, text: str, tokens: int) -> Row:
        """At most so many tokens, the special ones at the end kept as tokenizers keep them."""
        row, kept = self.whole(text), len(self.tail)
        return row if len(row) <= tokens else row[: tokens - kept] + row[len(row) - kept :]

    @property
    def end(self) -> str:
        """The end token as text, where the model pools one, else ""."""
        if self.info.pooling != "last_token" or not self.tail:
            return ""
        return self.loaded.tokenizer.id_to_token(self.tail[-1]) or ""

    @property
    def knows_chat(self) -> bool:
        """Whether the tokenizer has the marks of Qwen's chat template."""
        tokenizer = self.loaded.tokenizer
        return None not in (tokenizer.token_to_id("<|im_start|>"), tokenizer.token_to_id(CHAT_END))

    def count(self, text: str) -> int:
        """Tokens of a text, special ones included, however long it is."""
        return len(self.lead) + len(self.tail) + len(self.spans(text))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """From and to which character each token of a text reaches, however long it is."""
        encoding = self._encode(text, special=False)
        return [span for part in (encoding, *encoding.overflowing) for span in part.offsets]

    def _encode(self, text: str, *, special: bool = True) -> Encoding:
        return self.loaded.tokenizer.encode(text, add_special_tokens=special)
