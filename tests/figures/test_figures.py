"""Figures hold what they show: true values, every text once, and texts as text."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.contracts import KINDS, Kind
from workbench.errors import InputError
from workbench.figures import (
    KIND_COLOURS,
    KIND_NAMES,
    KIND_SYMBOLS,
    change_figure,
    map_figure,
    matrix_figure,
)
from workbench.maths import similarity
from workbench.studies import Projection, compare, compare_change, project

HOSTILE = ("<b>bold</b>", "<script>alert(1)</script>", "$x^2$", "%{x} %{customdata}", "&lt;")


def random(n: int, dim: int = 8) -> NDArray[np.float32]:
    return np.random.default_rng(n).normal(size=(n, dim)).astype(np.float32)


def kinds_of(n: int) -> list[Kind]:
    return [KINDS[i % len(KINDS)] for i in range(n)]


def fake_map(n: int) -> Projection:
    return Projection(
        random(n, 2), np.full(n, 0.5, dtype=np.float32), 10, "pca", 15, 0.1, 42, False, 0.0
    )


def test_a_matrix_shows_the_cosines_in_their_order() -> None:
    vectors, order = random(6), [3, 1, 5, 0, 2, 4]
    comparison = compare(vectors)
    figure = matrix_figure(comparison.summarize(order=order), list("abcdef"))
    np.testing.assert_allclose(figure.data[0].z, similarity(vectors[order]), atol=1e-6)
    assert list(figure.layout.yaxis.ticktext) == list("dbface")
    assert figure.layout.yaxis.autorange == "reversed"


def test_equal_labels_stay_separate_rows() -> None:
    figure = matrix_figure(np.eye(3), ["same"] * 3)
    assert list(figure.data[0].y) == [0, 1, 2]
    assert list(figure.layout.yaxis.tickvals) == [0, 1, 2]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_very_few_texts_are_drawn(n: int) -> None:
    comparison = compare(random(n))
    matrix_figure(comparison.summarize(), ["a"] * n).to_json()
    map_figure(project(random(n)), ["a"] * n, kinds_of(n), comparison=comparison).to_json()
    change_figure(compare_change(random(n), random(n)), ["a"] * n).to_json()


def test_values_are_written_where_they_fit() -> None:
    figure = matrix_figure(np.eye(10), list("abcdefghij"))
    assert figure.data[0].texttemplate == "%{z:.2f}"
    assert figure.data[0].textfont.size >= 8
    assert matrix_figure(np.eye(10), list("abcdefghij"), width=200).data[0].texttemplate is None
    assert matrix_figure(np.eye(40), ["x"] * 40).data[0].texttemplate is None


def test_labels_are_drawn_up_to_fifty_and_hidden_beyond_but_kept_for_hovering() -> None:
    few, many = (matrix_figure(np.eye(n), [f"t{i}" for i in range(n)]) for n in (50, 51))
    assert few.layout.xaxis.showticklabels
    assert not many.layout.xaxis.showticklabels
    assert many.layout.xaxis.ticktext[50] == "t50"


def test_the_scale_begins_below_the_lowest_cosine_and_ends_at_one() -> None:
    figure = matrix_figure([[1, 0.42], [0.42, 1]], ["a", "b"])
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0.4, 1)


def test_given_limits_are_the_scale() -> None:
    figure = matrix_figure(np.eye(2), ["a", "b"], limits=(-1, 1))
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1, 1)


def test_a_window_has_labels_of_its_own_for_rows_and_columns() -> None:
    figure = matrix_figure(np.zeros((2, 3)), ["a", "b"], columns=["c", "d", "e"])
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"]
    assert list(figure.layout.xaxis.ticktext) == ["c", "d", "e"]


def test_two_thousand_texts_take_little_on_the_wire() -> None:
    comparison = compare(random(2000), k=1, clustered=False)
    figure = matrix_figure(comparison.summarize(), [f"text {i}" for i in range(2000)])
    z = json.loads(figure.to_json())["data"][0]["z"]
    assert z["dtype"] == "f4"
    assert len(base64.b64decode(z["bdata"])) == 600 * 600 * 4
    assert len(figure.to_json()) < 2_500_000
    assert figure.layout.xaxis.ticktext[1] == "4–6: text 3"


def test_labels_must_be_as_many_as_rows() -> None:
    with pytest.raises(InputError, match="1 labels were given for 2 rows"):
        matrix_figure(np.eye(2), ["a"])
    with pytest.raises(InputError, match="1 labels were given for 2 texts"):
        matrix_figure(compare(random(2)).summarize(), ["a"])


def test_differences_are_centred_on_zero() -> None:
    change = compare_change(random(5), random(5) + 1)
    trace = change_figure(change, list("abcde")).data[0]
    assert trace.zmin == -trace.zmax < 0
    assert trace.zmax == pytest.approx(np.abs(change.difference.mean).max())
    assert "rgb" in trace.colorscale[1][1] or trace.colorscale[1] == (0.5, "#f2f2f2")


def test_rounding_noise_is_not_painted_as_a_change() -> None:
    trace = change_figure(np.full((2, 2), 1e-7), ["a", "b"]).data[0]
    assert trace.zmax == 0.01


def test_every_point_carries_the_index_of_its_text() -> None:
    n = 23
    projection = fake_map(n)
    figure = map_figure(projection, [str(i) for i in range(n)], kinds_of(n))
    seen = []
    for trace in figure.data:
        for index, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
            assert (x, y) == tuple(projection.points[index])
            seen.append(index)
    assert sorted(seen) == list(range(n))
    assert [trace.name for trace in figure.data] == [KIND_NAMES[kind] for kind in KINDS]


def test_kinds_differ_in_colour_and_in_shape() -> None:
    assert set(KIND_COLOURS) == set(KIND_SYMBOLS) == set(get_args(Kind))
    assert len(set(KIND_COLOURS.values())) == len(set(KIND_SYMBOLS.values())) == len(KINDS)


def test_opacity_says_how_far_to_trust_a_point() -> None:
    projection = fake_map(2)
    projection.preservation[:] = [0, 1]
    marker = map_figure(projection, ["a", "b"], ["en", "en"]).data[0].marker
    assert marker.opacity == pytest.approx([0.45, 1])


def test_a_map_has_equal_axes_without_numbers() -> None:
    layout = map_figure(fake_map(3), list("abc"), kinds_of(3)).layout
    assert layout.yaxis.scaleanchor == "x"
    assert layout.xaxis.showticklabels is layout.yaxis.showticklabels is False


def test_many_points_are_drawn_by_webgl() -> None:
    assert map_figure(fake_map(5000), ["x"] * 5000, ["en"] * 5000).data[0].type == "scatter"
    assert map_figure(fake_map(5001), ["x"] * 5001, ["en"] * 5001).data[0].type == "scattergl"


def test_groups_colour_the_points_largest_first_and_the_rest_grey() -> None:
    groups = ["b", "a", "a", None, *"cdefghi"]
    figure = map_figure(fake_map(11), ["x"] * 11, kinds_of(11), groups=groups)
    assert [trace.name for trace in figure.data] == ["a", "b", "c", "d", "e", "f", "g", "2 more"]
    assert list(figure.data[0].customdata) == [1, 2]
    assert len({trace.marker.color for trace in figure.data}) == 8


def test_a_line_leads_from_where_each_point_was() -> None:
    projection, before = fake_map(2), np.array([[5, 5], [6, 6]], dtype=np.float32)
    trails = map_figure(projection, ["a", "b"], ["en"] * 2, before=before).data[0]
    assert trails.mode == "lines" and trails.customdata is None
    ends = projection.points
    np.testing.assert_array_equal(trails.x, [5, ends[0, 0], np.nan, 6, ends[1, 0], np.nan])
    np.testing.assert_array_equal(trails.y, [5, ends[0, 1], np.nan, 6, ends[1, 1], np.nan])


def test_a_hover_box_names_the_true_neighbours_with_their_cosine() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    figure = map_figure(
        project(vectors), ["apple", "fruit", "saw"], ["en"] * 3, comparison=compare(vectors)
    )
    assert "0.80  fruit" in figure.data[0].hovertext[0]


@pytest.mark.parametrize("given", ["labels", "kinds", "groups"])
def test_a_map_needs_one_of_each_for_every_text(given: str) -> None:
    arguments: dict[str, Any] = {"labels": ["a"] * 3, "kinds": ["en"] * 3}
    arguments[given] = ["en", "en"]
    with pytest.raises(InputError, match=rf"2 {given}.* map of 3 points"):
        map_figure(fake_map(3), **arguments)


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for v in value.values() for s in strings(v)]
    return [s for v in value for s in strings(v)] if isinstance(value, list) else []


@pytest.mark.parametrize("n", [5, 60], ids=["small", "large"])
@pytest.mark.parametrize("name", ["matrix", "map", "change"])
def test_hostile_texts_reach_the_browser_as_text_only(name: str, n: int) -> None:
    vectors = random(n)
    texts, groups = [HOSTILE[i % 5] for i in range(n)], [HOSTILE[i % 5] for i in range(n)]
    comparison = compare(vectors)
    figure = {
        "matrix": lambda: matrix_figure(comparison.summarize(), texts, title=HOSTILE[1]),
        "map": lambda: map_figure(
            project(vectors, method="pca"),
            texts,
            kinds_of(n),
            comparison=comparison,
            groups=groups,
            title=HOSTILE[0],
        ),
        "change": lambda: change_figure(compare_change(vectors, -vectors), texts),
    }[name]()
    sent = json.loads(figure.to_json())
    for text in strings(sent):
        assert "<script" not in text
        assert "<b>bold" not in text
        assert "$x" not in text
    templates = [t[k] for t in sent["data"] for k in ("hovertemplate", "texttemplate") if k in t]
    assert not any("customdata" in template for template in templates)


@pytest.mark.parametrize("name", ["matrix", "map"])
def test_figures_are_transparent_and_offer_no_cloud(name: str) -> None:
    figure = (
        matrix_figure(np.eye(2), ["a", "b"])
        if name == "matrix"
        else map_figure(fake_map(2), ["a", "b"], ["en", "zh"])
    )
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure._config["showSendToCloud"] is False
    assert figure._config["typesetMath"] is False
