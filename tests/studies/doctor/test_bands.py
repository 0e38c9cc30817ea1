"""The bands in the repository are what the calibration measures, and hold apart what they must."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.calibrate_doctor import Measured, find_models, measure, summarise
from workbench.errors import InputError
from workbench.studies.doctor.bands import BANDS_FILE, Band, load_bands

SLACK = 1.5
"""Other processors add in another order: half precision moves by less than this."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The smallest model of the calibration, measured again."""
    folder = tmp_path_factory.mktemp("calibration")
    ((_, embedder),) = find_models("64 wide, 2 layers, seed 0", folder)
    return measure(embedder)


def test_a_model_measured_again_lies_within_the_bands(one: Measured) -> None:
    again, kept = asdict(summarise([one])), asdict(load_bands())
    bands = {name: band for name, band in kept.items() if isinstance(band, dict)}
    variants = bands.pop("variants")
    found = {**{name: again[name] for name in bands}, **again["variants"]}
    for name, band in {**bands, **variants}.items():
        if name not in found:
            continue  # a variant of MiniLM's
        assert found[name]["largest"] <= SLACK * band["largest"] + 1e-12, name
        assert found[name]["smallest"] >= band["smallest"] / SLACK, name
        assert found[name]["least_worst"] >= band["least_worst"] / SLACK, name


def test_a_model_measured_again_votes_and_leads_as_kept(one: Measured) -> None:
    again, kept = summarise([one]), load_bands()
    assert again.int8_votes >= kept.int8_votes
    assert again.half_votes <= kept.half_votes
    assert again.lead >= kept.lead / SLACK


def test_the_file_names_its_models_and_how_it_was_written() -> None:
    content = json.loads(BANDS_FILE.read_text(encoding="utf-8"))
    assert "benchmarks/calibrate_doctor.py" in content["comment"]
    assert content["models"][0] == "bundled"
    assert len(content["models"]) == 13
    assert content["texts"] == 16


def test_half_precision_lies_far_below_every_wrong_recipe() -> None:
    bands = load_bands()
    assert 100 * bands.same.largest < bands.half.smallest
    assert 10 * bands.half.largest < bands.wrong
    assert bands.wrong == min(
        band.least_worst
        for name, band in bands.variants.items()
        if not name.startswith(("cut_", "stripped", "newlines", "lowercased"))
    )


def test_8_bits_are_told_from_half_precision_by_direction() -> None:
    bands = load_bands()
    assert bands.int8_served.smallest < 10 * bands.half.largest, "premise: size alone tells little"
    assert bands.half_votes < 0.25
    assert bands.int8_votes > 0.75


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"bands": {}}', '{"bands": {"same": 1}}'])
def test_another_file_is_refused_with_what_writes_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bands.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"bands.json cannot be read as bands: .*calibrate_doctor"):
        load_bands(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as bands"):
        load_bands(tmp_path / "none.json")


def test_a_band_is_in_order() -> None:
    bands = load_bands()
    for band in (bands.same, bands.half, bands.fp16, bands.int8, *bands.variants.values()):
        assert isinstance(band, Band)
        assert band.smallest <= band.median <= band.largest
        assert band.least_worst <= band.largest
