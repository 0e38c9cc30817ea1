"""Pastes: lines, blocks and fences to the letter; what is left out or odd is reported."""

from __future__ import annotations

import random

import pytest

from workbench.contracts import TextItem
from workbench.errors import InputError
from workbench.texts import ParsedTexts, join_texts, parse_texts, report_truncated


def texts(parsed: ParsedTexts) -> list[str]:
    return [item.text for item in parsed.items]


def notes(parsed: ParsedTexts) -> list[tuple[int, str]]:
    return [(issue.line, issue.what) for issue in parsed.issues]


def test_each_line_is_a_text_with_its_line_and_kind() -> None:
    parsed = parse_texts('苹果\napple\npd.read_csv("a.csv")')
    assert parsed.items == (
        TextItem("苹果", "zh", 1),
        TextItem("apple", "en", 2),
        TextItem('pd.read_csv("a.csv")', "code", 3),
    )
    assert parsed.issues == ()


@pytest.mark.parametrize("mode", ["lines", "blocks"])
@pytest.mark.parametrize(
    "text",
    [
        "  leading",
        "trailing  ",
        "\ttab\t",
        "\u00a0no-break\u00a0",
        "e\u0301",
        "\u00e9",
        "ＡＢＣ",
        "\u3000全角空格",
        "fi\ufb01",
        "  \u2009thin",
    ],
    ids=repr,
)
def test_nothing_of_a_text_is_stripped_or_normalised(text: str, mode: str) -> None:
    assert texts(parse_texts(text, mode=mode)) == [text]  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_a_line_ends_at_each_kind_of_line_break(end: str) -> None:
    parsed = parse_texts(f"a{end}b{end}")
    assert [(item.text, item.line) for item in parsed.items] == [("a", 1), ("b", 2)]
    assert parsed.issues == ()


