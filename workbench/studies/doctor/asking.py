"""The texts, asked for one by one, together, and in base64: what most probes look at."""

from __future__ import annotations

from workbench.contracts import Answer, Ask, Line
from workbench.studies.doctor.drift import APART, distances
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.texts import TEXTS

_FEW = 8
"""Texts in a request, where the server takes fewer than there are and does not say how many."""


def ask_texts(line: Line, evidence: Evidence) -> None:
    """Fill ``alone``, ``batch`` and ``packed``, in 18 requests where nothing is odd.

    What came in base64 is asked for again where it is not what came in floats: a server that
    answers now this and now that is another fault than one whose base64 is wrong.
    """
    evidence.alone += line.ask([Ask((text,)) for text in TEXTS])
    evidence.batch = _ask_together(line, TEXTS)
    texts = evidence.batch.ask.texts
    evidence.packed = line.ask([Ask(texts, encoding="base64")])[0]
    if are_apart(evidence.batch, evidence.packed):
        evidence.packed_again = line.ask([evidence.packed.ask])[0]


def are_apart(one: Answer, other: Answer) -> bool:
    """Whether two answers of the same texts hold vectors that no arithmetic explains."""
    if one.whole is None or other.whole is None:
        return False
    if one.whole.shape != other.whole.shape:
        return True
    return float(distances(one.whole, other.whole).max()) > APART


def _ask_together(line: Line, texts: tuple[str, ...]) -> Answer:
    answer = line.ask([Ask(texts)])[0]
    if answer.kind not in ("too_many_items", "too_large"):
        return answer
    allowed = answer.limit if answer.limit is not None and answer.limit > 1 else _FEW
    return line.ask([Ask(texts[: min(allowed, len(texts) - 1)])])[0]
