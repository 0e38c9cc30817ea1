"""Whether the vectors are the model's: held against a reference, or against published values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Ask, Finding, Line, Reference
from workbench.errors import Cancelled, WorkbenchError
from workbench.studies.doctor.causes import END_MISSING
from workbench.studies.doctor.drift import HALF, distances
from workbench.studies.doctor.evidence import Evidence, Probe
from workbench.studies.doctor.match import FEW, match
from workbench.studies.doctor.measures import count_words
from workbench.studies.doctor.published import ask_published, find_published, judge_published
from workbench.studies.doctor.table import Table
from workbench.studies.doctor.telling import tell_match
from workbench.texts.edits import QWEN_END

_NO_REFERENCE = Finding(
    "parity",
    "unknown",
    "Nothing is at hand that the vectors could be held against",
    "nothing_to_compare",
    "Pass the same weights on this machine (--reference DIR), a golden file (--against "
    "golden.json, written by --save from an endpoint that is trusted), or another endpoint "
    "(--against URL#MODEL).",
)


def ask_ended(line: Line, evidence: Evidence) -> None:
    """Ask the texts with an end token appended where that may tell; and those with figures."""
    reference = evidence.reference
    if reference is None:
        known = find_published(evidence)
        if known is not None:
            ask_published(line, evidence, known)
        return
    if "no_end" in reference.variants:
        return
    texts, vectors = take_vectors(evidence)
    try:
        fits = vectors is None or _agrees(reference, texts, vectors)
    except Cancelled:
        raise
    except WorkbenchError:
        return  # judged below, where it is said
    if not fits:
        evidence.ended = line.ask([Ask(tuple(text + QWEN_END for text in texts))])[0]


def judge_parity(evidence: Evidence) -> Finding:
    """The finding of the probe "parity"."""
    reference = evidence.reference
    if reference is None:
        known = find_published(evidence)
        return _NO_REFERENCE if known is None else judge_published(evidence, known)
    texts, vectors = take_vectors(evidence)
    if vectors is None:
        return Finding("parity", "unknown", "Too few vectors came that could be compared")
    try:
        table = Table(vectors, reference, texts)
        ended = _name_ended(evidence, reference, texts, table)
        return ended or tell_match(table, match(table), evidence.opening.engine)
    except Cancelled:
        raise
    except WorkbenchError as exc:
        return Finding(
            "parity",
            "unknown",
            f"The reference gives no vectors: {exc}",
            "reference_fails",
            "Mend the reference, or pass another.",
            evidence=(f"held against {reference.label}",),
        )


def take_vectors(evidence: Evidence) -> tuple[tuple[str, ...], NDArray[np.float32] | None]:
    """The texts that have sound vectors of the usual width, and these (n, dim); None: too few."""
    found = [
        (answer.ask.texts[0], answer.whole[0])
        for answer in evidence.alone
        if answer.whole is not None
    ]
    if len(found) < FEW:
        return (), None
    width = Counter(len(vector) for _, vector in found).most_common(1)[0][0]
    kept = [(text, vector) for text, vector in found if len(vector) == width]
    return tuple(text for text, _ in kept), np.stack([vector for _, vector in kept])


def _agrees(reference: Reference, texts: Sequence[str], vectors: NDArray[np.float32]) -> bool:
    """Whether the endpoint's first components are the reference's, to half precision."""
    wanted = reference.vectors(texts)
    width = min(wanted.shape[1], vectors.shape[1])
    apart = distances(vectors[:, :width], wanted[:, :width])
    return float(apart.max(initial=0.0)) <= HALF


def _name_ended(
    evidence: Evidence, reference: Reference, texts: Sequence[str], table: Table
) -> Finding | None:
    """The end token is missing where appending it by hand makes every vector right."""
    answer = evidence.ended
    if answer is None or answer.whole is None or len(answer.whole) != len(texts):
        return None
    plain = table.fit("right")
    if plain.worst <= table.band or not _agrees(reference, texts, answer.whole):
        return None
    held = Table(answer.whole, reference, texts).fit("right")
    count = int((held.apart <= HALF).sum())
    return Finding(
        "parity",
        "fail",
        f"{END_MISSING.says}: {count_words(count, len(texts))} match once {QWEN_END} is "
        f"appended to them (smallest cosine {1 - held.worst:.5f}), as they are "
        f"{1 - plain.worst:.2f}",
        END_MISSING.word,
        END_MISSING.mend_on(evidence.opening.engine),
        END_MISSING.source,
        (
            f"held against {reference.label}",
            f"as they are: cosine {1 - plain.worst:.5f} at the least",
            f"with {QWEN_END} appended: cosine {1 - held.worst:.5f} at the least",
        ),
        {
            "cosine_min": 1 - plain.worst,
            "cosine_min_matched": 1 - held.worst,
            "texts": float(len(texts)),
        },
        1 - held.spread / plain.spread,
    )


PROBE = Probe("parity", "whether the vectors are the model's", ask_ended, judge_parity)
