"""What becomes of a request that names a width: refused, ignored, cut, normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer, Ask, Finding, Line
from workbench.studies.doctor.drift import APART, distance, name_answer
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.stability import make_fresh
from workbench.studies.doctor.texts import PAIR_ALIKE, TEXTS

NARROW = 32
_KNOWN = TEXTS[PAIR_ALIKE[0]]
_UNIT = 0.01
"""Norms this near 1 are 1; half precision gives up to 0.004."""
_REFUSED = (
    "QwenLM issue 85, vllm issue 16331: a config.json without is_matryoshka; vLLM takes "
    "--hf-overrides '{\"is_matryoshka\": true}', SGLang --json-model-override-args"
)


def ask_widths(line: Line, evidence: Evidence) -> None:
    """Ask a text that was asked before, and a fresh one first narrow and then whole."""
    width = _width(evidence)
    if width is None or width < 2:
        return
    fresh, half = make_fresh("the width of a vector"), width // 2
    evidence.narrow += line.ask([Ask((_KNOWN,), dimensions=half)])
    last = evidence.narrow[-1]
    if last.outcome == "vectors":
        evidence.narrow += line.ask([Ask((fresh,), dimensions=half), Ask((fresh,))])
        if half > NARROW:
            evidence.narrow += line.ask([Ask((_KNOWN,), dimensions=NARROW)])
    if last.outcome == "refusal" and last.kind not in ("fault", "not_the_server", "busy"):
        evidence.narrow += line.ask([Ask((_KNOWN,), dimensions=width)])


def judge_widths(evidence: Evidence) -> Finding:
    """The finding of the probe "dimensions"."""
    width, own = _width(evidence), _find_own(evidence)
    if not evidence.narrow or evidence.narrow[0].outcome == "unasked" or width is None:
        return Finding("dimensions", "unknown", "No narrower vector was asked for")
    first = evidence.narrow[0]
    if first.outcome in ("refusal", "trouble", "reply"):
        return _name_refusal(evidence, width)
    cached = _find_cache(evidence, width)
    if cached is not None:
        return cached
    if own is None or first.whole is None:
        return Finding("dimensions", "unknown", name_answer(first))
    if first.whole.shape[1] == width:
        return Finding(
            "dimensions",
            "warn",
            f"`dimensions` is ignored: {first.ask.dimensions} were asked for, {width} came",
            "dimensions_ignored",
            "Cut the vectors yourself and normalise them again, where the model allows that.",
            "llama.cpp and Ollama do so, SGLang did in 0.4.9, TEI before 1.8",
            numbers={"asked": float(first.ask.dimensions or 0), "came": width},
        )
    return _name_narrow(evidence, own)


def _width(evidence: Evidence) -> int | None:
    return next((a.vectors.shape[1] for a in evidence.alone if a.vectors is not None), None)


def _find_own(evidence: Evidence) -> NDArray[np.float32] | None:
    """(dim,) of the known text in full."""
    found = (a.whole for a in evidence.alone if a.ask.texts == (_KNOWN,))
    vectors = next(found, None)
    return None if vectors is None else vectors[0]


def _name_refusal(evidence: Evidence, width: int) -> Finding:
    first = evidence.narrow[0]
    lines = [f"{first.ask.dimensions} of {width}: {name_answer(first)}"]
    lines += [
        f"the full {width}: {'taken' if answer.outcome == 'vectors' else name_answer(answer)}"
        for answer in evidence.narrow[1:]
        if answer.outcome != "unasked"
    ]
    if first.kind == "busy":
        return Finding("dimensions", "unknown", "The server was too busy", evidence=tuple(lines))
    if first.outcome != "refusal" or first.kind in ("fault", "not_the_server"):
        return Finding(
            "dimensions",
            "warn",
            "A request that names `dimensions` ends in an error",
            "dimensions_fail",
            "Name no dimensions; cut the vectors yourself and normalise them again.",
            evidence=tuple(lines),
        )
    return Finding(
        "dimensions",
        "ok",
        "`dimensions` is refused: cut the vectors yourself, where the model allows that",
        source=_REFUSED,
        evidence=tuple(lines),
    )


def _find_cache(evidence: Evidence, width: int) -> Finding | None:
    """Whether a text's width is that of an earlier request for it."""
    wholes = [answer.whole for answer in evidence.narrow[:3]]
    if len(wholes) < 3 or any(whole is None for whole in wholes):
        return None
    known, narrow, full = (whole.shape[1] for whole in wholes if whole is not None)
    if full == width and known == narrow:
        return None
    half = evidence.narrow[0].ask.dimensions
    return Finding(
        "dimensions",
        "fail",
        "The width of a vector is not what is asked for but what was asked for first",
        "cache",
        "Switch off or mend the cache in front of the server: `dimensions` has to be in its key.",
        evidence=(
            f"{half} asked for a text that was there in full: {known} came",
            f"{half} asked for a fresh text: {narrow} came",
            f"the same text in full, {width}: {full} came",
        ),
        numbers={"known": known, "fresh": narrow, "full": full},
    )


def _name_narrow(evidence: Evidence, own: NDArray[np.float32]) -> Finding:
    """What the narrow vectors are of the full one."""
    answers = [answer for answer in evidence.narrow if answer.ask.texts == (_KNOWN,)]
    looks = [look for look in (_look_at(answer, own) for answer in answers) if look is not None]
    lines = tuple(look.says for look in looks)
    worst, least = max(look.off for look in looks), min(look.norm for look in looks)
    numbers = {"largest": worst, "norm_min": least}
    if worst > APART:
        return Finding(
            "dimensions",
            "fail",
            "The narrow vectors are not the first components of the full ones",
            "dimensions_wrong",
            "Name no dimensions; cut the full vectors yourself and normalise them again.",
            evidence=lines,
            numbers=numbers,
        )
    if abs(float(np.linalg.norm(own)) - 1) <= _UNIT and least < 1 - _UNIT:
        return Finding(
            "dimensions",
            "warn",
            f"Narrow vectors are cut and not normalised again (norm down to {least:.2f})",
            "dimensions_not_normalised",
            "Normalise them before they are compared by dot product.",
            "infinity issue 538, QwenLM issue 5",
            lines,
            numbers,
        )
    says = "Narrow vectors are the first components of the full ones, normalised again"
    return Finding("dimensions", "ok", says, evidence=lines, numbers=numbers)


@dataclass(frozen=True)
class _Look:
    off: float
    norm: float
    says: str


def _look_at(answer: Answer, own: NDArray[np.float32]) -> _Look | None:
    """A narrow vector beside the full one; None: no vector came."""
    asked = answer.ask.dimensions
    if answer.whole is None or asked is None:
        return None
    vector, cut = answer.whole[0], own[:asked]
    norm, off = float(np.linalg.norm(vector)), distance(vector, cut)
    return _Look(
        off,
        norm,
        f"{asked} asked for: {len(vector)} came, norm {norm:.3f}, 1 - cosine {off:.1e} to the "
        f"first {asked} of the full vector, whose norm is {np.linalg.norm(cut):.3f}",
    )


PROBE = Probe("dimensions", "vectors of a smaller width", ask_widths, judge_widths)
