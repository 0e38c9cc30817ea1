"""Where texts come from: what is reported, which marks come with them and stay."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import workbench as wb
from workbench.errors import InputError
from workbench.panels.sources import Source, keep_marks, sample_source, source_from
from workbench.texts import parse_texts


def marks(source: Source) -> list[tuple[str, str, str]]:
    return [(item.text, item.kind, item.label) for item in source.parsed.items]


def test_a_list_is_looked_at_as_a_paste_is() -> None:
    source = source_from(["a", "a", "", "\u200b", "b\x00", "\ud800"])
    assert [(item.text, item.line) for item in source.parsed.items] == [
        ("a", 1),
        ("a", 2),
        ("b\x00", 5),
    ]
    assert [(issue.line, issue.what) for issue in source.parsed.issues] == [
        (2, "duplicate"),
        (3, "empty"),
        (5, "control characters"),
        (6, "unreadable"),
    ]
    assert source.pasted == "a\na\nb\x00"


def test_the_topics_of_a_sample_s_frame_are_its_labels() -> None:
    frame = wb.samples("mixed")
    found = [label for _, _, label in marks(source_from(frame))]
    assert found == frame["topic"].tolist()


def test_named_columns_win_over_the_usual_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a"], "label": ["b"], "said": ["c"], "mood": ["d"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    for texts in (frame, tmp_path / "t.csv"):
        assert marks(source_from(texts, column="said", label_column="mood")) == [("c", "en", "d")]


@pytest.mark.parametrize("texts", [None, ["a"], "a", sample_source("starter")], ids=type)
@pytest.mark.parametrize("argument", ["column", "label_column"])
def test_a_column_of_what_has_none_is_refused(texts: list[str] | None, argument: str) -> None:
    with pytest.raises(InputError, match=f"{argument}='x' needs columns"):
        source_from(texts, **{argument: "x"})


def test_the_name_of_a_file_is_not_taken_for_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.csv").write_text("text\na\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Pass Path\('texts.csv'\) to read the file"):
        source_from("texts.csv")


@pytest.mark.parametrize("text", ["apple", "a" * 5_000, "~nobody here", "a\x00b", "."])
def test_a_string_that_names_no_file_is_a_text(text: str) -> None:
    assert source_from(text).pasted == text


def test_an_edit_of_the_box_keeps_the_marks_of_the_other_texts() -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "kind": "code", "label": ["x", "y", "z"]})
    source = source_from(frame)
    kept = keep_marks(parse_texts("new\na\nb!\nc"), source)
    assert [(item.text, item.kind, item.label, item.line) for item in kept.items] == [
        ("new", "en", "", 1),
        ("a", "code", "x", 2),
        ("b!", "en", "", 3),
        ("c", "code", "z", 4),
    ]


def test_texts_that_are_there_twice_keep_their_marks_in_order() -> None:
    source = source_from(pd.DataFrame({"text": ["a", "a"], "label": ["x", "y"]}))
    kept = keep_marks(parse_texts("a\na\na"), source)
    assert [item.label for item in kept.items] == ["x", "y", "y"]


def test_a_table_in_the_box_has_its_own_marks() -> None:
    source = source_from(pd.DataFrame({"text": ["a"], "label": ["x"]}))
    parsed = parse_texts("text,label\na,y\n", mode="csv")
    assert keep_marks(parsed, source) is parsed
