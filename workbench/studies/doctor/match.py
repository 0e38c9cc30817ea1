"""Which way of computing gives an endpoint's vectors: the reference's, or a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.contracts import Variant
from workbench.studies.doctor.drift import SAME, distances
from workbench.studies.doctor.table import FLOOR, MORE, Fit, Table, Vectors

ROUNDED: tuple[Variant, ...] = ("bf16", "int8", "int4")
"""The right recipe with less exact numbers."""
EDITS: tuple[Variant, ...] = (
    "stripped", "newlines_to_spaces", "lowercased", "cut_256", "cut_128", "cut_64",
)  # fmt: skip
"""They alter some texts only, and nothing about the others."""
GRADES = ("same", "half", "loose")
CLEAR = 1.5
"""A wrong recipe has to be so many times nearer than the right one, lest noise decides."""
AHEAD = 3.0
"""And so many times nearer than any other, where it fits no better than rounded weights let it."""
FEW = 4
"""Texts below which a recipe is not judged."""


@dataclass(frozen=True)
class Match:
    """What a table comes to.

    Attributes:
        variant: The variant that fits; None: none of them.
        grade: "same": to float32's last digits; "half": as half precision explains; "loose": as
            weights of 8 or 4 bits explain; "partly": right where nothing was altered, and the
            altered texts by ``edits``; "permuted": right vectors at wrong texts; "noise": right
            but for a disturbance that no variant explains; "related": not right, but of the same
            texts' meaning; "alien": no relation.
        edits: What was done to some texts besides, with which texts (places) it explains.
        unexplained: Places of texts that fit nothing.
        runner_up: The variant that fits second best; None: there is no other.
        alike: Variants that give the same vectors as the one that fits.
        confidence: See ``trust``.
    """

    variant: Variant | None
    grade: Literal["same", "half", "loose", "partly", "permuted", "noise", "related", "alien"]
    edits: tuple[tuple[Variant, tuple[int, ...]], ...] = ()
    unexplained: tuple[int, ...] = ()
    runner_up: Variant | None = None
    alike: tuple[Variant, ...] = ()
    confidence: float = 1.0


def match(table: Table) -> Match:
    """The variant that an endpoint computes. The right one first, the costly ones if they must.

    A variant fits by its worst text, never by an average: one text of sixteen that is wrong is a
    fault. Edits of single texts are weighed on the texts that they alter.
    """
    right = table.fit("right")
    if right.worst <= SAME:
        return Match("right", "same")
    if _is_permuted(table):
        return Match("right", "permuted")
    rounded = _find_rounding(table)
    if rounded is not None:
        return rounded
    found = _find_edits(table) or _find_recipe(table)
    if found is not None:
        return found
    return _name_rest(table)


def trust(table: Table, best: Fit, fits: Sequence[Fit]) -> Match:
    """A match with its confidence: 1 - spread of the best / spread of the next, shared by equals.

    ``spread`` is the root mean square of 1 - cosine over the texts. A variant met to float32's
    last digits beside others at 0.1 has a confidence of 1; two at 0.010 and 0.012 leave 0.17.
    Variants that give the same vectors on these texts (nothing tells them apart) share it.
    """
    own = table.vectors(best.variant)
    others = [fit for fit in fits if fit.variant != best.variant]
    alike = tuple(
        fit.variant
        for fit in others
        if distances(own, table.vectors(fit.variant)).max(initial=0.0) <= FLOOR
    )
    rest = sorted((f for f in others if f.variant not in alike), key=lambda fit: fit.spread)
    certainty = 1 - best.spread / rest[0].spread if rest else 1.0
    runner_up = rest[0].variant if rest else None
    grade = grade_fit(table, best)
    confidence = max(certainty, 0.0) / (1 + len(alike))
    return Match(best.variant, grade, (), (), runner_up, alike, confidence)


def grade_fit(table: Table, fit: Fit) -> Literal["same", "half", "loose"]:
    """What explains that a fit is not exact."""
    if fit.worst <= SAME:
        return "same"
    return "half" if fit.worst <= table.band else "loose"


def _is_permuted(table: Table) -> bool:
    """Whether every vector is the right one of another text."""
    owners = table.owners
    places = np.arange(len(owners))
    if len(set(owners.tolist())) < len(owners) or (owners == places).mean() > 0.5:
        return False
    moved = distances(table.endpoint, table.vectors("right")[owners])
    return float(moved.max(initial=0.0)) <= table.band


def _find_rounding(table: Table) -> Match | None:
    """The right recipe in half precision or with weights of 8 or 4 bits; None: it is not that.

    Rounding weights shifts each vector in a direction that is always the same, so that an endpoint
    with weights of 8 bits lies nearer to this machine's rounded vectors than to the right ones,
    however small the noise; half precision and other kernels shift it elsewhere. That is asked of
    each text, and told where three quarters of them say so; the confidence is (texts that say so
    + 1) / (texts + 2), Laplace's rule.
    """
    right = table.fit("right")
    quantised: tuple[Variant, ...] = ("int8", "int4")
    for variant in quantised:
        noise = table.noise(variant)
        if noise is None or right.worst > 3 * noise:
            continue
        fit = table.fit(variant)
        nearer = fit.apart < 0.8 * np.minimum(right.apart, table.fit("bf16").apart)  # (n,)
        if nearer.mean() >= 0.75:
            sure = (int(nearer.sum()) + 1) / (len(nearer) + 2)
            return Match(variant, "half", runner_up="right", confidence=sure)
    measured = table.noise("bf16")
    if measured is not None and right.worst <= MORE * measured:
        return Match("right", "half")
    return None


def _find_edits(table: Table) -> Match | None:
    """Right but for the texts that something altered; None: others are off as well."""
    right = table.fit("right")
    off = right.apart > _edit_band(table)
    if off.all() or not off.any():
        return Match("right", "half") if not off.any() else None
    edits, left = [], off.copy()
    for edit in (one for one in EDITS if table.has(one)):
        fit = table.fit(edit)
        mends = left & (fit.apart <= table.band) & (fit.apart <= right.apart / MORE)
        if mends.any():
            edits.append((edit, tuple(np.flatnonzero(mends).tolist())))
            left &= ~mends
    if not edits or left.any():
        return None
    repaired = np.where(off, 0.0, right.apart)
    spread = max(float(np.sqrt(np.mean(repaired**2))), FLOOR)
    return Match("right", "partly", tuple(edits), (), "right", (), 1 - spread / right.spread)


def _edit_band(table: Table) -> float:
    """Above this a text is off; where bfloat16's noise is known, by that."""
    measured = table.noise("bf16")
    return table.band if measured is None else max(SAME, MORE * measured)


