"""Labels are clipped by what they take on screen, and markup in them stays text."""

from __future__ import annotations

import pytest

from workbench.figures import clip, display_width, hover_text, label_text, wrap


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("苹果", 4), ("ａ", 2), ("e\u0301", 1), ("한", 2)]
)
def test_width_counts_columns(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    "text",
    ["a" * 100, "苹" * 100, "a苹" * 50, "\n" * 100, "x"],
    ids=["narrow", "wide", "both", "breaks", "short"],
)
@pytest.mark.parametrize("width", [3, 7, 24])
def test_a_clipped_label_fits(text: str, width: int) -> None:
    assert display_width(clip(text, width)) <= width


def test_a_label_that_fits_is_whole_and_one_that_does_not_ends_in_an_ellipsis() -> None:
    assert clip("苹果", 4) == "苹果"
    assert clip("苹果树", 5) == "苹果…"


def test_breaks_controls_and_direction_marks_become_visible() -> None:
    assert clip("a\nb\tc\x00d\u202ee", 40) == "a⏎b⇥c␀d[U+202E]e"


def test_an_emoji_family_stays_together() -> None:
    assert clip("👩‍💻", 8) == "👩‍💻"


def test_half_a_character_is_replaced() -> None:
    label_text("\ud83d").encode()


def test_wrapping_keeps_own_breaks_and_fits() -> None:
    lines = wrap("one\n苹果苹果苹果 and a long tail of words", 10, 20)
    assert lines[0] == "one"
    assert all(display_width(line) <= 10 for line in lines)
    assert "".join(lines) == "one苹果苹果苹果 and a long tail of words"


def test_wrapping_stops_at_the_last_line_and_says_so() -> None:
    lines = wrap("x" * 1000, 10, 3)
    assert len(lines) == 3
    assert lines[2] == "x" * 9 + "…"


def test_a_break_falls_after_a_space_where_there_is_one() -> None:
    assert wrap("hello wide world", 12, 5) == ["hello wide ", "world"]


@pytest.mark.parametrize("text", ["<b>x</b>", "&lt;", "<script>alert(1)</script>", "$x^2$"])
def test_markup_and_tex_are_escaped(text: str) -> None:
    shown = label_text(text, 60)
    assert "<" not in shown
    assert "$" not in shown
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&#36;", "$").replace(
        "&amp;", "&"
    ) == (text)


def test_a_hover_box_has_breaks_of_its_own_only() -> None:
    assert hover_text("a<br>b\nc") == "a&lt;br&gt;b<br>c"
