"""What each kind of task finds, on vectors that make the answer known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.studies.evaluation import tasks as made
from tests.studies.evaluation.tasks import SOURCE, NoiseEmbedder
from tests.studies.toys import make_info
from workbench.contracts import (
    CodeFunction,
    CodeSearch,
    LabelledPairs,
    Retrieval,
    Score,
    ScoredPairs,
    Task,
    TaskResult,
)
from workbench.studies.evaluation import run_evaluation


def at_angle(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def evaluate(task: Task, angles: Mapping[str, float]) -> TaskResult:
    """The task on a plane: each text at its angle."""
    info = replace(make_info("plane", 2), prompts={})
    table = {text: at_angle(angle) for text, angle in angles.items()}
    embedder = NoiseEmbedder(info=info, table=table)
    return run_evaluation({"plane": embedder}, [task], draws=200).embedders[0].tasks[0]


def find(result: TaskResult, metric: str, group: str = "") -> Score:
    (found,) = [s for s in result.scores if (s.metric, s.group) == (metric, group)]
    return found


def test_a_pair_far_from_its_place_is_a_failure_with_both_places() -> None:
    angles = {"centre": 0.0, **{f"t{at}": 10.0 * at for at in range(1, 9)}}
    scores = (9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 10.0)  # the furthest is scored highest
    task = ScoredPairs("s", ("centre",) * 8, tuple(f"t{at}" for at in range(1, 9)), scores, SOURCE)
    result = evaluate(task, angles)
    assert result.failed == 1
    assert result.failures[0].item == "8"
    assert result.failures[0].says == (
        "score 10 is place 1 of 8, cosine 0.174 is place 8 (1: most alike)"
    )
    assert result.items == {}, "a correlation is no mean over items"


def test_pairs_on_the_wrong_side_of_the_best_threshold_are_failures() -> None:
    angles = {"centre": 0.0, "near": 10.0, "middle": 50.0, "far": 80.0, "lost": 85.0}
    texts, labels = ("near", "middle", "far", "lost"), (True, True, False, True)
    task = LabelledPairs("p", ("centre",) * 4, texts, labels, SOURCE)
    result = evaluate(task, angles)
    assert find(result, "best accuracy").value == 0.75
    assert "optimistic" in find(result, "best accuracy").note
    assert [(f.expected, f.says[:17]) for f in result.failures] == [("lost", "labelled the same")]


RETRIEVAL = Retrieval(
    "r",
    {"q1": "ask one", "q2": "ask two", "d9": "ask nine", "idle": "nothing answers"},
    {"d1": "one", "d2": "two", "d3": "three", "d9": "nine"},
    {"q1": {"d1": 1.0}, "q2": {"d1": 1.0, "d3": 2.0}, "d9": {"d3": 1.0}},
    {"q1": "zh", "q2": "en", "d9": "en"},
    None,
    SOURCE,
)
ANGLES = {
    "ask one": 0.0,
    "one": 1.0,
    "ask two": 30.0,
    "two": 31.0,
    "three": 40.0,
    "ask nine": 60.0,
    "nine": 60.0,
}


def test_retrieval_ranks_by_hand() -> None:
    result = evaluate(RETRIEVAL, ANGLES)
    assert result.n == 3
    # q1: one first. q2: two, three, one. d9: itself is left out, then three
    assert find(result, "mean rank").value == pytest.approx((1 + 2 + 1) / 3)
    assert find(result, "precision@1").value == pytest.approx(2 / 3)
    assert find(result, "hit@3").value == 1
    assert find(result, "map@100").value == pytest.approx((1 + (1 / 2 + 2 / 3) / 2 + 1) / 3)
    gain = 2 / np.log2(3) + 1 / np.log2(4)
    ndcg = gain / (2 + 1 / np.log2(3))
    assert result.items == pytest.approx({"q1": 1.0, "q2": ndcg, "d9": 1.0})
    assert result.main.value == pytest.approx((2 + ndcg) / 3)
    assert not find(result, "mean rank").higher_is_better


def test_retrieval_is_broken_down_by_group() -> None:
    result = evaluate(RETRIEVAL, ANGLES)
    assert (find(result, "precision@1", "zh").value, find(result, "precision@1", "zh").n) == (1, 1)
    assert find(result, "precision@1", "zh").interval is None, "one item cannot be drawn"
    assert (find(result, "mean rank", "en").value, find(result, "mean rank", "en").n) == (1.5, 2)


def test_retrieval_says_what_it_left_out() -> None:
    notes = " ".join(evaluate(RETRIEVAL, ANGLES).notes)
    assert "1 of 4 queries have no document that answers them and were left out" in notes
    assert "for 1 queries the document with the query's own id was left out, as in BEIR" in notes


def test_a_document_with_the_querys_id_that_answers_it_stays() -> None:
    task = replace(RETRIEVAL, relevant={"d9": {"d9": 1.0}})
    result = evaluate(task, ANGLES)
    assert find(result, "mean rank").value == 1
    assert not any("own id" in note for note in result.notes)


def test_a_query_that_went_wrong_is_shown_with_what_stood_before() -> None:
    (failure,) = evaluate(RETRIEVAL, ANGLES).failures
    assert (failure.item, failure.asked, failure.expected, failure.found) == (
        "q2",
        "ask two",
        "three",
        "two",
    )
    assert failure.says == "rank 2 (cosine 0.985), before it a wrong text (1.000)"


def test_bitext_counts_a_pair_once_that_fails_both_ways() -> None:
    result = run_evaluation({"m": NoiseEmbedder()}, [made.bitext()], draws=100, failures=99)
    (found,) = result.embedders[0].tasks
    both = [failure.item for failure in found.failures]
    assert len(set(both)) < len(both), "some pair fails both ways"
    assert found.failed == len(set(both)) <= found.n
    assert found.main.value == pytest.approx(np.mean(list(found.items.values())))


def function(name: str, group: str, language: str = "py", **descriptions: str) -> CodeFunction:
    return CodeFunction(name, language, group, f"code of {name}", descriptions)


CODE = CodeSearch(
    "c",
    (
        function("a1", "a", en="do a"),
        function("a2", "a", "go", en="do a too"),
        function("b1", "b", en="do b"),
        function("b2", "b", "go"),
        function("lone", "", en="do it alone"),
    ),
    SOURCE,
)
CODE_ANGLES = {
    "code of a1": 0.0,
    "code of a2": 5.0,
    "code of b1": 20.0,
    "code of b2": 60.0,
    "code of lone": 61.0,
    "do a": 4.0,  # nearer to a2, which does the same and does not count
    "do a too": 5.0,
    "do b": 50.0,  # b2 does not count, lone does: rank 2
    "do it alone": 61.0,
}


def test_a_description_finds_its_own_function_and_others_of_the_group_do_not_count() -> None:
    result = evaluate(CODE, CODE_ANGLES)
    assert find(result, "precision@1", "en to code").value == 3 / 4
    assert find(result, "mrr@10", "en to code").value == pytest.approx((3 + 1 / 2) / 4)
    # of "do b": wrong are a1, a2 and lone, of which lone is above b1
    assert find(result, "auc", "en to code").value == pytest.approx((3 + 2 / 3) / 4)
    assert find(result, "mrr@10", "en to code").n == 4


def test_a_function_finds_the_others_of_its_group_without_itself() -> None:
    result = evaluate(CODE, CODE_ANGLES)
    # a1 → a2 first; a2 → a1 first; b1 → a2, a1, b2 (40° beside lone's 41°); b2 → lone, b1
    assert find(result, "mrr@10", "code to code").value == pytest.approx(
        (1 + 1 + 1 / 3 + 1 / 2) / 4
    )
    assert any("1 functions have no other of their group" in note for note in result.notes)


def test_the_main_code_score_is_the_mean_over_functions_of_their_searches() -> None:
    result = evaluate(CODE, CODE_ANGLES)
    assert result.items == pytest.approx(
        {"a1": 1.0, "a2": 1.0, "b1": (1 / 2 + 1 / 3) / 2, "b2": 1 / 2, "lone": 1.0}
    )
    assert result.main.value == pytest.approx(np.mean(list(result.items.values())))
    assert result.failed == 2, "b1, which fails twice, and b2"


def test_the_raw_delta_is_of_pairs_of_one_language_and_says_why_it_is_no_score() -> None:
    result = evaluate(CODE, CODE_ANGLES)

    def cosine(degrees: float) -> float:
        return float(np.cos(np.radians(degrees)))

    # same language, another group: a1 → b1, lone; b1 → a1, lone; lone → a1, b1; a2 → b2
    right = [cosine(4), cosine(0), cosine(30), cosine(0)]
    wrong = [
        [cosine(16), cosine(57)],
        [cosine(55)],
        [cosine(50), cosine(11)],
        [cosine(61), cosine(41)],
    ]
    deltas = [r - np.mean(w) for r, w in zip(right, wrong, strict=True)]
    raw = find(result, "cosine delta", "en to code")
    assert raw.value == pytest.approx(np.mean(deltas), abs=1e-6)
    assert "not to be compared between models" in raw.note
    spread = find(result, "cosine delta in spreads", "en to code")
    assert spread.value == pytest.approx(np.mean(deltas) / np.std(np.concatenate(wrong)), abs=1e-5)
    assert spread.note


def squeeze(table: Mapping[str, float], by: float) -> Mapping[str, Sequence[float]]:
    """The same order of cosines over a narrower range: all vectors moved towards a third axis."""
    return {text: [*at_angle(angle), by] for text, angle in table.items()}


def test_two_models_of_one_order_differ_in_the_raw_delta_and_not_in_ranks() -> None:
    info = replace(make_info("space", 3), prompts={})
    embedders = {
        name: NoiseEmbedder(info=info, table=squeeze(CODE_ANGLES, by))
        for name, by in (("wide", 0.0), ("narrow", 3.0))
    }
    evaluation = run_evaluation(embedders, [CODE], draws=200)
    wide, narrow = (embedder.tasks[0] for embedder in evaluation.embedders)
    group = "en to code"
    raw = [find(result, "cosine delta", group).value for result in (wide, narrow)]
    assert raw[0] == pytest.approx(10 * raw[1], rel=1e-3)
    for metric in ("auc", "mrr@10"):
        assert find(wide, metric, group).value == find(narrow, metric, group).value
    assert find(wide, "cosine delta in spreads", group).value == pytest.approx(
        find(narrow, "cosine delta in spreads", group).value, rel=1e-3
    )
    assert evaluation.differences[0].verdict == "the same"


def test_the_interval_of_a_clustering_holds_its_score() -> None:
    labels = tuple("abcdefghij"[at % 10] for at in range(100))
    task = replace(made.clustering(), texts=tuple(f"text {at}" for at in range(100)), labels=labels)
    (result,) = run_evaluation({"m": NoiseEmbedder()}, [task], draws=300).embedders[0].tasks
    main = result.main
    assert main.interval is not None
    assert main.interval.low < main.value < main.interval.high
    assert "k-means with seed 0" in main.note


def test_fewer_different_texts_than_groups_do_not_stop_a_clustering() -> None:
    task = replace(
        made.clustering(), texts=("one", "one", "one", "two"), labels=("a", "b", "c", "d")
    )
    (result,) = run_evaluation({"m": NoiseEmbedder()}, [task], draws=100).embedders[0].tasks
    assert 0 <= result.main.value <= 1


def test_few_items_and_an_interval_without_width_are_said() -> None:
    angles = {text: 10.0 * at for at, text in enumerate(made.EN)}
    angles |= {text: 10.0 * at + 1 for at, text in enumerate(made.SAME)}
    notes = evaluate(made.bitext(), angles).notes
    assert any("only 10 items" in note for note in notes)
    assert any("up to some 30% may differ" in note for note in notes)


def test_functions_of_one_group_are_drawn_together() -> None:
    functions = tuple(
        replace(function(f"{name}{at}", name, en=f"do {name}{at}"), language="py")
        for name in "abcdefgh"
        for at in range(4)
    )
    good = {f"do {f.id}": [1.0, 0, 0, *np.eye(32)[at]] for at, f in enumerate(functions)}
    table = {**good, **{f.code: good[f"do {f.id}"] for f in functions if f.group in "abcd"}}
    info = replace(make_info("half", 35), prompts={})
    embedder = NoiseEmbedder(info=info, table=table)
    task = CodeSearch("c", functions, SOURCE)
    (result,) = run_evaluation({"half": embedder}, [task], draws=1_000).embedders[0].tasks
    score = find(result, "precision@1", "en to code")
    assert score.value == pytest.approx(0.5, abs=0.1)
    single = np.sqrt(score.value * (1 - score.value) / len(functions))
    assert score.draws.std() > 1.7 * single, "eight groups of four tell less than 32 functions"
