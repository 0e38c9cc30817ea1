"""An evaluation as Markdown, CSV, HTML and JSON: all of it is there, and texts are data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt

from tests.studies.evaluation import tasks as made
from workbench.contracts import (
    CancelSignal,
    CodeFunction,
    CodeSearch,
    Cost,
    Difference,
    Embedder,
    Evaluation,
    Failure,
    Interval,
    ProgressFn,
    ScoredPairs,
)
from workbench.embedders import load
from workbench.errors import InputError
from workbench.studies.evaluation import (
    EvaluationError,
    compare_embedders,
    from_json,
    run_evaluation,
    to_csv,
    to_html,
    to_json,
    to_markdown,
)
from workbench.studies.evaluation.words import explain_verdict, verdict_words

HOSTILE = '<img src=x onerror="alert(1)">|*bold* `code` [a](javascript:x) $x$\x1b[31m\u202e苹果'
SHOWN = '<img src=x onerror="alert(1)">|*bold* `code` [a](javascript:x) $x$\ufffd苹果'
CODE = "def sort(items):\n\treturn `a` and ```b```\n"
OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd"),
}
READ = MarkdownIt("commonmark").enable("table")


def measure(
    embedders: Mapping[str, Embedder],
    texts: Sequence[str],
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> dict[str, Cost]:
    """Costs made by hand: 100 texts in 0.2 s at once, 2 and 3 ms alone."""
    cost = Cost(
        texts=100,
        tokens=900,
        batch_seconds=np.array([0.2, 0.2, 0.2]),
        single_seconds=np.array([0.002, 0.003, 0.002]),
        peak_cpu_bytes=1_500_000_000,
        peak_gpu_bytes=None,
        weights_bytes=90_900_000,
        vector_bytes=1536,
        notes=("the first call was a warm-up",),
    )
    return {label: cost for label in embedders if label != "n-grams"}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """MiniLM and n-grams on three tasks, some texts of which are hostile or have many lines."""
    first = made.sts()
    sts = ScoredPairs(
        first.name, (HOSTILE, *first.a[1:]), first.b, first.scores, replace(made.SOURCE, path="x")
    )
    code = CodeSearch(
        "code",
        tuple(
            CodeFunction(f"f{at}", "python", f"g{at}", f"{CODE}# {at}", {"en": text})
            for at, text in enumerate((HOSTILE, *made.EN[1:4]))
        ),
        made.SOURCE,
    )
    embedders = {"MiniLM": load("bundled"), "n-grams": load("lexical")}
    found = run_evaluation(
        embedders,
        [sts, made.retrieval(), code],
        draws=100,
        cost=measure,
        asked={"MiniLM": "bundled"},
    )
    return replace(found, manifest={**found.manifest, "python": "3.11", "tasks": [{"name": "sts"}]})


class Page(HTMLParser):
    """What a browser would make of a page: tags, attributes and the text that is read."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def read_markdown(source: str) -> str:
    """The text a reader of the Markdown sees, each cell and each line of a list on its own line."""
    shown = []
    for token in READ.parse(source):
        if token.type in ("fence", "code_block"):
            shown.append(token.content)
        if token.children:
            shown.append("".join(child.content for child in token.children))
    return "\n".join(shown)


WRITERS: dict[str, Callable[[Evaluation], str]] = {
    "markdown": lambda found: read_markdown(to_markdown(found)),
    "html": lambda found: Page(to_html(found)).text,
}


@pytest.fixture(params=WRITERS)
def report(request: pytest.FixtureRequest, evaluation: Evaluation) -> str:
    return WRITERS[request.param](evaluation)


def with_texts(evaluation: Evaluation, failures: tuple[Failure, ...]) -> Evaluation:
    """The first embedder on its first task alone, with other failures."""
    one = evaluation.embedders[0]
    task = replace(one.tasks[0], failures=failures, failed=len(failures))
    return replace(evaluation, embedders=(replace(one, tasks=(task,)),), differences=())


