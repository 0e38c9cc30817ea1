"""What the vectors are by themselves: norms, rounding, and whether texts share one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Finding
from workbench.errors import InputError
from workbench.studies.doctor.drift import name_text
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.texts import PAIR_ALIKE, TEXTS

UNIT = 0.01
"""Norms this near 1 are 1: where SGLang normalises in bfloat16 they are off by 0.0045."""
EXACT = 1e-3
"""Norms this near 1 were normalised in float32, however the numbers were rounded afterwards."""
_ONE_VECTOR = 1e-12
"""1 - cosine at most of two vectors that are one."""
_NEAR = 0.95
"""Cosine above which two texts are all but alike."""
_APART = 0.8
"""Cosine below which the reference has two texts where it is to speak against the endpoint."""
_NORMS = {
    "large": "Ask /v1/embeddings and not the server's own route (llama.cpp's /embedding gives what "
    "is not normalised), or normalise each vector yourself. Cosines are right either way; dot "
    "products are not.",
    "small": "Normalise each vector again: norms below 1 come where vectors are cut and not "
    "normalised afterwards.",
}


@dataclass(frozen=True)
class _Rows:
    """Vectors of texts that were asked for alone.

    Attributes:
        texts: The texts that have one.
        vectors: (n, dim) float32, as the server scaled them.
        norms: (n,) float64.
        cosines: (n, n) float64; 1 on the diagonal.
    """

    texts: tuple[str, ...]
    vectors: NDArray[np.float32]
    norms: NDArray[np.float64] = field(init=False)
    cosines: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        wide = self.vectors.astype(np.float64)
        norms = np.linalg.norm(wide, axis=1)  # (n,)
        unit = wide / norms[:, None]
        object.__setattr__(self, "norms", norms)
        object.__setattr__(self, "cosines", unit @ unit.T)

    def pairs(self) -> NDArray[np.float64]:
        """(n (n - 1) / 2,) cosines of each two texts."""
        found: NDArray[np.float64] = self.cosines[np.triu_indices(len(self.texts), 1)]
        return found


def judge_vectors(evidence: Evidence) -> Finding:
    """The finding of the probe "vectors"."""
    rows = _gather(evidence)
    if rows is None:
        return Finding("vectors", "unknown", "No two texts have a vector of one width")
    lines, numbers = _lines(rows), _numbers(rows)
    found = _find_alike(rows) or _find_norms(rows) or _find_crowded(evidence, rows)
    if found is not None:
        return Finding(
            found.probe,
            found.status,
            found.says,
            found.cause,
            found.mend,
            found.source,
            (*found.evidence, *lines),
            numbers,
        )
    says, cause, mend = _describe(rows)
    return Finding("vectors", "ok", says, cause, mend, evidence=lines, numbers=numbers)


def _gather(evidence: Evidence) -> _Rows | None:
    found = [
        (answer.ask.texts[0], answer.whole[0])
        for answer in evidence.alone
        if answer.whole is not None and len(answer.whole) == 1
    ]
    if len(found) < 2 or len({row.shape for _, row in found}) > 1 or not found[0][1].size:
        return None
    return _Rows(tuple(text for text, _ in found), np.stack([row for _, row in found]))


def _find_alike(rows: _Rows) -> Finding | None:
    """Texts that have one vector between them."""
    equal = np.argwhere(np.triu(rows.cosines >= 1 - _ONE_VECTOR, 1))  # (pairs, 2)
    pairs = [(rows.texts[i], rows.texts[j]) for i, j in equal]
    if not pairs:
        return None
    shown = tuple(f"one vector for {name_text(a)} and {name_text(b)}" for a, b in pairs[:6])
    begin_alike = tuple(TEXTS[place] for place in PAIR_ALIKE)
    if pairs == [begin_alike]:
        says = (
            "Two texts that begin alike have one vector: a server that cuts texts does so, and a "
            "cache by their beginning"
        )
        return Finding("vectors", "unknown", says, evidence=shown)
    shared = len({text for pair in pairs for text in pair})
    all_one = len(pairs) == len(rows.pairs())
    part = f"{shared} of {len(rows.texts)} different texts share a vector with another"
    return Finding(
        "vectors",
        "fail",
        "All texts have one and the same vector" if all_one else part,
        "texts_alike",
        "Ask the server itself, without what stands before it: a cache or a gateway may answer for "
        "it; a server that does so by itself does not read its texts.",
        evidence=shown,
    )


def _find_norms(rows: _Rows) -> Finding | None:
    least, most = float(rows.norms.min()), float(rows.norms.max())
    if max(abs(least - 1), abs(most - 1)) <= UNIT:
        return None
    return Finding(
        "vectors",
        "warn",
        f"The vectors are not normalised: norms {least:.3g} to {most:.3g}",
        "not_normalised",
        _NORMS["small" if most < 1 else "large"],
        "infinity issue 538, QwenLM issue 5" if most < 1 else "ollama issue 11375, llama.cpp 17203",
    )


def _find_crowded(evidence: Evidence, rows: _Rows) -> Finding | None:
    """Texts that lie together here and apart in the reference: their padding is attended to."""
    if evidence.reference is None or float(rows.pairs().min()) < _NEAR:
        return None
    try:
        right = _Rows(rows.texts, evidence.reference.vectors(rows.texts))
    except InputError:  # a saved file holds its own texts only
        return None
    lowest = float(right.pairs().min())
    if lowest >= _APART:
        return None
    return Finding(
        "vectors",
        "warn",
        f"All texts lie together: the smallest cosine of two is {rows.pairs().min():.3f}, in the "
        f"reference {lowest:.3f}",
        "pads_attended",
        "The padding of short texts seems to be attended to: upgrade the server.",
        "mlx-swift-lm issue 418",
    )


def _describe(rows: _Rows) -> tuple[str, str, str]:
    """What unit vectors were rounded to, its cause, and what to do about it."""
    off = float(np.abs(rows.norms - 1).max())
    shape = f"{rows.vectors.shape[1]:,} numbers, norms 1"
    kind = find_rounding(rows.vectors)
    if kind is None:
        return f"{shape} (to {off:.0e})" if off else shape, "", ""
    says = f"{shape} (to {off:.1e}), each number exactly of {kind[1]}"
    if off > EXACT:
        return f"{says}: normalised in it", kind[0], "Normalise again where norms have to be 1."
    return f"{says}: rounded to it", kind[0], ""


def find_rounding(vectors: NDArray[np.float32]) -> tuple[str, str] | None:
    """The narrower type that all numbers are exactly of, as a cause and in words; None: none.

    A number of float32 is one of bfloat16 by chance once in 65,536.

    Args:
        vectors: (n, dim).
    """
    bits = np.ascontiguousarray(vectors, "<f4").view("<u4")
    if not (bits & 0xFFFF).any():
        return "bf16_output", "bfloat16"
    with np.errstate(over="ignore"):
        halves = vectors.astype(np.float16).astype(np.float32)
    return ("fp16_output", "float16") if np.array_equal(halves, vectors) else None


def _lines(rows: _Rows) -> tuple[str, ...]:
    pairs = rows.pairs()
    return (
        f"{len(rows.texts)} texts, {rows.vectors.shape[1]:,} numbers each",
        f"norms {rows.norms.min():.6g} to {rows.norms.max():.6g}",
        f"cosines of two texts: {pairs.min():.3f} to {pairs.max():.3f}, median "
        f"{np.median(pairs):.3f} over {len(pairs)} pairs",
    )


def _numbers(rows: _Rows) -> dict[str, float]:
    pairs = rows.pairs()
    return {
        "width": rows.vectors.shape[1],
        "norm_least": float(rows.norms.min()),
        "norm_most": float(rows.norms.max()),
        "pair_least": float(pairs.min()),
        "pair_most": float(pairs.max()),
    }


PROBE = Probe("vectors", "norms, rounding and alikeness", None, judge_vectors)