def _find_recipe(table: Table) -> Match | None:
    """The wrong recipe that fits, on all the texts or on all whose white space cannot matter."""
    names = [v for v in table.variants if v not in (*ROUNDED, *EDITS)]
    found = []
    for kept in (np.ones(len(table.texts), dtype=bool), table.plain):
        if kept.sum() < FEW:
            continue
        fits = sorted((table.fit(v).only(kept) for v in names), key=lambda fit: fit.spread)
        best = fits[0]
        if best.variant != "right" and _explains(table, best, fits):
            off = ~kept & (table.fit(best.variant).apart > table.band)
            places = tuple(np.flatnonzero(off).tolist())
            found.append(replace(trust(table, best, fits), unexplained=places))
    return min(found, key=lambda one: GRADES.index(one.grade), default=None)


def _explains(table: Table, best: Fit, fits: Sequence[Fit]) -> bool:
    """Whether a wrong recipe fits in half precision, or with rounded weights and far ahead."""
    right = next(fit for fit in fits if fit.variant == "right")
    if best.worst <= table.band:
        return best.spread <= right.spread / CLEAR
    noises = [noise for noise in (table.noise("int8"), table.noise("int4")) if noise is not None]
    loose = 2 * max(noises, default=0.0)
    return best.worst <= loose and best.spread <= fits[1].spread / AHEAD


def _name_rest(table: Table) -> Match:
    """Nothing fits: noise on the right recipe, something related, or another model."""
    right = table.fit("right")
    if right.worst <= table.band:
        return Match("right", "half")
    at_home = float((table.owners == np.arange(len(table.texts))).mean())
    even = right.worst <= 8 * float(np.median(right.apart))
    if at_home >= 0.9 and right.worst <= 0.3 and even:
        return Match(None, "noise", confidence=0.5)
    related = count_related(table.endpoint, table.vectors("right"))
    if is_more_than_chance(related, len(table.texts)):
        return Match(None, "related", confidence=0.5)
    return Match(None, "alien", confidence=0.95)


def count_related(endpoint: Vectors, reference: Vectors) -> int:
    """Texts whose own vector is the nearest, once what all vectors share is taken off.

    A prompt before every text, or another pooling, moves all vectors alike and leaves their
    differences related; another model leaves nothing.
    """
    left, right = (
        side.astype(np.float64) / np.linalg.norm(side.astype(np.float64), axis=1, keepdims=True)
        for side in (endpoint, reference)
    )
    left, right = left - left.mean(axis=0), right - right.mean(axis=0)
    lengths = np.linalg.norm(right, axis=1)  # (n,)
    scores = left @ (right / np.where(lengths > 0, lengths, 1)[:, None]).T  # (n, n)
    return int((np.argmax(scores, axis=1) == np.arange(len(left))).sum())


def is_more_than_chance(hits: int, texts: int) -> bool:
    """Whether so many hits of so many texts come by chance less than once in 1,000 times.

    Each text hits with probability 1 / n; the bound is mean + 4 standard deviations of that.
    """
    chance = 1 / max(texts, 1)
    return hits > texts * chance + 4 * float(np.sqrt(texts * chance * (1 - chance)))
