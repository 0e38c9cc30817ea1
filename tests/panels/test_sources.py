"""Where texts come from: what is reported, which marks come with them and stay."""

from __future__ import annotations

from workbench.panels.sources import source_from


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
