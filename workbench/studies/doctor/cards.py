"""Figures that are published of models' vectors: scores of a card's texts, first components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.studies.doctor.tokens import PREFIX

QUERIES = (f"{PREFIX}What is the capital of China?", f"{PREFIX}Explain gravity")
DOCUMENTS = (
    "The capital of China is Beijing.",
    "Gravity is a force that attracts two bodies towards each other. It gives weight to physical "
    "objects and is responsible for the movement of planets around the sun.",
)
"""The four texts of the model's card."""
CARD = "Qwen3-Embedding model card"
_TEI = "test snapshot of text-embeddings-inference (Apache-2.0), test_qwen3, float32 on a CPU"


@dataclass(frozen=True)
class Published:
    """What is known of one model without its weights.

    Attributes:
        name: Of the model.
        dim: Width of its vectors.
        scores: (2, 2) cosines of ``QUERIES`` with ``DOCUMENTS``, as computed once or more.
        first: First components of unit vectors, by text, without a prompt.
        sources: Where from.
    """

    name: str
    dim: int
    scores: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    first: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    sources: str = CARD

    @property
    def texts(self) -> tuple[str, ...]:
        """What is asked for."""
        return (*QUERIES, *DOCUMENTS, *self.first)


FIRST_VALUES: Mapping[str, tuple[float, ...]] = {
    "What is Deep Learning?": (
        -0.015721, -0.031910, -0.010947, -0.066955, -0.017525, 0.064638, -0.062125, 0.003443,
        -0.073208, 0.016646, 0.027850, -0.069068, -0.003299, -0.009588, -0.054325, 0.064710,
    ),
    "Deep Learning is...": (
        -0.028774, -0.002868, -0.011316, -0.071037, -0.000222, 0.051849, -0.063520, 0.005573,
        -0.065555, 0.018045, 0.031293, -0.069231, 0.008829, -0.010764, -0.049337, 0.074046,
    ),
}  # fmt: skip
"""Of unit norm; from the snapshot's vectors."""
PUBLISHED = (
    Published(
        "Qwen3-Embedding-0.6B",
        1024,
        (
            ((0.7645568, 0.1414251), (0.1354974, 0.5999550)),
            ((0.7620253, 0.1407894), (0.1358369, 0.6013816)),
        ),
        FIRST_VALUES,
        f"{CARD} (scores, float32 and vLLM bfloat16); {_TEI}",
    ),
    Published("Qwen3-Embedding-8B", 4096, (((0.7493, 0.0751), (0.0880, 0.6318)),)),
)
