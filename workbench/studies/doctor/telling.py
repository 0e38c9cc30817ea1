"""From a match to the finding: a sentence with numbers, what mends it, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.contracts import Finding, Status, Variant
from workbench.studies.doctor.causes import (
    ANOTHER_MODEL,
    CAUSES,
    NOISE,
    PERMUTED,
    REVERSED,
    SLICED,
    UNKNOWN_RECIPE,
    WIDER,
    Cause,
)
from workbench.studies.doctor.drift import HALF, SAME, name_text
from workbench.studies.doctor.match import Match, count_related
from workbench.studies.doctor.measures import (
    count_words,
    cut_words,
    lines,
    noise_lines,
    numbers,
)
from workbench.studies.doctor.table import Table

_ORDER_KEPT = 0.8
"""Share of nearest neighbours below which 8 bits are no longer only something to know."""
_WARNED: frozenset[Variant] = frozenset({"stripped", "newlines_to_spaces", "lowercased"})
_SHOWN = 3


def tell_match(table: Table, found: Match, engine: str | None) -> Finding:
    """The finding of a match.

    Args:
        table: What was compared.
        found: What it came to.
        engine: Short name of the server, for the mend; None: not recognised.
    """
    if found.variant == "right" and found.grade in ("same", "half"):
        return _tell_right(table, found, engine)
    if found.grade == "partly":
        return _tell_edits(table, found, engine)
    if found.grade == "permuted":
        return _tell_order(table, found)
    if found.variant in ("int8", "int4"):
        return _tell_quantised(table, found, engine)
    if found.variant is not None:
        return _tell_recipe(table, found, engine)
    return _tell_nothing(table, found)


def _tell_right(table: Table, found: Match, engine: str | None) -> Finding:
    right = table.fit("right")
    total = len(table.texts)
    if table.width != "same":
        return _tell_width(table, found, engine)
    precise = right.worst <= SAME
    how = (
        f"up to rounding in float32 (largest 1 - cosine {right.worst:.1e})"
        if precise
        else f"up to what bfloat16 or float16 gives (smallest cosine {1 - right.worst:.5f})"
    )
    kept = int((table.kept_neighbours == 1).sum())
    return Finding(
        "parity",
        "ok",
        f"All {total} texts agree with {table.reference.label} {how}; ranking the same for "
        f"{kept} of {total}",
        source="" if precise else "vllm issue 34910: bfloat16 gives 1 - cosine up to 2e-3",
        evidence=(*lines(table), *([] if precise else noise_lines(table))),
        numbers=numbers(table, None),
    )


def _tell_width(table: Table, found: Match, engine: str | None) -> Finding:
    cause = SLICED if table.width == "narrower" else WIDER
    widths = f"{table.own_width} of {table.full_width}"
    if table.width == "wider":
        widths = f"{table.own_width} came, {table.full_width} is what they are held against"
    return Finding(
        "parity",
        "fail",
        f"{cause.says}: {widths}, and these agree (smallest cosine "
        f"{1 - table.fit('right').worst:.5f})",
        cause.word,
        cause.mend_on(engine),
        cause.source,
        lines(table),
        numbers(table, None),
        found.confidence,
    )


def _tell_edits(table: Table, found: Match, engine: str | None) -> Finding:
    causes = [CAUSES[variant] for variant, _ in found.edits]
    words = list(dict.fromkeys(cause.word for cause in causes))
    worst_first = sorted(found.edits, key=lambda edit: edit[0] in _WARNED)
    cause = CAUSES[worst_first[0][0]]
    touched = sorted({place for _, places in found.edits for place in places})
    status: Status = "warn" if all(v in _WARNED for v, _ in found.edits) else "fail"
    fit = table.fit(worst_first[0][0])
    says = "; ".join(
        f"{CAUSES[variant].says}: {count_words(len(places), len(table.texts))} match that "
        f"(e.g. {name_text(table.texts[places[0]])})"
        for variant, places in worst_first
    )
    rest = len(table.texts) - len(touched)
    return Finding(
        "parity",
        status if table.width == "same" else "fail",
        f"{says}; the other {rest} are right" + cut_words(table),
        cause.word,
        " ".join(dict.fromkeys(CAUSES[v].mend_on(engine) for v, _ in worst_first)),
        cause.source,
        (
            *lines(table),
            *(_line_of_edit(table, variant, places) for variant, places in worst_first),
            *([f"also: {', '.join(words)}"] if len(words) > 1 else []),
        ),
        numbers(table, fit.variant),
        found.confidence,
    )


def _line_of_edit(table: Table, variant: Variant, places: Sequence[int]) -> str:
    kept = list(places)
    named = ", ".join(name_text(table.texts[place], 24) for place in kept[:_SHOWN])
    after = table.fit(variant).apart[kept].max()
    before = table.fit("right").apart[kept].max()
    return (
        f"{variant} ({named}{', …' if len(kept) > _SHOWN else ''}): cosine {1 - before:.4f} to the "
        f"right recipe, {1 - after:.6f} to that one, at the least"
    )


def _tell_order(table: Table, found: Match) -> Finding:
    owners = table.owners.tolist()
    cause = REVERSED if owners == list(range(len(owners)))[::-1] else PERMUTED
    pairs = [f"{i + 1} has the vector of {j + 1}" for i, j in enumerate(owners) if i != j]
    return Finding(
        "parity",
        "fail",
        f"{cause.says}: {count_words(len(pairs), len(owners))}",
        cause.word,
        cause.mend,
        evidence=(*lines(table), f"text {'; '.join(pairs[:_SHOWN])}"),
        numbers=numbers(table, None),
        confidence=found.confidence,
    )


def _tell_quantised(table: Table, found: Match, engine: str | None) -> Finding:
    assert found.variant is not None
    cause = CAUSES[found.variant]
    right, matched = table.fit("right"), table.fit(found.variant)
    kept = float(table.kept_neighbours.mean())
    mild = found.variant == "int8" and kept >= _ORDER_KEPT and table.width == "same"
    nearer = int((matched.apart < right.apart).sum())
    return Finding(
        "parity",
        "warn" if mild else "fail",
        f"{cause.says}: {count_words(nearer, len(table.texts))} lie nearer to the same weights "
        f"rounded here than to the full ones; smallest cosine to the full ones "
        f"{1 - right.worst:.4f}, {kept:.0%} of the nearest neighbours kept" + cut_words(table),
        cause.word,
        cause.mend_on(engine),
        cause.source,
        (*lines(table), *noise_lines(table)),
        numbers(table, found.variant),
        found.confidence,
    )


def _tell_recipe(table: Table, found: Match, engine: str | None) -> Finding:
    assert found.variant is not None
    cause = CAUSES[found.variant]
    right, matched = table.fit("right"), table.fit(found.variant)
    kept = np.ones(len(table.texts), dtype=bool)
    kept[list(found.unexplained)] = False
    count = int(kept.sum())
    least = 1 - float(matched.apart[kept].max(initial=0.0))
    told = [
        f"{table.texts[place]!r:.40}: cosine {1 - matched.apart[place]:.4f}; its white space is "
        "altered besides"
        for place in found.unexplained
    ]
    if found.alike:
        told.append(f"on these texts nothing tells it from {', '.join(found.alike)}")
    if found.runner_up is not None:
        next_ = table.fit(found.runner_up)
        told.append(f"next: {found.runner_up}, cosine {1 - next_.worst:.4f} at the least")
    return Finding(
        "parity",
        "fail",
        f"{cause.says}: {count_words(count, len(table.texts))} match the variant "
        f"{found.variant!r} (smallest cosine {least:.5f}; to the right recipe "
        f"{1 - right.worst:.2f})" + cut_words(table),
        cause.word,
        cause.mend_on(engine),
        cause.source,
        (
            *lines(table),
            f"cosine to the variant {found.variant!r}: {least:.6f} at the least, {found.grade}",
            *told,
        ),
        numbers(table, found.variant),
        found.confidence,
    )


def _tell_nothing(table: Table, found: Match) -> Finding:
    causes = {"noise": NOISE, "related": UNKNOWN_RECIPE}
    cause: Cause = causes.get(found.grade, ANOTHER_MODEL)
    tried = sorted((table.fit(variant) for variant in table.variants), key=lambda fit: fit.spread)
    at_home = count_related(table.endpoint, table.vectors("right"))
    total = len(table.texts)
    width = (
        ""
        if table.width == "same"
        else f"; they have {table.own_width} numbers, the model's {table.full_width}"
    )
    # kernels elsewhere may give so much; no one here can say whether these do
    slight = cause is NOISE and table.fit("right").worst <= HALF and table.width == "same"
    return Finding(
        "parity",
        "warn" if slight else "fail",
        f"{cause.says}: none of {len(tried)} variants fits (the nearest, {tried[0].variant!r}, at "
        f"cosine {1 - tried[0].worst:{'.4f' if slight else '.2f'}}){width}",
        cause.word,
        cause.mend,
        cause.source,
        (
            *lines(table),
            *(f"{fit.variant}: cosine {1 - fit.worst:.4f} at the least" for fit in tried[:_SHOWN]),
            f"nearest to its own text's vector, what all share taken off: {at_home} of {total}; "
            f"chance gives 1",
            *noise_lines(table),
        ),
        numbers(table, tried[0].variant),
        found.confidence,
    )