@pytest.mark.parametrize("char", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"], ids=repr)
def test_a_line_does_not_end_where_only_splitlines_would_cut(char: str) -> None:
    pasted = f"one{char}sentence\nnext"
    assert len(pasted.splitlines()) == 3
    parsed = parse_texts(pasted)
    assert [(item.text, item.line) for item in parsed.items] == [
        (f"one{char}sentence", 1),
        ("next", 2),
    ]


def test_consecutive_empty_lines_are_one_issue() -> None:
    parsed = parse_texts("a\n\n \t\n\u00a0\nb\n\nc")
    assert texts(parsed) == ["a", "b", "c"]
    assert notes(parsed) == [(2, "empty"), (6, "empty")]
    assert "Lines 2 to 4" in parsed.issues[0].message
    assert "Line 6 is" in parsed.issues[1].message


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n\r\n"], ids=repr)
def test_one_empty_line_at_the_end_is_no_issue(end: str) -> None:
    parsed = parse_texts(f"a{end}")
    assert (texts(parsed), parsed.issues) == (["a"], ())


def test_more_empty_lines_at_the_end_are_reported() -> None:
    assert notes(parse_texts("a\n\n\n")) == [(2, "empty")]


def test_a_line_of_nothing_visible_is_empty() -> None:
    parsed = parse_texts("a\n\u200b\ufeff\nb")
    assert texts(parsed) == ["a", "b"]
    assert notes(parsed) == [(2, "empty")]


@pytest.mark.parametrize("mode", ["lines", "blocks", "jsonl", "csv", "tsv"])
def test_an_empty_paste_has_no_texts_and_no_issues(mode: str) -> None:
    parsed = parse_texts("", mode=mode)  # type: ignore[arg-type]
    assert (parsed.items, parsed.issues) == ((), ())


def test_duplicates_stay_and_name_the_first() -> None:
    parsed = parse_texts("a\nb\na\na\nA\na ")
    assert texts(parsed) == ["a", "b", "a", "a", "A", "a "]
    assert notes(parsed) == [(3, "duplicate"), (4, "duplicate")]
    assert parsed.issues[1].message == "Line 4 is a duplicate of line 1."


def test_issues_come_in_the_order_of_their_lines() -> None:
    assert notes(parse_texts("a\n\na\n\n```")) == [
        (2, "empty"),
        (3, "duplicate"),
        (4, "empty"),
        (5, "fence"),
    ]


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x7f", "\u200b", "\ufeff", "\u202e"], ids=repr)
def test_characters_that_cannot_be_seen_are_kept_and_named(char: str) -> None:
    parsed = parse_texts(f"ok\nap{char}ple")
    assert texts(parsed) == ["ok", f"ap{char}ple"]
    assert notes(parsed) == [(2, "control characters")]
    assert f"U+{ord(char):04X}" in parsed.issues[0].message


@pytest.mark.parametrize("text", ["a\tb", "👩\u200d💻", "می\u200cخواهم"], ids=repr)
def test_tabs_and_joiners_that_belong_to_a_text_are_not_reported(text: str) -> None:
    assert parse_texts(text).issues == ()


def test_a_lone_surrogate_is_left_out_because_no_tokenizer_can_read_it() -> None:
    text = "ab\ud83d"
    with pytest.raises(UnicodeEncodeError):
        text.encode("utf-8")
    parsed = parse_texts(f"ok\n{text}")
    assert texts(parsed) == ["ok"]
    assert notes(parsed) == [(2, "unreadable")]
    assert "U+D83D" in parsed.issues[0].message
    assert "position 3" in parsed.issues[0].message


def test_blocks_are_cut_at_empty_lines_and_keep_their_own_line_breaks() -> None:
    parsed = parse_texts("a\r\nb\r\n\r\n \r\nc\n  d\n", mode="blocks")
    assert [(item.text, item.line) for item in parsed.items] == [("a\r\nb", 1), ("c\n  d", 5)]
    assert parsed.issues == ()


@pytest.mark.parametrize("mode", ["lines", "blocks"])
def test_a_fenced_block_is_one_text_without_its_fences(mode: str) -> None:
    pasted = "before\n```python\ndef f():\n\n    return 1\n```\nafter"
    parsed = parse_texts(pasted, mode=mode)  # type: ignore[arg-type]
    assert parsed.items == (
        TextItem("before", "en", 1),
        TextItem("def f():\n\n    return 1", "code", 3),
        TextItem("after", "en", 7),
    )
    assert parsed.issues == ()


def test_a_shorter_fence_inside_a_longer_one_is_content() -> None:
    parsed = parse_texts("````\n```\nx = 1\n```\n````\n")
    assert texts(parsed) == ["```\nx = 1\n```"]


def test_an_unclosed_fence_is_reported_and_its_content_kept() -> None:
    parsed = parse_texts("a\n```\nx = 1\ny = 2\n")
    assert [(item.text, item.line) for item in parsed.items] == [("a", 1), ("x = 1\ny = 2", 3)]
    assert notes(parsed) == [(2, "fence")]
    assert "line 2 is never closed" in parsed.issues[0].message


def test_an_empty_fenced_block_is_reported_as_empty() -> None:
    parsed = parse_texts("```\n```\na")
    assert texts(parsed) == ["a"]
    assert notes(parsed) == [(1, "empty")]


def test_backticks_inside_a_line_open_no_block() -> None:
    assert texts(parse_texts("```x = 1```\nb")) == ["```x = 1```", "b"]


def test_joined_texts_come_back_to_the_letter() -> None:
    rng = random.Random(7)
    alphabet = ["a", "果", " ", "\t", "\n", "\r", "\r\n", "`", "```", "\u2028", "\u00a0", '"', ","]
    compared = fenced = 0
    for _ in range(2_000):
        given = ["".join(rng.choices(alphabet, k=rng.randint(1, 8))) for _ in range(4)]
        given = [text for text in given if text.strip()]
        joined = join_texts(given)
        assert texts(parse_texts(joined)) == given, repr(joined)
        compared += len(given)
        fenced += sum("\n" in text or "\r" in text for text in given)
    assert compared > 5_000  # the premise: both ways of writing were tried
    assert fenced > 1_000


def test_items_join_like_their_texts() -> None:
    assert join_texts(parse_texts("a\nb").items) == "a\nb"


def test_an_unknown_mode_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"mode='words' is unknown.*lines, blocks, jsonl"):
        parse_texts("a", mode="words")  # type: ignore[arg-type]


def test_a_list_is_no_paste() -> None:
    with pytest.raises(InputError, match="takes one string; found list"):
        parse_texts(["a"])  # type: ignore[arg-type]


def test_a_column_has_no_meaning_for_lines() -> None:
    with pytest.raises(InputError, match=r"column='text' needs columns, and mode='lines' has none"):
        parse_texts("a", column="text")


def test_cut_texts_are_named_by_line_with_what_the_model_saw() -> None:
    items = parse_texts("\nshort\nlong").items
    issues = report_truncated(items, tokens=[4, 256], truncated=[False, True], max_tokens=256)
    assert [(issue.line, issue.what) for issue in issues] == [(3, "truncated")]
    assert "first 256 tokens" in issues[0].message


def test_a_cut_of_unknown_length_is_reported_without_a_number() -> None:
    items = parse_texts("long").items
    (issue,) = report_truncated(items, tokens=[-1], truncated=[True], max_tokens=None)
    assert "only its first part" in issue.message


def test_counts_of_another_length_than_the_texts_are_refused() -> None:
    with pytest.raises(InputError, match="found 1 texts, 2 counts and 1 flags"):
        report_truncated(parse_texts("a").items, tokens=[1, 2], truncated=[False], max_tokens=9)
