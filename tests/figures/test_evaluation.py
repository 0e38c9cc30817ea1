"""Figures of an evaluation hold the scores, their intervals, and who won what."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.figures.evaluations import (
    HOSTILE,
    QUERIES,
    make_difference,
    make_embedder,
    make_evaluation,
    make_result,
    make_score,
    make_sts,
)
from workbench.contracts import Evaluation
from workbench.errors import InputError
from workbench.figures import compare_items, cost_figure, scores_figure, wins_figure
from workbench.figures.evaluation_frame import SYMBOLS


def test_cost_is_the_median_time_against_the_main_score() -> None:
    figure = cost_figure(make_evaluation(), "sts-zh")
    assert [trace.name for trace in figure.data] == ["MiniLM", "n-grams"]
    np.testing.assert_allclose([trace.x[0] for trace in figure.data], [4, 0.2])
    assert [trace.y[0] for trace in figure.data] == [0.8, 0.5]
    np.testing.assert_allclose(figure.data[0].error_y.array, [0.04])
    np.testing.assert_allclose(figure.data[0].error_y.arrayminus, [0.05])
    assert figure.layout.xaxis.type == "log"
    low, high = 10 ** np.asarray(figure.layout.xaxis.range)
    assert low < 0.2 and high > 8, "the 95th percentile is inside, too"


def test_cost_by_full_batches_is_by_text() -> None:
    figure = cost_figure(make_evaluation(), "faq", clock="batch")
    np.testing.assert_allclose([trace.x[0] for trace in figure.data], [2.5, 2.5])
    assert "batches" in figure.layout.xaxis.title.text


def test_an_embedder_without_cost_is_left_out_and_said() -> None:
    whole = make_evaluation()
    first, second = whole.embedders
    figure = cost_figure(replace(whole, embedders=(replace(first, cost=None), second)), "faq")
    (trace,) = figure.data
    assert trace.name == "n-grams"
    assert trace.marker.symbol == SYMBOLS[1], "as in the other figures, where both are drawn"
    assert "1 without cost or score" in figure.layout.title.text


def test_an_embedder_that_failed_before_it_was_timed_is_left_out() -> None:
    whole = make_evaluation()
    first, second = whole.embedders
    assert first.cost is not None
    untimed = replace(first, cost=replace(first.cost, single_seconds=np.empty(0)))
    figure = cost_figure(replace(whole, embedders=(untimed, second)), "faq")
    assert [trace.name for trace in figure.data] == ["n-grams"]
    assert "1 without cost or score" in figure.layout.title.text


def test_an_embedder_that_lost_the_task_is_left_out() -> None:
    whole = make_evaluation()
    first, second = whole.embedders
    lost = replace(whole, embedders=(first, replace(second, tasks=second.tasks[:1])))
    assert [trace.name for trace in cost_figure(lost, "sts-zh").data] == ["MiniLM"]
    assert len(scores_figure(lost).data[1].x) == 1


def test_cost_that_was_not_measured_is_said() -> None:
    with pytest.raises(InputError, match="cost=True"):
        cost_figure(make_evaluation(cost=False), "faq")


def test_a_task_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match=r"'nope' is not in the evaluation.*'faq', 'sts-zh'"):
        cost_figure(make_evaluation(), "nope")


def test_scores_stand_with_intervals_and_the_number_of_items() -> None:
    figure = scores_figure(make_evaluation())
    assert list(figure.layout.yaxis.ticktext) == [
        "faq<br>ndcg@10, n=4",
        "sts-zh<br>spearman, n=160",
    ]
    first, second = figure.data
    np.testing.assert_allclose(first.x, [0.625, 0.8])
    np.testing.assert_allclose(first.error_x.array, [0.04, 0.04])
    assert first.marker.symbol != second.marker.symbol
    assert first.marker.color != second.marker.color
    assert (np.asarray(first.y) < np.asarray(second.y)).all(), "one below the other"
    assert "0.800 [0.750, 0.840], n=160" in first.hovertext[1]


def test_a_score_without_an_interval_is_a_dot() -> None:
    lone = replace(make_sts(), scores=(make_score(0.4, main=True, interval=None, n=1),))
    figure = scores_figure(Evaluation((make_embedder("a", [lone]),), (), {}))
    np.testing.assert_array_equal(figure.data[0].error_x.array, [0])
    assert "[" not in figure.data[0].hovertext[0]


def test_items_are_sorted_by_what_the_first_won() -> None:
    found = compare_items(make_result((0, 1, 0.5, 0.2)), make_result((0.5, 0, 0.5, 0.1)))
    assert found.items == ("q1", "q3", "q2", "q0")
    np.testing.assert_allclose(found.values, [1, 0.1, 0, -0.5])
    assert found.counts == (2, 1, 1)


def test_rounding_is_no_win() -> None:
    found = compare_items(make_result((0.1 + 0.2, 1)), make_result((0.3, 1)))
    assert found.counts == (0, 0, 2)


def test_a_score_that_is_no_mean_has_no_winners() -> None:
    with pytest.raises(InputError, match="spearman on 'sts-zh' is one number over all items"):
        compare_items(make_sts(), make_sts())


def test_wins_say_the_mean_its_interval_and_the_counts() -> None:
    first, second = make_evaluation().embedders
    figure = wins_figure(
        (first.label, first.tasks[0]),
        (second.label, second.tasks[0]),
        difference=make_difference(value=0.25),
        texts=QUERIES,
    )
    title = figure.layout.title.text
    assert "MiniLM less n-grams on faq" in title
    assert "mean +0.250 [−0.050, 0.200], not separable; 2 won, 1 lost, 1 level" in title
    (bars,) = figure.data
    np.testing.assert_allclose(bars.y, [1, 0.5, 0, -0.5])
    assert "怎样重启网关" in bars.hovertext[0] and "MiniLM better by 1.000" in bars.hovertext[0]
    assert "level" in bars.hovertext[2]
    assert bars.marker.color[0] != bars.marker.color[3]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_and_names_are_never_markup(text: str) -> None:
    result = make_result(task=text)
    whole = Evaluation(
        (replace(make_evaluation().embedders[0], label=text, tasks=(result,)),), (), {}
    )
    texts = dict.fromkeys(result.items, text * 40)
    drawn = (
        scores_figure(whole),
        cost_figure(whole, text),
        wins_figure((text, result), (text, make_result()), texts=texts),
    )
    for figure in drawn:
        said = json.dumps(figure.to_plotly_json()["layout"], default=str) + "".join(
            str(trace.name) + "".join(trace.hovertext) + "".join(map(str, trace.text or ()))
            if trace.type == "scatter"
            else "".join(trace.hovertext)
            for trace in figure.data
        )
        for mark in ("<img", "<script", "</td", "<h1", "$", "&lt;b&gt;"):
            assert mark not in said.replace("&amp;lt;b&amp;gt;", "").replace("&#36;", "")


def test_a_long_query_is_cut_in_its_hover_box() -> None:
    result = make_result()
    figure = wins_figure(("a", result), ("b", result), texts={"q0": "很长的问题 " * 500})
    assert max(map(len, figure.data[0].hovertext)) < 600
