"""How far vectors of one text lie apart by cause, as measured and kept in ``bands.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError

BANDS_FILE = Path(__file__).with_name("bands.json")


@dataclass(frozen=True)
class Band:
    """1 - cosine over the doctor's texts on all models of the calibration.

    Attributes:
        smallest: Of any text of any model.
        median: Of all texts of all models.
        largest: Of any text of any model.
        least_worst: Each model has a text that lies farthest; of these the nearest. A model of
            which no text lies so far does not have the fault.
    """

    smallest: float
    median: float
    largest: float
    least_worst: float


@dataclass(frozen=True)
class Bands:
    """What ``benchmarks/calibrate_doctor.py`` measured.

    Attributes:
        same: The right recipe in float32, in other batches, by another kernel of attention, and
            with queries, keys and values in float16, as llama.cpp multiplies them.
        half: The right recipe in bfloat16, alone, in batches and by another kernel.
        fp16: The same in float16.
        int8: With weights rounded as Q8_0 does.
        int8_served: The same where the inputs of every layer are rounded too, as ggml does.
        int4: With weights rounded as Q4_0 does.
        int4_served: The same with inputs rounded to 8 bits.
        variants: Every wrong variant in float32, by name.
        wrong: Smallest of the wrong recipes' ``least_worst``; variants that alter some texts only
            are no recipes.
        int8_votes: Smallest share, over the models, of texts that a server with Q8_0 puts nearer
            to the rounded reference than to 0.8 of the distance from the right one and from
            bfloat16's.
        half_votes: Largest share of the same where the server computes in half precision.
        reported_half: Largest that is reported of half precision on GPUs, which no machine of the
            calibration has: 22 of 1,024 signs flipped (vllm issue 34910), by p = angle / pi.
        lead: Smallest ratio, over models and variants, of the second best variant's root mean
            square to the right one's, where a server computes that variant in bfloat16.
    """

    same: Band
    half: Band
    fp16: Band
    int8: Band
    int8_served: Band
    int4: Band
    int4_served: Band
    variants: Mapping[str, Band]
    wrong: float
    int8_votes: float
    half_votes: float
    reported_half: float
    lead: float


def load_bands(path: Path = BANDS_FILE) -> Bands:
    """Read the measured bands.

    Raises:
        InputError: The file is not what the calibration writes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return read_bands(content["bands"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise InputError(
            f"{path} cannot be read as bands: {exc!r}. Write it anew: "
            "python benchmarks/calibrate_doctor.py."
        ) from exc


def read_bands(content: Mapping[str, Any]) -> Bands:
    """Bands from the "bands" part of the file."""
    fields = dict(content)
    variants = {name: Band(**band) for name, band in fields.pop("variants").items()}
    read = {
        name: Band(**value) if isinstance(value, dict) else float(value)
        for name, value in fields.items()
    }
    return Bands(variants=variants, **read)  # type: ignore[arg-type]  # each field by its shape
