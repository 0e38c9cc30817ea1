"""Made references for the comparison: a variant is a table of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import CancelSignal, Variant
from workbench.errors import InputError
from workbench.maths import normalize_rows
from workbench.studies.doctor.texts import TEXTS

DIM = 96
Vectors = NDArray[np.float32]


def random_rows(seed: int, dim: int = DIM) -> Vectors:
    """(16, dim) unit vectors of no relation to those of another seed."""
    return normalize_rows(np.random.default_rng(seed).standard_normal((len(TEXTS), dim)))


def disturb(rows: Vectors, size: float, seed: int = 99) -> Vectors:
    """Each row off by 1 - cosine ``size``, in a direction of its own."""
    noise = np.random.default_rng(seed).standard_normal(rows.shape)
    noise -= (noise * rows).sum(axis=1, keepdims=True) * rows
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return normalize_rows((1 - size) * rows + np.sqrt(1 - (1 - size) ** 2) * noise)


def put(rows: Vectors, places: Sequence[int], others: Vectors) -> Vectors:
    """The rows with some of them taken from others."""
    made = rows.copy()
    made[list(places)] = others[list(places)]
    return made


class MadeReference:
    """A reference whose variants are given.

    Args:
        rows: By variant, "right" first.
        kind: As the contract names it.
    """

    label = "the made one"
    max_tokens = None

    def __init__(
        self,
        rows: Mapping[Variant, Vectors],
        kind: Literal["weights", "golden", "endpoint"] = "weights",
    ) -> None:
        self.rows = rows
        self.kind = kind
        self.asked: list[Variant] = []

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(self.rows)

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> Vectors:
        self.asked.append(variant)
        places = [TEXTS.index(text) for text in texts]
        return self.rows[variant][places]

    def count_tokens(self, text: str) -> int | None:
        return None

    def cut(self, text: str, tokens: int) -> str:
        raise InputError(text[:tokens])


def make_reference() -> MadeReference:
    """Weights in the likeness of a real model's distances."""
    right = random_rows(0)
    other = random_rows(1)
    return MadeReference(
        {
            "right": right,
            "bf16": disturb(right, 3e-5, 2),
            "int8": disturb(right, 1e-4, 3),
            "int4": disturb(right, 3e-2, 4),
            "no_end": disturb(right, 0.2, 5),
            "double_end": disturb(right, 0.01, 6),
            "mean": disturb(right, 0.5, 7),
            "query_prompt": disturb(right, 0.15, 8),
            "stripped": put(right, (3, 4), disturb(right, 0.03, 9)),
            "newlines_to_spaces": put(right, (3, 4, 8, 15), disturb(right, 0.04, 10)),
            "lowercased": put(right, (2, 5, 9), disturb(right, 0.1, 11)),
            "cut_64": put(right, (11,), disturb(right, 0.1, 12)),
            "rope_base": disturb(right, 0.05, 13),
            "cls": other,
        }
    )