def test_a_report_has_every_score_with_its_interval_and_n(
    report: str, evaluation: Evaluation
) -> None:
    for one in evaluation.embedders:
        for found in one.tasks:
            assert f"{found.task}: {found.main.metric}" in report
            for score in found.scores:
                assert score.interval is not None
                ends = f"[{score.interval.low:.3f}, {score.interval.high:.3f}]"
                shown = f"{score.value:.3f} {ends} n={score.n}".replace("-", "−")
                assert shown in report
                assert score.note in report


def test_a_report_has_every_difference_with_its_verdict(
    report: str, evaluation: Evaluation
) -> None:
    assert len(evaluation.differences) == 3
    for one in evaluation.differences:
        assert explain_verdict(one) in report
    assert "MiniLM − n-grams" in report


def test_a_report_has_cost_beside_quality_only_where_it_was_measured(
    report: str, evaluation: Evaluation
) -> None:
    assert "2 / 2.9" in report
    assert "2 / 2\n" in report
    for shown in ("1.5 GB", "90.9 MB", "1,536"):
        assert shown in report
    assert "MiniLM: 100 texts, 900 tokens timed; the first call was a warm-up." in report
    assert "n-grams: 100 texts" not in report
    free = replace(
        evaluation, embedders=tuple(replace(one, cost=None) for one in evaluation.embedders)
    )
    assert "Cost beside quality" not in to_markdown(free) + to_html(free)


def test_a_report_has_what_was_measured_and_the_manifest(
    report: str, evaluation: Evaluation
) -> None:
    info = evaluation.embedders[0].info
    for shown in (info.name, info.revision, "bundled", "handed in as an object", "truncated"):
        assert shown is not None
        assert shown in report
    assert "before a query" in report
    start = report.index('{\n  "level"')
    kept = json.JSONDecoder().raw_decode(report[start:])[0]
    assert kept == evaluation.manifest


def test_failures_are_there_whole_with_their_texts(report: str, evaluation: Evaluation) -> None:
    shown = [failure for one in evaluation.embedders for found in one.tasks for failure in
             found.failures]  # fmt: skip
    assert any(HOSTILE in (failure.asked, failure.expected) for failure in shown)
    assert any(CODE in failure.expected for failure in shown), "n-grams miss some function"
    assert SHOWN in report
    assert "def sort(items):\n\treturn `a` and ```b```\n" in report
    for one in evaluation.embedders:
        for found in one.tasks:
            assert f"{found.failed} of {found.n} items failed" in report


@pytest.mark.parametrize("writer", WRITERS)
def test_a_long_text_is_not_cut(writer: str, evaluation: Evaluation) -> None:
    long = "苹果 " * 5_000 + "end"
    failure = Failure("1", long, "", "", "rank 2", 2.0)
    assert long in WRITERS[writer](with_texts(evaluation, (failure,)))


def test_no_text_becomes_markup(evaluation: Evaluation) -> None:
    page = Page(to_html(evaluation))
    assert set(page.tags) <= OWN_TAGS
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "scope", "class"}
    tokens = READ.parse(to_markdown(evaluation))
    inside = [child.type for token in tokens for child in token.children or ()]
    assert set(inside) == {"text"}
    assert "html_block" not in [token.type for token in tokens]


def test_an_embedders_label_cannot_break_a_table(evaluation: Evaluation) -> None:
    one = replace(evaluation.embedders[0], label="a|b\n<script>")
    hostile = replace(evaluation, embedders=(one,), differences=())
    tokens = READ.parse(to_markdown(hostile))
    row = next(token.content for token in tokens if token.type == "inline" and "a" in token.content
               and "b" in token.content and "script" in token.content)  # fmt: skip
    assert "⏎" in row
    assert "<script" not in to_html(hostile)


@pytest.mark.parametrize("end", ["(elsewhere)", ": elsewhere", "[a]"])
def test_numbers_in_brackets_make_no_link(end: str, evaluation: Evaluation) -> None:
    text = f"[0.1, 0.2]{end} then [0.1, 0.2]"
    failure = Failure("1", text, "", "", text, 2.0)
    source = to_markdown(with_texts(evaluation, (failure,)))
    assert "link_open" not in {child.type for token in READ.parse(source)
                               for child in token.children or ()}  # fmt: skip
    assert read_markdown(source).count(text) == 2


