"""An endpoint's vectors beside a reference's: how far from each variant, whose neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Reference, Variant
from workbench.maths import neighbour_overlap, neighbours
from workbench.studies.doctor.drift import BANDS, HALF, distances

Vectors: TypeAlias = NDArray[np.float32]
Distances: TypeAlias = NDArray[np.float64]
Width: TypeAlias = Literal["same", "narrower", "wider"]

NEAREST = 3
"""Neighbours that are compared for the ranking."""
FLOOR = 1e-7
"""Smallest root mean square that is told from none: float32 has no more digits."""
MORE = 4.0
"""So many times bfloat16's noise on the same model and texts is still its noise: other kernels
and other orders of sums give up to twice as much."""


@dataclass(frozen=True)
class Fit:
    """The endpoint's vectors held against one variant.

    Attributes:
        variant: The variant.
        apart: (n,) 1 - cosine of each text.
    """

    variant: Variant
    apart: Distances

    @property
    def worst(self) -> float:
        """Largest 1 - cosine."""
        return float(self.apart.max(initial=0.0))

    @property
    def spread(self) -> float:
        """Root mean square of 1 - cosine, never below ``FLOOR``: a single odd text counts."""
        return max(float(np.sqrt(np.mean(self.apart**2))), FLOOR)

    def only(self, kept: NDArray[np.bool_]) -> Fit:
        """The same over some of the texts."""
        return Fit(self.variant, self.apart[kept])


class Table:
    """Fits of one endpoint's vectors, each variant computed when it is first looked at.

    Args:
        endpoint: (n, dim) of the texts.
        reference: What they are held against.
        texts: What was embedded.
    """

    def __init__(self, endpoint: Vectors, reference: Reference, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.reference = reference
        wanted = reference.vectors(self.texts)  # (n, native_dim)
        self.full_width = wanted.shape[1]
        self.own_width = endpoint.shape[1]
        self._shared = min(self.full_width, self.own_width)
        self.endpoint: Vectors = endpoint[:, : self._shared]  # (n, shared)
        self._fits: dict[Variant, Fit] = {}

    @property
    def width(self) -> Width:
        """The endpoint's width beside the reference's; the first components are compared."""
        if self.own_width == self.full_width:
            return "same"
        return "narrower" if self.own_width < self.full_width else "wider"

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those that the reference can compute."""
        return self.reference.variants

    def vectors(self, variant: Variant) -> Vectors:
        """(n, shared) of the reference; not normalised again, which no cosine minds."""
        return self.reference.vectors(self.texts, variant)[:, : self._shared]

    def fit(self, variant: Variant) -> Fit:
        """How the endpoint fits a variant."""
        if variant not in self._fits:
            self._fits[variant] = Fit(variant, distances(self.endpoint, self.vectors(variant)))
        return self._fits[variant]

    def has(self, variant: Variant) -> bool:
        """Whether the reference can compute it."""
        return variant in self.variants

    def altered(self, variant: Variant) -> NDArray[np.bool_]:
        """(n,) whether the variant has another vector than the right recipe."""
        return distances(self.vectors(variant), self.vectors("right")) > FLOOR

    def noise(self, variant: Variant) -> float | None:
        """Largest 1 - cosine between the right recipe and a rounded one; None: not to be had."""
        if not self.has(variant):
            return None
        return float(distances(self.vectors(variant), self.vectors("right")).max(initial=0.0))

    @cached_property
    def band(self) -> float:
        """Largest 1 - cosine that half precision explains, with this model where it is at hand."""
        measured = self.noise("bf16")
        return HALF if measured is None else max(BANDS.half.largest, MORE * measured)

    @cached_property
    def plain(self) -> NDArray[np.bool_]:
        """(n,) texts whose white space nobody can alter."""
        kept = [text == text.strip() and "\n" not in text for text in self.texts]
        return np.array(kept, dtype=bool)

    @cached_property
    def kept_neighbours(self) -> Distances:
        """(n,) share of each text's nearest three that are the same by the right recipe."""
        theirs, _ = neighbours(self.endpoint, NEAREST)
        ours, _ = neighbours(self.vectors("right"), NEAREST)
        return neighbour_overlap(ours, theirs)

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """(n,) whose right vector, of all the texts', each of the endpoint's is nearest to."""
        ours = self.vectors("right").astype(np.float64)
        ours /= np.linalg.norm(ours, axis=1, keepdims=True)
        scores = self.endpoint.astype(np.float64) @ ours.T  # (n, n)
        found: NDArray[np.intp] = np.argmax(scores, axis=1)  # (n, n) -> (n,)
        return found
