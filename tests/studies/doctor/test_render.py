"""A diagnosis as text, Markdown, HTML and JSON: all of it is there, and a server's text is data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from tests.studies.doctor.diagnoses import FAULTY, HOSTILE, make_diagnosis
from workbench.contracts import Diagnosis, Finding, Status
from workbench.studies.doctor.page import to_html
from workbench.studies.doctor.render import (
    describe_details,
    to_json,
    to_markdown,
    to_text,
)
from workbench.studies.shown import clean, escape_markdown

WRITERS: dict[str, Callable[[Diagnosis], str]] = {
    "text": to_text,
    "markdown": lambda diagnosis: read_markdown(to_markdown(diagnosis)).text,
    "html": lambda diagnosis: read_html(to_html(diagnosis)).text,
    "json": to_json,
}
OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "section", "div", "span", "p", "em"),
    *("h1", "h2", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "dl", "dt", "dd"),
}


class Reader(HTMLParser):
    """What a browser would make of a page: tags, attributes and the text that is read."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.parts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] != "style":
            self.parts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


def read_html(source: str) -> Reader:
    return Reader(source)


def read_markdown(source: str) -> Reader:
    """As a reader of GitHub's kind shows it, raw HTML let through."""
    return Reader(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_has_the_verdict_each_finding_its_evidence_and_its_price(name: str) -> None:
    written = WRITERS[name](make_diagnosis())
    assert written.index("The end token is missing. Append") < written.index("It answers.")
    for finding in FAULTY:
        assert finding.says in written
        if finding.status != "ok":
            assert finding.mend in written and finding.cause in written
            assert all(line in written for line in finding.evidence)
    for fact in ("127.0.0.1:8080", "llama.cpp b9000", "the weights here", "2026-11-26T16:00"):
        assert fact in written
    assert "87" in written and "200" in written


@pytest.mark.parametrize("place", ["verdict", "says", "evidence", "mend", "model", "server"])
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_a_server_says_is_shown_to_the_letter_and_never_as_markup(
    hostile: str, place: str
) -> None:
    finding = Finding("decode", "fail", "says", "bad", "mend", evidence=("one",))
    changes: dict[str, object] = {}
    if place in ("verdict", "model", "server"):
        changes[place] = hostile
    else:
        value = (hostile,) if place == "evidence" else hostile
        finding = Finding(**{**vars(finding), place: value})
    diagnosis = make_diagnosis(finding, **changes)
    for reader in (read_markdown(to_markdown(diagnosis)), read_html(to_html(diagnosis))):
        assert hostile in "".join(reader.parts)
        assert set(reader.tags) <= OWN_TAGS
        assert not reader.attributes & {"href", "src", "onerror", "onclick"}


def test_a_table_keeps_its_rows_whatever_is_in_them() -> None:
    says = "a | b\n| c | d |\n\n# no heading"
    reader = read_markdown(to_markdown(make_diagnosis(Finding("reach", "ok", says))))
    assert reader.tags.count("tr") == 2
    assert reader.tags.count("h1") == 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("a\r\nb\nc\td", "a⏎b⏎c d"),
        ("\x07bell\x00", "�bell�"),
        ("right \u202eto left", "right �to left"),
        ("\x9b31mred", "�31mred"),
        ("苹果 🍎 é", "苹果 🍎 é"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_shown(said: str, shown: str) -> None:
    assert clean(said) == shown


def test_a_very_long_line_is_cut_and_says_so_except_in_json() -> None:
    diagnosis = make_diagnosis(Finding("reach", "fail", "x" * 5_000, evidence=("y" * 9_000,)))
    for write in (to_text, to_markdown, to_html):
        assert "x" * 601 not in write(diagnosis)
        assert "(4,400 more characters)" in write(diagnosis)
        assert "(8,400 more characters)" in write(diagnosis)
    assert json.loads(to_json(diagnosis))["findings"][0]["evidence"] == ["y" * 9_000]


def test_json_is_the_whole_diagnosis() -> None:
    kept = json.loads(to_json(make_diagnosis()))
    assert (kept["format"], kept["exit_code"], kept["status"]) == (1, 2, "fail")
    assert kept["spent"] == {"requests": 87, "tokens": 12_345}
    (parity,) = [finding for finding in kept["findings"] if finding["probe"] == "parity"]
    assert parity["numbers"] == {"cosine_min": 0.8123456789, "texts": 16.0}
    assert parity["confidence"] == 1.0
    assert len(kept["findings"]) == len(FAULTY)


def test_json_holds_no_number_that_is_none_and_no_character_that_a_terminal_obeys() -> None:
    finding = Finding("x", "ok", "\x1b[31m \x9b31m \u202e", numbers={"a": float("nan"), "b": 1})
    written = to_json(make_diagnosis(finding))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", written)
    kept = json.loads(written, parse_constant=pytest.fail)["findings"][0]
    assert kept["numbers"] == {"a": None, "b": 1.0}
    assert kept["says"] == finding.says


def test_the_page_loads_nothing_and_knows_light_dark_and_paper() -> None:
    page = to_html(make_diagnosis())
    assert not re.search(r"<script|<link|@import|url\(", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page and "@media print" in page


@pytest.mark.parametrize(
    ("status", "sign"), [("ok", "✓"), ("warn", "!"), ("fail", "✗"), ("unknown", "?")]
)
def test_each_status_has_a_sign_besides_its_colour(status: Status, sign: str) -> None:
    diagnosis = make_diagnosis(Finding("reach", status, "It answers."), status=status)
    for write in (to_text, to_markdown, to_html):
        assert write(diagnosis).count(sign) >= 2


def test_the_worst_is_explained_first_and_a_mere_ok_not_at_all() -> None:
    page = to_markdown(make_diagnosis())
    sections = re.findall(r"^## \S+ (\w+)", page, re.MULTILINE)
    assert sections == ["tokens", "parity", "batch", "dimensions", "latency", "was"]


def test_a_confidence_is_said_and_left_out_where_there_is_no_doubt() -> None:
    doubted, sure = (
        Finding("x", "fail", "s", "cause_of_it", confidence=confidence)
        for confidence in (0.61, None)
    )
    assert describe_details(doubted) == [("cause", "cause_of_it, 61% sure")]
    assert describe_details(sure) == [("cause", "cause_of_it")]


def test_nothing_at_all_is_still_a_report() -> None:
    empty = make_diagnosis(model="", server="", reference="", verdict="")
    for write in WRITERS.values():
        assert write(Diagnosis(**{**vars(empty), "findings": ()}))


def test_markdown_of_plain_words_stays_plain() -> None:
    for words in ("12 texts, cosine 0.99 (of 16)", "end_token_missing", "Done!"):
        assert escape_markdown(words) == words