def test_a_page_loads_nothing_and_knows_the_dark(evaluation: Evaluation) -> None:
    page = to_html(evaluation)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("write", [to_markdown, to_html, to_csv, to_json])
def test_half_a_character_can_still_be_written(
    write: Callable[[Evaluation], str], evaluation: Evaluation
) -> None:
    half = Failure("1", "half \ud83d", "", "", "rank 2", 2.0)
    broken = with_texts(evaluation, (half,))
    broken = replace(broken, embedders=(replace(broken.embedders[0], label="m\udc80"),))
    write(broken).encode("utf-8")


def test_an_embedder_that_lost_a_task_is_said_to_have_not_finished_it() -> None:
    asked = {"second": {"query": "query"}}  # a role that it has no prompt for
    embedders = {"first": made.NoiseEmbedder(), "second": made.NoiseEmbedder(seed=1)}
    with pytest.raises(EvaluationError) as caught:
        run_evaluation(embedders, [made.sts(), made.retrieval()], prompts=asked, draws=100)
    for write in WRITERS.values():
        assert "not finished" in write(caught.value.evaluation)


def rows_of(evaluation: Evaluation) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(evaluation))))


def test_the_table_has_a_row_a_score_unrounded(evaluation: Evaluation) -> None:
    rows = [row for row in rows_of(evaluation) if row["what"] == "score"]
    scores = [
        (one.label, found.task, score)
        for one in evaluation.embedders
        for found in one.tasks
        for score in found.scores
    ]
    assert len(rows) == len(scores)
    for row, (label, task, score) in zip(rows, scores, strict=True):
        assert score.interval is not None
        assert (row["embedder"], row["task"], row["metric"]) == (label, task, score.metric)
        assert float(row["value"]) == score.value
        assert float(row["low"]) == score.interval.low
        assert int(row["n"]) == score.n
        assert row["main"] == ("yes" if score.main else "no")


def test_the_table_has_differences_and_costs(evaluation: Evaluation) -> None:
    rows = rows_of(evaluation)
    (sts, retrieval, _) = [row for row in rows if row["what"] == "difference"]
    assert (sts["embedder"], sts["against"]) == ("MiniLM", "n-grams")
    assert sts["wins"] == "", "Spearman is no mean over items"
    assert int(retrieval["wins"]) == evaluation.differences[1].wins
    costs = {row["metric"]: row["value"] for row in rows if row["what"] == "cost"}
    assert float(costs["ms a text, single, median"]) == pytest.approx(2)
    assert float(costs["ms a text, batch, median"]) == pytest.approx(2)
    assert costs["peak cpu bytes"] == "1500000000"
    assert "peak gpu bytes" not in costs
    assert {row["embedder"] for row in rows if row["what"] == "cost"} == {"MiniLM"}


def test_json_gives_the_evaluation_back(evaluation: Evaluation) -> None:
    again = from_json(to_json(evaluation))
    assert to_json(again) == to_json(evaluation)
    assert again.differences == evaluation.differences
    assert again.manifest == evaluation.manifest
    for one, other in zip(evaluation.embedders, again.embedders, strict=True):
        assert other.info == one.info
        for found, back in zip(one.tasks, other.tasks, strict=True):
            assert back.failures == found.failures
            assert back.prompts == found.prompts
            assert back.source == found.source
            assert back.items == found.items
            np.testing.assert_array_equal(back.main.draws, found.main.draws)
    first = again.embedders[0].cost
    assert first is not None
    assert first.single_seconds.tolist() == [0.002, 0.003, 0.002]


def test_what_was_read_again_is_compared_as_before(evaluation: Evaluation) -> None:
    again = from_json(to_json(evaluation))
    assert compare_embedders(again.embedders) == evaluation.differences


def test_json_keeps_draws_of_main_scores_only(evaluation: Evaluation) -> None:
    for found in from_json(to_json(evaluation)).embedders[0].tasks:
        assert all(score.draws.shape == ((100,) if score.main else (0,)) for score in found.scores)


