"""The numbers of a comparison, in words and for programs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.contracts import Variant
from workbench.studies.doctor.table import NEAREST, Table


def count_words(count: int, total: int) -> str:
    """How many of the texts, e.g. "14 of 16 texts"."""
    return f"all {total} texts" if count == total else f"{count} of {total} texts"


def cut_words(table: Table) -> str:
    """That the vectors are cut besides; "" where they are not."""
    return "" if table.width == "same" else f"; cut to {table.own_width} of {table.full_width}"


def noise_lines(table: Table) -> tuple[str, ...]:
    """How large the noise of rounding is with this model; nothing where it is not at hand."""
    told = (("bf16", "bfloat16"), ("int8", "8 bits"), ("int4", "4 bits"))
    names: Sequence[tuple[Variant, str]] = told  # type: ignore[assignment]
    noises = [(name, table.noise(variant)) for variant, name in names]
    found = [f"{name} {noise:.1e}" for name, noise in noises if noise is not None]
    return (f"1 - cosine that rounding gives on these texts: {', '.join(found)}",) if found else ()


def lines(table: Table) -> tuple[str, ...]:
    """What every finding rests on."""
    right = table.fit("right")
    kept = table.kept_neighbours
    return (
        f"held against {table.reference.label}",
        f"cosine to the right recipe: {1 - right.worst:.6f} at the least, "
        f"{1 - float(np.median(right.apart)):.6f} in the middle, of {len(right.apart)} texts",
        f"the {NEAREST} nearest of each text are the same for {int((kept == 1).sum())} of "
        f"{len(kept)}",
    )


def numbers(table: Table, matched: Variant | None) -> dict[str, float]:
    """The same for programs."""
    right = table.fit("right")
    found = {
        "texts": float(len(right.apart)),
        "cosine_min": 1 - right.worst,
        "cosine_median": 1 - float(np.median(right.apart)),
        "neighbours_kept": float(table.kept_neighbours.mean()),
        "dim": float(table.own_width),
    }
    if matched is not None:
        found["cosine_min_matched"] = 1 - table.fit(matched).worst
    return found
