"""CSV, TSV, JSON lines and data frames: columns, kinds, labels, lines, and what cannot be read."""

from __future__ import annotations

import csv
import io
import json
import random

import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.texts import ParsedTexts, parse_texts, texts_from_frame


def texts(parsed: ParsedTexts) -> list[str]:
    return [item.text for item in parsed.items]


def notes(parsed: ParsedTexts) -> list[tuple[int, str]]:
    return [(issue.line, issue.what) for issue in parsed.issues]


def test_a_field_keeps_its_commas_quotes_and_line_breaks_and_its_first_line() -> None:
    parsed = parse_texts('id,text\n1,"a, ""b""\r\nc"\n2,d\n', mode="csv")
    assert [(item.text, item.line) for item in parsed.items] == [('a, "b"\r\nc', 2), ("d", 4)]
    assert (parsed.columns, parsed.column, parsed.issues) == (("id", "text"), "text", ())


@pytest.mark.parametrize(("mode", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_what_a_csv_writer_wrote_comes_back_to_the_letter(mode: str, delimiter: str) -> None:
    rng = random.Random(11)
    alphabet = ["a", "果", " ", "\t", "\n", "\r", '"', ",", "'", "\u2028", "\\", ";"]
    given = ["".join(rng.choices(alphabet, k=rng.randint(1, 9))) + "x" for _ in range(3_000)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([["text", "n"], *([text, n] for n, text in enumerate(given))])
    parsed = parse_texts(out.getvalue(), mode=mode)  # type: ignore[arg-type]
    assert texts(parsed) == given
    assert {issue.what for issue in parsed.issues} <= {"duplicate", "control characters"}


def test_a_byte_order_mark_is_not_part_of_the_first_column() -> None:
    assert parse_texts("\ufefftext,n\na,1", mode="csv").columns == ("text", "n")


def test_a_separator_at_the_end_of_every_record_makes_no_column() -> None:
    parsed = parse_texts("id,text,\n1,a,\n2,b\n", mode="csv")
    assert (parsed.columns, texts(parsed)) == (("id", "text"), ["a", "b"])


def test_empty_records_and_empty_fields_are_reported() -> None:
    parsed = parse_texts('text,n\n\n\na,1\n" ",2\n,3\n\n', mode="csv")
    assert texts(parsed) == ["a"]
    assert notes(parsed) == [(2, "empty"), (5, "empty")]


@pytest.mark.parametrize(
    ("pasted", "message"),
    [
        ("text,n\na,1\nb\n", r"Line 3 has 1 fields where 2 are expected \('text', 'n'\)"),
        ("text,n\na,b,1\n", r"Line 2 has 3 fields where 2.*a comma between double quotes"),
        ('text\n"a\nb\n', r"begins on line 2 is not CSV: unexpected end of data"),
        ('text\nok\n"a"b\n', r"begins on line 3 is not CSV: ',' expected after '\"'"),
        ("text,text\na,b\n", r"more than one is called 'text'"),
    ],
    ids=["short", "long", "open quote", "text after quote", "twice the same column"],
)
def test_bad_csv_is_refused_with_its_line(pasted: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_texts(pasted, mode="csv")


@pytest.mark.parametrize("name", ["text", "TEXT", " Content ", "sentence", "文本", "内容", "句子"])
def test_the_column_of_texts_is_found_by_its_name(name: str) -> None:
    parsed = parse_texts(f"id,{name}\n1,a\n", mode="csv")
    assert (texts(parsed), parsed.column) == (["a"], name)


def test_a_column_called_text_wins_over_other_names() -> None:
    assert texts(parse_texts("query,text\nq,t\n", mode="csv")) == ["t"]


def test_a_given_column_wins_over_all() -> None:
    assert texts(parse_texts("query,text\nq,t\n", mode="csv", column="query")) == ["q"]


def test_several_columns_that_could_hold_texts_are_not_guessed_between() -> None:
    with pytest.raises(InputError, match=r"Several columns.*'query', 'document'.*Pass column="):
        parse_texts("document,query\nd,q\n", mode="csv")


def test_columns_of_other_names_are_listed() -> None:
    with pytest.raises(InputError, match=r"No column is named like.*columns: 'a', 'b'"):
        parse_texts("a,b\n1,2\n", mode="csv")


@pytest.mark.parametrize("argument", ["column", "kind_column", "label_column"])
def test_a_column_that_is_not_there_is_refused(argument: str) -> None:
    with pytest.raises(InputError, match=rf"{argument}='x' is not among the columns: 'text', 'n'"):
        parse_texts("text,n\na,1\n", mode="csv", **{argument: "x"})


def test_the_only_column_is_taken_and_an_unlikely_name_is_reported() -> None:
    parsed = parse_texts("苹果\n水果\n", mode="csv")
    assert texts(parsed) == ["水果"]
    assert notes(parsed) == [(1, "header")]
    assert parse_texts("text\n水果\n", mode="csv").issues == ()


def test_kinds_and_labels_come_from_the_users_columns() -> None:
    parsed = parse_texts(
        "text,kind,topic\napple,code,fruit\n苹果, EN ,水果\n", mode="csv", label_column="topic"
    )
    assert [(item.kind, item.label) for item in parsed.items] == [("code", "fruit"), ("en", "水果")]


@pytest.mark.parametrize(
    ("header", "label"),
    [("topic,Label", "b"), ("Topic,n", "a"), ("a,b", ""), ("text,topic", "b")],
)
def test_labels_come_from_a_column_called_label_or_else_topic(header: str, label: str) -> None:
    parsed = parse_texts(f"sentence,{header}\ns,a,b\n", mode="csv", column="sentence")
    assert [item.label for item in parsed.items] == [label]


def test_a_column_of_texts_is_not_their_labels() -> None:
    parsed = parse_texts("label\na\n", mode="csv")
    assert [(item.text, item.label) for item in parsed.items] == [("a", "")]


def test_a_kind_that_is_none_is_reported_once_and_guessed() -> None:
    parsed = parse_texts("text,lang\n苹果,cn\n水果,cn\nfruit,\napple,en\n", mode="csv")
    assert [item.kind for item in parsed.items] == ["zh", "zh", "en", "en"]
    assert notes(parsed) == [(2, "kind")]
    assert "'cn' (line 2 and 1 more)" in parsed.issues[0].message


def test_json_lines_hold_strings_to_the_letter() -> None:
    given = [" a ", "b\nc", "d\u2028e", "\u00e9", "e\u0301"]
    pasted = "\n".join(json.dumps(text, ensure_ascii=False) for text in given)
    parsed = parse_texts(pasted, mode="jsonl")
    assert texts(parsed) == given
    assert [item.line for item in parsed.items] == [1, 2, 3, 4, 5]


def test_json_lines_hold_objects_whose_keys_are_the_columns() -> None:
    parsed = parse_texts('{"id": 1, "text": "a"}\n\n{"text": "b", "x": 2}\n', mode="jsonl")
    assert [(item.text, item.line) for item in parsed.items] == [("a", 1), ("b", 3)]
    assert parsed.columns == ("id", "text", "x")
    assert notes(parsed) == [(2, "empty")]


def test_missing_values_and_values_that_are_no_text_are_reported_by_line() -> None:
    pasted = '{"text": "a", "n": 0}\n{"n": 1}\n{"text": null}\n{"text": 3}\n{"text": ["b"]}'
    parsed = parse_texts(pasted, mode="jsonl")
    assert texts(parsed) == ["a"]
    assert notes(parsed) == [(2, "missing"), (3, "missing"), (4, "missing"), (5, "missing")]
    assert "holds 3 (int)" in parsed.issues[2].message


@pytest.mark.parametrize(
    ("pasted", "message"),
    [
        ('"a"\n{"text": b}', r"Line 2, column 10 is not JSON: Expecting value"),
        ('"a"\n3', r"Line 2 holds 3; a string or an object is needed"),
        ('"a"\n{"text": "b"}', r"Line 2 holds an object and line 1 a string"),
        ("9" * 5_000, r"Line 1 is not JSON that can be read"),
        ("[" * 100_000, r"Line 1"),
    ],
    ids=["not JSON", "a number", "strings beside objects", "a huge number", "too deep"],
)
def test_a_bad_line_of_json_is_refused_with_its_line(pasted: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_texts(pasted, mode="jsonl")


def test_half_a_character_escaped_in_json_is_unreadable() -> None:
    parsed = parse_texts('"\\ud83d"\n"\\ud83d\\ude00"', mode="jsonl")
    assert texts(parsed) == ["😀"]
    assert notes(parsed) == [(1, "unreadable")]


def test_a_frame_gives_its_texts_with_row_numbers() -> None:
    frame = pd.DataFrame(
        {"text": ["苹果", None, " b "], "kind": ["zh", "en", None], "n": [7, 8, 9]}, index=[5, 6, 7]
    )
    parsed = texts_from_frame(frame, label_column="n")
    assert [(i.text, i.kind, i.line, i.label) for i in parsed.items] == [
        ("苹果", "zh", 1, "7"),
        (" b ", "en", 3, "9"),
    ]
    assert notes(parsed) == [(2, "missing")]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT], ids=repr)
def test_every_kind_of_missing_value_is_called_missing(missing: object) -> None:
    frame = pd.DataFrame({"text": pd.Series(["a", missing], dtype=object)})
    parsed = texts_from_frame(frame)
    assert [issue.message for issue in parsed.issues] == [
        "Line 2 has no value in column 'text'; it was left out."
    ]


def test_a_frame_whose_columns_are_numbers_can_be_read() -> None:
    assert texts(texts_from_frame(pd.DataFrame([["a", "b"]]), column="1")) == ["b"]


def test_a_list_is_no_frame() -> None:
    with pytest.raises(InputError, match="takes a pandas DataFrame; found list"):
        texts_from_frame(["a"])
