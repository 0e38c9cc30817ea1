"""Whether a text is given the vector of another one that was asked for before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.contracts import Answer, Ask, Line
from workbench.errors import Cancelled, WorkbenchError
from workbench.studies.doctor.drift import APART, SAME, distance, name_text
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.stability import make_fresh
from workbench.studies.doctor.texts import CAPITALS, TEXTS

_BEGINNING = "the weekly report on the harbour lists all ships that "
_ALIKE_IN = {
    "beginning": "they begin alike for 60 characters",
    "case": "they differ in capital letters only",
    "space": "they differ in white space at the ends only",
}
_CLEARLY = 1e-4
"""A reference keeps two texts at least so far apart (1 - cosine) where it is to tell them apart."""


@dataclass(frozen=True)
class Suspicion:
    """Two different texts that were given one vector.

    Attributes:
        says: What was seen, a sentence.
        evidence: What it rests on, a line each.
        confidence: 0 to 1, that it is a cache.
    """

    says: str
    evidence: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class _Pair:
    first: str
    second: str
    kind: Literal["beginning", "case", "space"]

    @property
    def alike(self) -> str:
        """In what the two are alike."""
        return _ALIKE_IN[self.kind]


def _make_pairs() -> tuple[_Pair, ...]:
    begins = make_fresh(_BEGINNING)
    plain = make_fresh("the old tower stands by the sea")
    spaced = make_fresh("a path leads along the river")
    return (
        _Pair(f"{begins}arrived on Monday", f"{begins}never came back", "beginning"),
        _Pair(plain.upper(), plain, "case"),
        _Pair(f"  {spaced}\n", spaced, "space"),
    )


def ask_pairs(line: Line, evidence: Evidence) -> None:
    """Ask for pairs of fresh texts that a careless key would take for one, the second after."""
    asks = [Ask((text,)) for pair in _make_pairs() for text in (pair.first, pair.second)]
    evidence.twins += line.ask(asks)
    first, second = evidence.twins[:2]
    if _are_equal(first, second):  # asked for at once, neither can be there already
        begins = make_fresh(_BEGINNING)
        evidence.twins += line.ask([Ask((f"{begins}sank in the storm", f"{begins}were repaired"))])


def suspect_cache(evidence: Evidence) -> Suspicion | None:
    """What speaks for a cache with too coarse a key; None: nothing does.

    A server that cuts texts, or alters them, gives one vector to two texts as well. It is told
    apart by the reference, where that can embed them: a cache gives the second text the vector of
    the first, whole; a server that lower-cases gives both the vector of the second. Without one, a
    pair in one request tells: both are new there, so a cache by text computes each.
    """
    for place, pair in enumerate(_name_pairs(evidence)):
        first, second = evidence.twins[2 * place : 2 * place + 2]
        if not _are_equal(first, second):
            continue
        lines = (
            f"{name_text(pair.first, 80)}, asked first, and {name_text(pair.second, 80)}, asked "
            f"after it, have one vector; {pair.alike}",
        )
        told = _ask_reference(evidence, pair, second)
        if told is not None:
            says, is_cache = told
            if is_cache:
                return Suspicion(_say(pair), (*lines, says), 1.0)
        elif pair.kind == "beginning":
            return _suspect_beginning(evidence, pair, lines)
        elif pair.kind == "case" and (noted := _note_case(evidence, first, second)):
            return Suspicion(_say(pair), (*lines, noted[0]), noted[1])
    return None


def _name_pairs(evidence: Evidence) -> list[_Pair]:
    """The pairs as they were asked; which they are is known by their order."""
    pairs = []
    for place, made in enumerate(_make_pairs()):
        asked = evidence.twins[2 * place : 2 * place + 2]
        if len(asked) == 2 and all(len(answer.ask.texts) == 1 for answer in asked):
            first, second = (answer.ask.texts[0] for answer in asked)
            pairs.append(_Pair(first, second, made.kind))
    return pairs


def _are_equal(first: Answer, second: Answer) -> bool:
    one, other = first.whole, second.whole
    return one is not None and other is not None and distance(one[0], other[0]) <= SAME / 10


def _say(pair: _Pair) -> str:
    return f"A text is given the vector of another that was asked for before it ({pair.alike})"


def _ask_reference(evidence: Evidence, pair: _Pair, second: Answer) -> tuple[str, bool] | None:
    """What the reference says of a pair with one vector, and whether it is a cache."""
    vectors = second.whole
    if evidence.reference is None or vectors is None:
        return None
    try:
        right = evidence.reference.vectors([pair.first, pair.second])  # (2, dim)
    except Cancelled:
        raise
    except WorkbenchError:  # a saved file holds its own texts only; an endpoint may fail
        return None
    if right.shape[1] != vectors.shape[1]:
        return None
    to_first, to_second = distance(vectors[0], right[0]), distance(vectors[0], right[1])
    apart = distance(right[0], right[1])
    if apart < _CLEARLY:
        alike = "the reference does not tell them apart either"
        return None if pair.kind == "beginning" else (alike, False)
    words = (
        f"1 - cosine {to_first:.2g} to the reference of the first text, {to_second:.2g} to that of "
        "the second itself"
    )
    neither = min(to_first, to_second) > max(APART, apart / 2)
    if neither or to_second < to_first / 4:
        return words, False
    return (words, True) if to_first < to_second / 4 else None


def _note_case(evidence: Evidence, first: Answer, second: Answer) -> tuple[str, float] | None:
    """Why one vector for two texts of other capitals is wrong, and how sure that is.

    None: it is how an uncased model sees them.
    """
    if first.tokens and second.tokens and first.tokens != second.tokens:
        counted = f"{first.tokens} and {second.tokens}"
        return f"the server counts {counted} tokens in them, so its tokenizer sees the letters", 0.9
    names = (evidence.opening.asked_model, evidence.opening.model, *evidence.opening.roots)
    if any(name and "qwen3" in name.casefold() for name in names) and not _lowers(evidence):
        words = "the model tells them apart: its server alters texts, or a cache takes them for one"
        return words, 0.6
    return None


def _lowers(evidence: Evidence) -> bool:
    """Whether the text with capital letters has the vector that it has without them, as kept."""
    reference, text = evidence.reference, TEXTS[CAPITALS]
    found = next((one for one in evidence.alone if one.ask.texts == (text,)), None)
    if reference is None or "lowercased" not in reference.variants:
        return False
    if found is None or found.whole is None:
        return False
    right, lowered = (reference.vectors([text], variant)[0] for variant in ("right", "lowercased"))
    vector = found.whole[0]
    return distance(vector, lowered) < distance(vector, right) / 4


def _suspect_beginning(evidence: Evidence, pair: _Pair, lines: tuple[str, ...]) -> Suspicion:
    """A pair that begins alike and has one vector, where no reference can tell why."""
    together = _distance_together(evidence)
    if together is not None and together > SAME:
        note = f"two like them in one request, both new, are apart (1 - cosine {together:.2g})"
        return Suspicion(_say(pair), (*lines, note), 1.0)
    note = "a server that cuts texts below some 20 tokens would look the same; none is known"
    return Suspicion(_say(pair), (*lines, note), 0.8)


def _distance_together(evidence: Evidence) -> float | None:
    pairs: list[NDArray[np.float32]] = [
        answer.whole
        for answer in evidence.twins
        if len(answer.ask.texts) == 2 and answer.whole is not None
    ]
    return distance(pairs[0][0], pairs[0][1]) if pairs else None
