"""Ways in which servers and the things before them are known to alter a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from workbench.contracts import Variant

TextEdit: TypeAlias = Callable[[str], str]
QWEN_END = "<|endoftext|>"
"""The token at which Qwen3-Embedding's vector is read, as text that its tokenizer knows."""
CHAT = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
"""What Qwen's chat template puts around one message, with the opening of an answer after it."""


def text_edits(*, query: str = "", end: str = "", chat: bool = False) -> Mapping[Variant, TextEdit]:
    """The variants that are made by altering the text alone.

    Args:
        query: The model's query prompt; "": it has none.
        end: The end token as text, where a client may append it to a text whose end the tokenizer
            marks as well; "": the model pools no end token.
        chat: Whether the model's tokenizer knows the marks of Qwen's chat template.
    """
    edits: dict[Variant, TextEdit] = {
        "stripped": str.strip,
        "newlines_to_spaces": lambda text: text.replace("\n", " "),
        "lowercased": str.lower,
    }
    if end:
        edits["double_end"] = lambda text: text + end
    if query:
        edits["query_prompt"] = lambda text: query + text
        edits["query_prompt_twice"] = lambda text: query + query + text
    if chat:
        edits["chat_template"] = lambda text: text.join(CHAT)
    return edits
