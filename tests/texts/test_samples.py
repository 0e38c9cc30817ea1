"""The project's own texts: found, whole, and what their README says of them."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.texts import (
    guess_kind,
    parse_texts,
    read_texts,
    sample_names,
    sample_path,
    samples,
    texts_from_frame,
)

NAMES = ("mixed", "starter")
# Texts whose declared kind the guess need not share, and why. None at present.
INTENDED: dict[str, str] = {}


def test_the_samples_are_those_that_the_readme_counts() -> None:
    readme = sample_path("mixed").with_name("README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.csv` \| (.*?) \| [^|]* \|$", readme, re.MULTILINE)
    assert sample_names() == tuple(sorted(name for name, _ in rows)) == NAMES
    for name, counts in rows:
        frame = samples(name)
        found = frame["kind"].value_counts()
        expected = [len(frame), *(found.get(kind, 0) for kind in ("zh", "en", "code", "mixed"))]
        expected.append(frame["topic"].nunique())
        assert [0 if n == "–" else int(n) for n in counts.split(" | ")] == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_has_its_columns_and_no_two_texts_or_ids_alike(name: str) -> None:
    frame = samples(name)
    assert list(frame.columns) == ["id", "text", "kind", "topic"]
    assert frame["id"].is_unique
    assert frame["text"].is_unique
    assert not (frame == "").to_numpy().any()
    assert (frame["id"].str.rsplit("-", n=2).str[0] == frame["topic"]).all()
    assert (frame["id"].str.rsplit("-", n=2).str[1] == frame["kind"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_guessed_kind_agrees_with_the_writers(name: str) -> None:
    frame = samples(name)
    wrong = {row.id for row in frame.itertuples() if guess_kind(str(row.text)) != row.kind}
    assert wrong == {id_ for id_ in INTENDED if id_ in set(frame["id"])}
    assert len(wrong) <= 0.05 * len(frame)


@pytest.mark.parametrize("name", NAMES)
def test_every_topic_is_there_in_chinese_and_in_english(name: str) -> None:
    kinds = samples(name).groupby("topic")["kind"].agg(set)
    assert all({"zh", "en"} <= found for found in kinds)


def test_half_of_the_topics_of_mixed_have_code() -> None:
    kinds = samples("mixed").groupby("topic")["kind"].agg(set)
    assert 2 * sum("code" in found for found in kinds) >= len(kinds)


def test_the_hard_cases_are_there() -> None:
    frame = samples("mixed")
    by_topic = frame.groupby("topic")["text"].agg("\n".join)
    assert {"苹果", "水果", "螺丝刀", "apple", "fruit", "screwdriver"} <= set(frame["text"])
    assert "苹果" in by_topic["company"] and "Apple" in by_topic["company"]
    assert "bank" in by_topic["river"] and "bank" in by_topic["banking"]
    assert "挂起" in by_topic["kubernetes-pending"] and "挂起" in by_topic["weather"]
    assert "read_csv" in by_topic["csv-reading"] and "to_csv" in by_topic["csv-writing"]


@pytest.mark.parametrize("name", NAMES)
def test_our_reader_pandas_and_the_csv_module_agree(name: str) -> None:
    path = sample_path(name)
    parsed = read_texts(path, label_column="topic")
    assert parsed.issues == ()
    with path.open(encoding="utf-8", newline="") as file:
        by_csv = [(row["text"], row["kind"], row["topic"]) for row in csv.DictReader(file)]
    ours = [(item.text, item.kind, item.label) for item in parsed.items]
    frame = samples(name)
    assert ours == by_csv
    assert ours == list(zip(frame["text"], frame["kind"], frame["topic"], strict=True))
    again = texts_from_frame(frame, label_column="topic")
    assert ours == [(item.text, item.kind, item.label) for item in again.items]


def test_the_texts_of_starter_are_short_enough_to_label_a_matrix() -> None:
    assert samples("starter")["text"].str.len().max() <= 24
    assert len(parse_texts("\n".join(samples("starter")["text"]))) == 24


def test_an_unknown_sample_lists_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"No sample is called '\.\./x'. There are: mixed, starter"
    ):
        samples("../x")


def test_samples_come_as_a_frame_of_strings() -> None:
    frame = samples()
    assert isinstance(frame, pd.DataFrame)
    assert all(isinstance(value, str) for value in frame.to_numpy().ravel())


@pytest.mark.parametrize("inside", [True, False], ids=["wheel", "checkout"])
def test_the_folder_is_found_in_a_wheel_and_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    package = tmp_path / "workbench"
    folder = (package if inside else tmp_path) / "sample_data"
    folder.mkdir(parents=True)
    (folder / "tiny.csv").write_text("id,text,kind,topic\n1,a,en,x\n", encoding="utf-8")
    module = sys.modules[sample_names.__module__]
    monkeypatch.setattr(module, "__file__", str(package / "texts" / "samples.py"))
    assert sample_names() == ("tiny",)
    assert sample_path("tiny") == folder / "tiny.csv"
