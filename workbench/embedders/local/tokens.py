"""Texts to token rows, with what was cut and what the vocabulary lacks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, check_cancel
from workbench.embedders.recipe import Recipe
from workbench.errors import InputError, ModelError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from transformers import PreTrainedTokenizerBase

_TEXTS_BETWEEN_CANCEL_CHECKS = 512
_TEXTS_AHEAD = 8_192
"""Some 0.2 s of a tokenizer."""


@dataclass(frozen=True)
class TokenRows:
    """Tokens of n texts.

    Attributes:
        rows: n tuples of token ids, special tokens included.
        truncated: (n,) bool.
        unknown: (n,) float32, share of the text's own tokens that the vocabulary lacks.
    """

    rows: list[tuple[int, ...]]
    truncated: NDArray[np.bool_]
    unknown: NDArray[np.float32]


def prepare_tokenizer(
    tokenizer: PreTrainedTokenizerBase, *, max_tokens: int, recipe: Recipe
) -> Tokenizer:
    """The fast tokenizer inside a transformers one, set to cut at ``max_tokens`` and not to pad.

    A tokenizer.json may carry its own padding and a shorter limit (MiniLM's does: 128 of each);
    both are replaced here. The recipe may ask for lower case and for an end token.

    Raises:
        ModelError: There is no fast tokenizer, or it lacks the recipe's ``end_token``.
    """
    backend: Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(
            f"{type(tokenizer).__name__} has no fast tokenizer (tokenizer.json). Convert it with "
            "transformers' convert_slow_tokenizer and save it beside the weights."
        )
    if recipe.end_token is not None:
        _append_token(backend, recipe.end_token)
    if recipe.lowercase:
        _put_lowercase_first(backend)
    backend.no_padding()
    backend.enable_truncation(max_tokens)
    return backend


def _append_token(backend: Tokenizer, token: str) -> None:
    from tokenizers import processors

    token_id = backend.token_to_id(token)
    if token_id is None:
        raise ModelError(f"the tokenizer has no token {token!r}, which this model pools.")
    backend.post_processor = processors.TemplateProcessing(
        single=f"$A {token}", pair=None, special_tokens=[(token, token_id)]
    )


def _put_lowercase_first(backend: Tokenizer) -> None:
    """Lower case before all else, unless a step does it: as sentence-transformers' Transformer."""
    from tokenizers import normalizers

    present = backend.normalizer
    steps: list[normalizers.Normalizer | None] = [present]
    if isinstance(present, normalizers.Sequence):
        steps = list(present)  # type: ignore[call-overload]  # its stub leaves out __getitem__
    if not any(isinstance(step, normalizers.Lowercase) for step in steps):
        kept = [step for step in steps if step is not None]
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *kept])


def encode_texts(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    prefix: str,
    unknown_id: int | None,
    cancel: CancelSignal | None,
    first: int = 0,
) -> TokenRows:
    """Token rows of ``prefix + text``; ``first`` is the place of the first text among its caller's.

    Raises:
        InputError: A text has no token at all.
        Cancelled: ``cancel`` was set.
    """
    count = len(texts)
    rows: list[tuple[int, ...]] = []
    truncated = np.zeros(count, np.bool_)
    unknown = np.zeros(count, np.float32)
    for start in range(0, count, _TEXTS_BETWEEN_CANCEL_CHECKS):
        check_cancel(cancel, done=0, total=count)
        part = [prefix + text for text in texts[start : start + _TEXTS_BETWEEN_CANCEL_CHECKS]]
        for row, encoding in enumerate(tokenizer.encode_batch(part), start):
            if not encoding.ids:
                raise InputError(
                    f"texts[{first + row}] is {texts[row]!r:.40}, which this model's tokenizer "
                    "turns into no token at all, so that there is nothing to pool. Leave "
                    "that text out."
                )
            rows.append(tuple(encoding.ids))
            truncated[row] = bool(encoding.overflowing)
            if unknown_id is not None:
                unknown[row] = _unknown_share(encoding, unknown_id, len(prefix))
    return TokenRows(rows, truncated, unknown)


def encode_ahead(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    prefix: str,
    unknown_id: int | None,
    cancel: CancelSignal | None,
    together: int,
) -> Generator[TokenRows, None, None]:
    """Token rows of so many texts at a time, the others made in a thread meanwhile.

    Close it: texts whose rows nobody takes any more are not worth a tokenizer's time.

    Raises:
        InputError: A text has no token at all; as soon as that is known.
        Cancelled: ``cancel`` was set.
    """
    encode = partial(encode_texts, tokenizer, prefix=prefix, unknown_id=unknown_id, cancel=cancel)
    thread = ThreadPoolExecutor(1, "tokenizer")
    try:
        ahead = deque(
            thread.submit(encode, texts[start : start + together], first=start)
            for start in range(0, len(texts), together)
        )
        while ahead:
            tokens = ahead.popleft().result()
            for made in ahead:
                if made.done():
                    made.result()
            yield tokens
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def texts_together(device: str, count: int) -> int:
    """How many of ``count`` texts are made tokens of before the model begins.

    A GPU takes short texts about as fast as a tokenizer gives them, and would wait half the time. A
    processor has no hands free: there all are looked at before the first is computed.
    """
    return max(1, _TEXTS_AHEAD if device.startswith("cuda") else count)


def join_rows(parts: Sequence[TokenRows]) -> TokenRows:
    """One after the other."""
    return TokenRows(
        rows=[row for part in parts for row in part.rows],
        truncated=np.concatenate([np.zeros(0, np.bool_), *(part.truncated for part in parts)]),
        unknown=np.concatenate([np.zeros(0, np.float32), *(part.unknown for part in parts)]),
    )


def _unknown_share(encoding: Encoding, unknown_id: int, prefix_length: int) -> float:
    if unknown_id not in encoding.ids:
        return 0.0
    own = [
        token
        for token, special, (_, end) in zip(
            encoding.ids, encoding.special_tokens_mask, encoding.offsets, strict=True
        )
        if not special and end > prefix_length
    ]
    return own.count(unknown_id) / len(own) if own else 0.0
