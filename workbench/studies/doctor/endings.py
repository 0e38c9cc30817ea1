"""Whether the end token survives where a server cuts a text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate

from workbench.contracts import Answer, Reference
from workbench.errors import InputError, ModelError
from workbench.studies.doctor.drift import APART, distance
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.texts import TEXTS

_CANDIDATES = 12
_MOST_COMPUTED = 16_384
"""Tokens that the reference computes here in all, twice each."""


@dataclass(frozen=True)
class End:
    """What became of the end token where a text was cut.

    Attributes:
        lost: It was cut off.
        says: The distances that say so.
    """

    lost: bool
    says: str


def judge_end(evidence: Evidence, low: int, high: int) -> End | None:
    """Whether the end token survives the cut, by weights at hand; None: it cannot be told."""
    reference = evidence.reference
    found = (cut.long for cut in evidence.cuts if cut.tokens >= high)
    long = next((answer for answer in found if answer.whole is not None), None)
    if reference is None or reference.kind != "weights" or "no_end" not in reference.variants:
        return None
    if long is None or long.whole is None or not _has_end(evidence):
        return None
    limits = {evidence.opening.max_tokens, reference.max_tokens}
    told = [limit for limit in limits if limit is not None and low < limit <= high + 2]
    near = range(low, high + 2) if high - low < _CANDIDATES else ()
    kept = lost = 2.0
    for tokens in _choose_places(told, near):
        to_kept, to_lost = _hold_cut(reference, long, tokens)
        kept, lost = min(kept, to_kept), min(lost, to_lost)
    if min(kept, lost) > APART:
        return None
    says = f"1 - cosine {kept:.2g} to the cut text with its end token, {lost:.2g} to it without"
    return End(lost < kept / 4, says)


def _choose_places(told: Collection[int], near: Collection[int]) -> list[int]:
    """Lengths to compute the reference at: the stated ones first, and no more than is affordable.

    A pass over thousands of tokens takes a large model on a processor minutes.
    """
    places = [*sorted(told), *(one for one in near if one not in told)]
    ends = list(accumulate(places))
    return [place for place, end in zip(places, ends, strict=True) if end <= _MOST_COMPUTED]


def _hold_cut(reference: Reference, long: Answer, tokens: int) -> tuple[float, float]:
    """1 - cosine to the text cut there with its end token, and to it without; 2 where unknown."""
    assert long.whole is not None
    text, vector = long.ask.texts[0], long.whole[0]
    try:
        with_end = reference.vectors([reference.cut(text, tokens)])
        without = reference.vectors([reference.cut(text, tokens + 1)], "no_end")
    except (InputError, ModelError):
        return 2.0, 2.0
    return distance(vector, with_end[0]), distance(vector, without[0])


def _has_end(evidence: Evidence) -> bool:
    """Whether short texts have the end token: else its loss is no matter of cutting."""
    vectors, reference = evidence.vectors_alone(), evidence.reference
    if vectors is None or reference is None or len(vectors) != len(TEXTS):
        return False
    try:
        right = reference.vectors([TEXTS[0]])
    except (InputError, ModelError):
        return False
    return right.shape[1] == vectors.shape[1] and distance(vectors[0], right[0]) <= APART
