"""Toys for the doctor's probes: a server whose recipe is a function, and the reference for it.

Vectors come from a hash of the text as the model sees it, so that any change of it shows at once;
"the end token" is a word that a healthy server appends.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.embedders.remote.fault_server import (
    MODEL,
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    encode_vector,
    tokens_of,
    vector_of,
)
from workbench.contracts import Ask, Budget, CancelSignal, Finding, Variant
from workbench.embedders.remote.line import EndpointLine
from workbench.errors import InputError
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.texts import TEXTS

DIM = 128
END = " <end>"
Vector: TypeAlias = NDArray[np.float32]
Recipe: TypeAlias = Callable[[Call], Sequence[Vector]]
"""From a request to a vector for each of its texts."""


def right(text: str) -> NDArray[np.float32]:
    """(DIM,) what a healthy server gives."""
    return vector_of(text + END, DIM)


def healthy(call: Call) -> list[NDArray[np.float32]]:
    return [right(text) for text in call.texts]


def drift(vector: NDArray[np.float32], key: str, size: float) -> NDArray[np.float32]:
    """The vector, off by about so much in 1 - cosine, by a noise that the key decides."""
    noise = np.random.default_rng(zlib.crc32(key.encode())).normal(size=len(vector))
    off = vector + np.sqrt(2 * size) * noise / np.linalg.norm(noise)
    unit: Vector = (off / np.linalg.norm(off)).astype(np.float32)
    return unit


def serve(recipe: Recipe) -> Callable[[FaultServer, Call], Reply]:
    """Answer every request by a recipe, in the encoding asked for."""

    def answer(_: FaultServer, call: Call) -> Reply:
        rows = recipe(call)
        encoding = call.asked.get("encoding_format", "float")
        tokens = sum(map(tokens_of, call.texts))
        data = [
            {"index": place, "embedding": encode_vector(row, encoding)}
            for place, row in enumerate(rows)
        ]
        return as_json({"data": data, "model": MODEL, "usage": {"prompt_tokens": tokens}})

    return answer


class ToyReference:
    """The right vectors, and those without the end token; a word is a token.

    Args:
        max_tokens: Of the model.
        known: The only texts it can embed; None: it can embed any.
    """

    label = "the toy"
    variants: tuple[Variant, ...] = ("right", "no_end")

    def __init__(
        self, max_tokens: int | None = None, *, known: Sequence[str] | None = None
    ) -> None:
        self.max_tokens = max_tokens
        self.kind: Literal["weights", "golden", "endpoint"] = "golden" if known else "weights"
        self._known = known

    def vectors(
        self,
        texts: Sequence[str],
        variant: Variant = "right",
        *,
        cancel: CancelSignal | None = None,
    ) -> NDArray[np.float32]:
        if self._known is not None and not set(texts) <= set(self._known):
            raise InputError("a saved file has its own texts only")
        end = END if variant == "right" else ""
        return np.stack([vector_of(text + end, DIM) for text in texts])

    def count_tokens(self, text: str) -> int | None:
        return tokens_of(text)

    def cut(self, text: str, tokens: int) -> str:
        return cut(text, tokens - 1)


def cut(text: str, words: int) -> str:
    """The first words of a text, as they stand."""
    kept = text.split(" ")[:words]
    return " ".join(kept)


def examine(
    fault: Fault,
    *probes: Probe,
    reference: ToyReference | None = None,
    deep: bool = False,
    budget: Budget | None = None,
) -> tuple[Evidence, list[Finding]]:
    """What probes find at a server with a fault, after the texts were asked for as usual."""
    with FaultServer(fault, dim=DIM) as server:
        line = EndpointLine(server.base_url, MODEL, budget=budget or Budget(600, 400_000))
        try:
            evidence = Evidence(line.open(), reference, deep)
            evidence.alone = line.ask([Ask((text,)) for text in TEXTS])
            evidence.batch = line.ask([Ask(TEXTS)])[0]
            evidence.packed = line.ask([Ask(TEXTS, "base64")])[0]
            findings = []
            for probe in probes:
                if probe.ask is not None:
                    probe.ask(line, evidence)
                findings.append(probe.judge(evidence))
            return evidence, findings
        finally:
            line.close()
