"""Texts that get no usable vector where others do: null, NaN, zeros, errors of the server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.contracts import Answer, Finding
from workbench.studies.doctor.drift import name_answer, name_text
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.known import find_known
from workbench.studies.doctor.serving import name_model

_PASSING = frozenset({"busy", "timeout", "too_long", "too_many_items", "too_large"})
"""Kinds of refusals that say nothing against the vectors, or that other probes look at."""
_STUCK = 3
"""So many short texts without an answer in time are no longer one that had to wait."""
_OVERFLOW = "QwenLM issue 164, ollama issues 12921 and 15582, llama.cpp issue 26044"
_MENDS_NAN = (
    "Serve it in bfloat16 or float32, for float16 overflows on some texts; if it does so already, "
    "take a newer build."
)


@dataclass(frozen=True)
class _Cause:
    word: str
    says: str
    mend: str
    source: str = ""


_CAUSES = {
    "not_finite": _Cause("not_finite", "NaN or infinity comes for", _MENDS_NAN, _OVERFLOW),
    "null": _Cause(
        "null",
        "null comes in place of numbers for",
        f"Some servers write NaN so. {_MENDS_NAN}",
        _OVERFLOW,
    ),
    "dim": _Cause(
        "widths_differ",
        "Vectors of another width come for",
        "See whether several models answer under one name behind a gateway.",
    ),
    "zero": _Cause(
        "zero_vectors",
        "Vectors of zeros only come for",
        "Read the server's log: zeros stand for an error there, or for a model without weights.",
    ),
}
_NAN = re.compile(r"\bnan\b", re.IGNORECASE)
_NAN_REFUSED = _Cause("not_finite", "The server says NaN of", _MENDS_NAN, _OVERFLOW)
_REFUSED = _Cause(
    "some_texts_fail",
    "The server answers with an error to",
    "Read the server's log of this moment, and send it one of these texts again.",
)
_QUARTER = _Cause(
    "quarter_zeros",
    "A quarter of the width and all zero: somewhere between, a list of numbers is read as base64. "
    "It happens to",
    'A JavaScript gateway stands between: let it ask for encoding_format="float", or ask the '
    "server itself.",
    "openai-node issue 1542, litellm issue 42426",
)


def find_lacking(evidence: Evidence, answers: Sequence[Answer]) -> Finding | None:
    """The finding of the probe "decode" on texts that have no vector; None: all have one."""
    faults = _gather_faults(answers)
    kind = next((kind for kind in _CAUSES if faults.get(kind)), None)
    if kind is not None:
        cause = _CAUSES[kind]
        if kind == "zero" and _is_quarter(evidence, answers):
            cause = _QUARTER
        return _fail(cause, faults[kind], evidence, _count_rows(kind, answers))
    late = [answer for answer in evidence.alone if answer.kind == "timeout"]
    if len(late) >= _STUCK:
        return _name_stuck(evidence, late)
    refused = [answer for answer in evidence.alone if _is_failure(answer)]
    if not refused or len(refused) == len(evidence.alone):
        return None if not refused else _name_gone(refused)
    lines = tuple(f"{name_text(a.ask.texts[0])}: {name_answer(a)}" for a in refused[:6])
    texts = [answer.ask.texts[0] for answer in refused]
    says_nan = any(_NAN.search(answer.words) for answer in refused)
    cause = _NAN_REFUSED if says_nan else _REFUSED
    return _fail(cause, texts, evidence, lines)


def _name_stuck(evidence: Evidence, late: Sequence[Answer]) -> Finding:
    """A server that answered at first, and then no more."""
    came = sum(answer.outcome == "vectors" for answer in evidence.alone)
    return Finding(
        "decode",
        "fail",
        f"The server stops answering: {came} of {len(evidence.alone)} short texts came in time",
        "stops_answering",
        "Read the server's log of this moment and start it again: one that met NaN or lost its "
        "model's process may hang from then on. Give a larger timeout_s to a slow one.",
        "ollama issue 12921",
        tuple(f"{name_text(a.ask.texts[0])}: {name_answer(a)}" for a in late[:3]),
        {"answered": came, "texts": len(evidence.alone)},
    )


def _gather_faults(answers: Sequence[Answer]) -> dict[str, list[str]]:
    """The texts of each kind of fault, each once, in the order of the texts."""
    found: dict[str, list[str]] = {}
    for answer in answers:
        for row, kind in answer.faults.items():
            texts = found.setdefault(kind, [])
            if answer.ask.texts[row] not in texts:
                texts.append(answer.ask.texts[row])
    return found


def _count_rows(kind: str, answers: Sequence[Answer]) -> tuple[str, ...]:
    lines = []
    for encoding in ("float", "base64"):
        asked = [answer for answer in answers if answer.ask.encoding == encoding]
        rows = sum(len(answer.ask.texts) for answer in asked)
        faults = sum(fault == kind for answer in asked for fault in answer.faults.values())
        if rows:
            lines.append(f"asked in {encoding}: {faults} of {rows} vectors")
    return tuple(lines)


def _is_quarter(evidence: Evidence, answers: Sequence[Answer]) -> bool:
    """Whether zeros are a quarter of the width that is known, or that other answers have."""
    zero = {
        answer.vectors.shape[1]
        for answer in answers
        if answer.vectors is not None and set(answer.faults.values()) == {"zero"}
    }
    widths = {answer.whole.shape[1] for answer in answers if answer.whole is not None}
    known = next(filter(None, map(find_known, name_model(evidence.opening))), None)
    widths |= set() if known is None else {known.dim}
    if evidence.reference is not None and not widths:
        widths = {int(np.shape(evidence.reference.vectors([answers[0].ask.texts[0]]))[1])}
    return any(4 * narrow in widths for narrow in zero)


def _is_failure(answer: Answer) -> bool:
    return answer.outcome in ("refusal", "trouble") and answer.kind not in _PASSING


def _name_gone(refused: Sequence[Answer]) -> Finding:
    return Finding(
        "decode",
        "fail",
        "The server answered the first request, and none after it",
        "server_died",
        "Read its log: it may have died, or ended the connection with whoever asks often.",
        evidence=tuple(dict.fromkeys(map(name_answer, refused)))[:4],
    )


def _fail(
    cause: _Cause, texts: Sequence[str], evidence: Evidence, lines: tuple[str, ...]
) -> Finding:
    named = ", ".join(map(name_text, texts[:3])) + (" and others" if len(texts) > 3 else "")
    return Finding(
        "decode",
        "fail",
        f"{cause.says} {len(texts)} of {len(evidence.alone)} texts ({named})",
        cause.word,
        cause.mend,
        cause.source,
        (*lines, *(f"text: {name_text(text, 80)}" for text in texts[:6])),
        {"texts": len(texts)},
    )
