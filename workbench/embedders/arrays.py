"""Small array and text checks that every backend shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError, ModelError
from workbench.maths import truncate_dim


def check_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list, unaltered.

    Raises:
        InputError: ``texts`` is one string, or holds an item that is not a string or that no
            tokenizer can read (a lone surrogate).
    """
    if isinstance(texts, (str, bytes)):
        raise InputError(
            f"embed() takes a sequence of texts and was given one {type(texts).__name__}. "
            "Put it in a list: embed([text])."
        )
    listed = list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            raise InputError(
                f"texts[{index}] is {text!r:.60} ({type(text).__name__}), not a string. "
                "Drop it or pass str(...)."
            )
        check_encodable(text, f"texts[{index}]")
    return listed


def check_encodable(text: str, where: str) -> None:
    """Refuse a string that has no UTF-8 form.

    Raises:
        InputError: A lone surrogate, half of a character that was cut in two.
    """
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InputError(
            f"{where} holds a lone surrogate (U+{ord(text[exc.start]):04X} at character "
            f"{exc.start}): half of a character that was cut in two. Read the source again as "
            "UTF-8, or drop that character."
        ) from exc


def finish_rows(native: NDArray[np.float32], dim: int, *, normalize: bool) -> NDArray[np.float32]:
    """Native vectors as they are handed out: cut to ``dim``, at unit norm where asked.

    Raises:
        ModelError: A value is NaN or infinite.
    """
    if not np.isfinite(native).all():
        broken = int((~np.isfinite(native).all(axis=1)).sum())
        raise ModelError(
            f"the model computed NaN or infinity for {broken:,} of {len(native):,} texts. "
            "Load it with dtype='float32'; if that does not help, its weights are damaged."
        )
    if normalize:
        return truncate_dim(native, dim)  # (n, native_dim) -> (n, dim)
    return np.ascontiguousarray(native[:, :dim])  # (n, native_dim) -> (n, dim)


def check_dim(dim: int | None, native_dim: int) -> int:
    """The width to return: ``dim``, or the native one where it is None.

    Raises:
        InputError: Less than 1 or more than the model has.
    """
    if dim is None:
        return native_dim
    if isinstance(dim, bool) or not isinstance(dim, int) or not 1 <= dim <= native_dim:
        raise InputError(
            f"dim={dim!r} was asked of a model whose vectors have {native_dim} components. "
            f"Allowed: 1 to {native_dim}, or None for all of them."
        )
    return dim
