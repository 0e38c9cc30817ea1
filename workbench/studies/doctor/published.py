"""Values that a model's authors and others have published, for where no reference is at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.cards import PUBLISHED, Published
from workbench.studies.doctor.causes import END_MISSING, SLICED
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.known import find_known
from workbench.studies.doctor.serving import name_model
from workbench.texts.edits import QWEN_END

NEAR = 5e-3
"""Scores may differ by so much: those published in float32 and in vLLM's bfloat16 differ by
2.5e-3."""
VALUES = 0.16
"""Relative error of a vector's first components that half precision explains: 1 - cosine up to
3e-3 is a relative error of 0.08 over all of them, and 16 may have twice their share."""


@dataclass(frozen=True)
class Held:
    """One set of answers beside what is published.

    Attributes:
        scores: (2, 2) cosines.
        score_off: Largest difference to a published score.
        value_off: Largest relative error of the first components; None: none are published.
    """

    scores: NDArray[np.float64]
    score_off: float
    value_off: float | None

    @property
    def fits(self) -> bool:
        """Whether half precision explains all differences."""
        return self.score_off <= NEAR and (self.value_off or 0.0) <= VALUES

    @property
    def line(self) -> str:
        """The numbers."""
        flat = ", ".join(f"{score:.4f}" for score in self.scores.ravel())
        more = "" if self.value_off is None else f"; first values off by {self.value_off:.1%}"
        return f"scores {flat}, off by {self.score_off:.4f} at most{more}"


def find_published(evidence: Evidence) -> Published | None:
    """What is published of the model that was asked for, by its name; None: nothing is known."""
    for name in name_model(evidence.opening):
        known = find_known(name)
        for one in PUBLISHED:
            if known is not None and known.name == one.name:
                return one
    return None


def ask_published(line: Line, evidence: Evidence, known: Published) -> None:
    """Two requests: the texts as they are, and with the end token appended."""
    ended = tuple(text + QWEN_END for text in known.texts)
    evidence.card = line.ask([Ask(known.texts), Ask(ended)])


def judge_published(evidence: Evidence, known: Published) -> Finding:
    """The finding of the probe "parity" where nothing but published values is at hand."""
    held = [_hold(answer, known) for answer in evidence.card]
    plain = held[0] if held else None
    if plain is None:
        return Finding(
            "parity",
            "unknown",
            f"No vectors came of the texts that values of {known.name} are published of",
            "nothing_to_compare",
            source=known.sources,
        )
    ended = held[1] if len(held) > 1 else None
    width = _width(evidence)
    if plain.fits:
        return _name_fit(known, plain, width)
    if ended is not None and ended.fits:
        return _name_ended(evidence, known, plain, ended)
    return _name_other(evidence, known, plain, ended)


def hold_rows(rows: NDArray[np.float32], known: Published) -> Held:
    """Vectors of ``known.texts`` (n, dim) beside what is published of them."""
    unit = rows.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    scores = unit[:2] @ unit[2:4].T  # (2, dim) x (dim, 2) -> (2, 2)
    off = min(float(np.abs(scores - np.array(one)).max()) for one in known.scores)
    errors = [
        _error(row, np.array(first))
        for row, first in zip(unit[4:], known.first.values(), strict=True)
    ]
    return Held(scores, off, max(errors) if errors else None)


def _hold(answer: Answer, known: Published) -> Held | None:
    rows = answer.whole
    if rows is None or len(rows) != len(known.texts) or not rows.any(axis=1).all():
        return None
    return hold_rows(rows, known)


def _error(row: NDArray[np.float64], first: NDArray[np.float64]) -> float:
    """Relative error of the first components by direction, so that cut vectors can be held too."""
    own = row[: len(first)]
    if len(own) < len(first) or not own.any():
        return 2.0
    unit, wanted = own / np.linalg.norm(own), first / np.linalg.norm(first)
    return float(np.linalg.norm(unit - wanted))


def _width(evidence: Evidence) -> int | None:
    found = (answer.vectors for answer in evidence.card if answer.vectors is not None)
    return next((vectors.shape[1] for vectors in found), None)


def _name_fit(known: Published, plain: Held, width: int | None) -> Finding:
    numbers = _numbers(plain)
    if width != known.dim:
        says = f"{SLICED.says}: {width} of {known.dim}, and they agree with what is published"
        return Finding(
            "parity", "fail", says, SLICED.word, SLICED.mend, known.sources, (plain.line,), numbers
        )
    return Finding(
        "parity",
        "ok",
        f"The vectors agree with what is published of {known.name} up to what half precision "
        f"gives (scores within {plain.score_off:.4f})",
        source=known.sources,
        evidence=(
            plain.line,
            "four scores and some first values cannot show what happens to other texts: hold it "
            "against the weights or a golden file for that",
        ),
        numbers=numbers,
    )


def _name_ended(evidence: Evidence, known: Published, plain: Held, ended: Held) -> Finding:
    return Finding(
        "parity",
        "fail",
        f"{END_MISSING.says}: the published values of {known.name} come once {QWEN_END} is "
        f"appended (scores within {ended.score_off:.4f}), as it is they are off by "
        f"{plain.score_off:.2f}",
        END_MISSING.word,
        END_MISSING.mend_on(evidence.opening.engine),
        f"{END_MISSING.source}; {known.sources}",
        (f"as it is: {plain.line}", f"with {QWEN_END}: {ended.line}"),
        _numbers(plain),
        0.95,
    )


def _name_other(evidence: Evidence, known: Published, plain: Held, ended: Held | None) -> Finding:
    width = _width(evidence)
    lines = [f"as it is: {plain.line}"]
    lines += [] if ended is None else [f"with {QWEN_END}: {ended.line}"]
    wanted = ", ".join(f"{score:.4f}" for score in np.array(known.scores[0]).ravel())
    alien = width != known.dim
    size = f" ({width} numbers, not {known.dim})" if alien else ""
    return Finding(
        "parity",
        "fail",
        f"The vectors are not those that are published of {known.name}{size}: scores off by "
        f"{plain.score_off:.3f}, where half precision gives {NEAR}",
        "another_model" if alien else "published_values_missed",
        "Pass the weights (--reference DIR): against them the wrong recipe can be named. Known "
        "ones are other pooling, a prompt before every text, weights of 4 bits, and another model.",
        known.sources,
        (*lines, f"published scores: {wanted}"),
        _numbers(plain),
        0.9 if alien else 0.5,
    )


def _numbers(held: Held) -> dict[str, float]:
    found = {"score_off": held.score_off}
    if held.value_off is not None:
        found["value_off"] = held.value_off
    return found