def test_json_has_null_for_what_is_no_number_and_no_control_characters(
    evaluation: Evaluation,
) -> None:
    odd = Failure("1", "\x1b[31m\u202e\x9b", "", "", "rank 2", float("nan"))
    text = to_json(with_texts(evaluation, (odd,)))
    assert '"badness": null' in text
    assert not any(char < " " and char != "\n" for char in text)
    assert "\u202e" not in text
    assert "\x9b" not in text
    (back,) = from_json(text).embedders[0].tasks[0].failures
    assert back.asked == odd.asked
    assert np.isnan(back.badness)


def test_prompts_in_a_read_only_mapping_are_written(evaluation: Evaluation) -> None:
    one = evaluation.embedders[0]
    prompted = replace(one, info=replace(one.info, prompts=MappingProxyType({"query": "Q: "})))
    again = from_json(to_json(replace(evaluation, embedders=(prompted,))))
    assert again.embedders[0].info.prompts == {"query": "Q: "}


def spoil(text: str, change: Callable[[dict[str, Any]], object]) -> str:
    kept = json.loads(text)
    change(kept)
    return json.dumps(kept)


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "kind": (lambda kept: kept.update(kind="diagnosis"), "has kind 'diagnosis'; allowed is"),
    "format": (lambda kept: kept.update(format=2), "format 2; this version reads 1"),
    "missing": (lambda kept: kept.pop("differences"), "lacks evaluation.differences"),
    "n": (
        lambda kept: kept["embedders"][0]["tasks"][1].update(n="5"),
        r"evaluation.embedders\[0\].tasks\[1\].n is '5'; a whole number is needed",
    ),
    "task-kind": (
        lambda kept: kept["embedders"][0]["tasks"][0].update(kind="poem"),
        "kind is 'poem'; one of .*'sts'",
    ),
    "draws": (
        lambda kept: kept["embedders"][0]["tasks"][0]["scores"][0].update(draws={"float64": "?"}),
        r"scores\[0\].draws is .* base64",
    ),
    "list": (lambda kept: kept.update(embedders={}), "embedders is {}; a list is needed"),
}


@pytest.mark.parametrize(("change", "says"), SPOILT.values(), ids=SPOILT)
def test_json_that_is_not_whole_is_refused_by_place(
    change: Callable[[dict[str, Any]], object], says: str, evaluation: Evaluation
) -> None:
    with pytest.raises(InputError, match=says):
        from_json(spoil(to_json(evaluation), change))


@pytest.mark.parametrize("text", ["", "[1", "[]", "null"])
def test_what_is_no_evaluation_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="An evaluation was to be read"):
        from_json(text)


VERDICTS = {
    "higher": ("higher", (0.01, 0.03), "a is higher", "0.010 to 0.030, leaves out 0"),
    "lower": ("lower", (-0.03, -0.01), "b is higher", "−0.030 to −0.010, leaves out 0"),
    "near": (
        "not separable", (-0.01, 0.03), "not separable: the interval includes 0",
        "not separable: the interval of the difference, −0.010 to 0.030, includes 0",
    ),
    "few": (
        "not separable", (0.01, 0.03), "not separable: too few items for an interval",
        "not separable: too few items to trust the interval of the difference, 0.010 to 0.030",
    ),
    "none": ("not separable", None, "not separable: too few", "not separable: too few items"),
    "same": ("the same", (0.0, 0.0), "the same on every item", "the same on every item"),
}  # fmt: skip


@pytest.mark.parametrize(("verdict", "ends", "short", "whole"), VERDICTS.values(), ids=VERDICTS)
def test_a_verdict_is_said_with_what_it_rests_on(
    verdict: Any, ends: tuple[float, float] | None, short: str, whole: str
) -> None:
    interval = None if ends is None else Interval(*ends, 0.95, 100)
    one = Difference("t", "map", "", "a", "b", 0.02, interval, verdict)
    assert verdict_words(one).startswith(short)
    assert whole in explain_verdict(one)
