"""The run itself: what is embedded, in which order, with which prompt, and what a fault costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.studies.evaluation import tasks as made
from tests.studies.evaluation.tasks import NoiseEmbedder
from tests.studies.toys import make_info
from workbench.contracts import (
    CancelSignal,
    Cost,
    Embedder,
    Evaluation,
    PartialError,
    Progress,
    ProgressFn,
    Prompt,
    Task,
    TaskResult,
)
from workbench.errors import Cancelled, ModelError, UnreachableError, WorkbenchError
from workbench.studies.evaluation import EvaluationError, run_evaluation
from workbench.studies.evaluation.texts import count_texts

FEW = 100
TASKS = made.all_kinds()


def with_prompts(**prompts: str) -> NoiseEmbedder:
    info = replace(make_info("prompted", 8), prompts=prompts, instruction_template="Do: {task}\n")
    return NoiseEmbedder(info=info)


def only(evaluation: Evaluation) -> TaskResult:
    return evaluation.embedders[0].tasks[0]


def test_every_kind_of_task_has_a_main_score_with_an_interval_around_it() -> None:
    evaluation = run_evaluation({"noise": NoiseEmbedder()}, TASKS, draws=FEW)
    results = evaluation.embedders[0].tasks
    assert [result.kind for result in results] == [task.kind for task in TASKS]
    for result in results:
        assert sum(score.main for score in result.scores) == 1
        for score in result.scores:
            assert score.draws.shape == (FEW,)
            assert score.interval is not None
            assert score.interval.low <= score.interval.high
        assert result.main.group == ""
        assert result.failed <= result.n
        assert result.failures == tuple(sorted(result.failures, key=lambda f: -f.badness))


def test_embedders_are_asked_in_order_and_all_tasks_of_one_before_the_next() -> None:
    order: list[str] = []
    embedders = {
        name: NoiseEmbedder(before=lambda texts, name=name: order.append(name))  # type: ignore[misc]
        for name in "ba"
    }
    evaluation = run_evaluation(embedders, TASKS[:3], draws=FEW)
    assert [embedder.label for embedder in evaluation.embedders] == ["b", "a"]
    assert order == sorted(order, reverse=True)


def test_a_string_is_embedded_once_whichever_tasks_it_is_in() -> None:
    embedder = NoiseEmbedder()
    evaluation = run_evaluation({"noise": embedder}, [made.sts(), made.bitext()], draws=FEW)
    asked = [string for call in embedder.asked for string in call]
    assert sorted(asked) == sorted({*made.EN, *made.SAME})
    again = evaluation.embedders[0].tasks[1]
    assert again.texts == len(asked), "what was known counts among the task's texts"
    assert again.tokens == sum(map(len, asked))
    assert any(f"{len(asked)} of {len(asked)} texts were embedded for" in n for n in again.notes)


def test_the_same_text_with_another_prompt_is_another_string() -> None:
    embedder = with_prompts(query="Q: ")
    run_evaluation({"m": embedder}, [made.bitext(), made.retrieval()], draws=FEW)
    asked = [string for call in embedder.asked for string in call]
    assert f"Q: {made.EN[0]}" in asked
    assert len(asked) == len(set(asked))


def test_queries_get_the_models_query_prompt_and_documents_its_document_prompt() -> None:
    embedder = with_prompts(query="Q: ", passage="P: ")
    prompts = only(run_evaluation({"m": embedder}, [made.retrieval()], draws=FEW)).prompts
    assert prompts == {"query": Prompt("Q: ", "name", "query"),
                       "document": Prompt("P: ", "name", "passage")}  # fmt: skip
    assert embedder.asked[0] == [f"Q: {text}" for text in made.EN[:5]]


def test_an_instruction_goes_where_the_model_has_a_place_for_it() -> None:
    task = made.retrieval(instruction="Find a paraphrase")
    result = only(run_evaluation({"m": with_prompts(query="Q: ")}, [task], draws=FEW))
    assert result.prompts["query"] == Prompt("Do: Find a paraphrase\n", "instruction")
    assert result.prompts["document"].prefix == ""
    without = only(run_evaluation({"m": NoiseEmbedder()}, [task], draws=FEW))
    assert without.prompts["query"] == Prompt()
    assert any("'Find a paraphrase' was left out" in note for note in without.notes)


def test_prompts_that_are_asked_for_go_first() -> None:
    asked: Mapping[str, Mapping[str, str]] = {"m": {"query": "", "document": "D: ", "text": "T: "}}
    tasks: list[Task] = [made.retrieval(instruction="Find a paraphrase"), made.sts()]
    evaluation = run_evaluation({"m": with_prompts(query="Q: ")}, tasks, prompts=asked, draws=FEW)
    retrieval, sts = evaluation.embedders[0].tasks
    assert {role: prompt.prefix for role, prompt in retrieval.prompts.items()} == {
        "query": "",
        "document": "D: ",
    }
    assert sts.prompts == {"text": Prompt("T: ", "prefix")}


def test_a_prompt_that_one_embedder_lacks_costs_only_what_needs_it() -> None:
    asked = {"m": {"query": "document"}}
    with pytest.raises(EvaluationError, match="'m' on 'retrieval': prompt='document'") as caught:
        run_evaluation({"m": with_prompts()}, TASKS[:3], prompts=asked, draws=FEW)
    assert [result.task for result in caught.value.evaluation.embedders[0].tasks] == [
        "sts",
        "pairs",
    ]


def refuse(word: str, error: type[WorkbenchError] = ModelError) -> NoiseEmbedder:
    """An embedder that fails on a text which has the word."""

    def fail(texts: Sequence[str]) -> None:
        if any(word in text for text in texts):
            raise error(f"no vector for {word!r}")

    return NoiseEmbedder(before=fail)


def test_a_task_that_one_embedder_cannot_finish_does_not_cost_the_rest() -> None:
    embedders = {"bad": refuse("排序"), "good": NoiseEmbedder()}
    with pytest.raises(EvaluationError, match="13 of 14 evaluations finished") as caught:
        run_evaluation(embedders, TASKS, draws=FEW)
    (lost,) = caught.value.lost
    assert (lost.label, lost.task, str(lost.error)) == ("bad", "code", "no vector for '排序'")
    bad, good = caught.value.evaluation.embedders
    assert (len(bad.tasks), len(good.tasks)) == (6, 7)
    assert len(caught.value.evaluation.differences) == 6


def test_a_server_that_went_away_is_not_asked_again() -> None:
    gone = refuse("排序", UnreachableError)
    tasks: list[Task] = [made.sts(), made.code(), made.bitext()]
    with pytest.raises(EvaluationError, match="4 of 6") as caught:
        run_evaluation({"gone": gone, "good": NoiseEmbedder()}, tasks, draws=FEW)
    assert [(lost.label, lost.task) for lost in caught.value.lost] == [
        ("gone", "code"),
        ("gone", "bitext"),
    ]


@pytest.mark.parametrize("cause", [None, UnreachableError("the server is gone")])
def test_refused_texts_cost_their_task_and_a_broken_run_the_further_ones(
    cause: UnreachableError | None,
) -> None:
    sound = NoiseEmbedder()

    def fail(texts: Sequence[str]) -> None:
        if "排序列表" in texts:
            rows = np.arange(1)
            raise PartialError(
                sound.embed(texts[:1]),
                rows,
                failed=[],
                total=len(texts),
                cause=cause,
                resume=lambda progress, cancel: sound.embed(texts),
            )

    with pytest.raises(EvaluationError) as caught:
        run_evaluation({"m": NoiseEmbedder(before=fail)}, [made.code(), made.bitext()], draws=FEW)
    assert len(caught.value.lost) == (1 if cause is None else 2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_vector_that_is_not_finite_loses_the_task_and_names_the_text(bad: float) -> None:
    embedder = NoiseEmbedder(table={made.SAME[3]: [1.0] * 7 + [bad]})
    with pytest.raises(EvaluationError, match=f"{bad!r} in the vector of '{made.SAME[3]}'"):
        run_evaluation({"m": embedder}, [made.bitext(), made.code()], draws=FEW)


def test_one_vector_for_all_texts_has_no_correlation_and_is_an_error_that_says_so() -> None:
    embedder = NoiseEmbedder(table=dict.fromkeys((*made.EN, *made.SAME), [1.0] * 8))
    with pytest.raises(EvaluationError, match=r"All 20 pairs of 'sts' have the cosine 1\.0"):
        run_evaluation({"m": embedder}, [made.sts()], draws=FEW)


def test_a_zero_vector_is_said_and_its_cosines_are_nothing() -> None:
    embedder = NoiseEmbedder(table={made.EN[0]: [0.0] * 8})
    result = only(run_evaluation({"m": embedder}, [made.bitext()], draws=FEW))
    assert any("1 texts have the zero vector" in note for note in result.notes)
    # all ten translations tie at cosine 0, which counts against it
    assert any(f.item == "1" and f.says == "a to b: rank 10 (cosine 0.000), before it a wrong "
               "text (0.000)" for f in result.failures)  # fmt: skip


def test_cut_texts_are_counted() -> None:
    task = replace(made.bitext(), a=("long " * 300, *made.EN[1:]))
    result = only(run_evaluation({"m": NoiseEmbedder()}, [task], draws=FEW))
    assert result.truncated == 1
    assert any("1 of 20 texts were cut" in note for note in result.notes)


def test_progress_counts_all_texts_and_never_goes_back() -> None:
    steps: list[Progress] = []
    embedders = {"bad": refuse("排序"), "good": NoiseEmbedder()}
    with pytest.raises(EvaluationError):
        run_evaluation(embedders, TASKS, draws=FEW, progress=steps.append)
    total = 2 * sum(count_texts(task) for task in TASKS)
    assert {(step.stage, step.total) for step in steps} == {("evaluate", total)}
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)
    assert steps[0].message == "bad: sts"


@pytest.mark.parametrize("word", [made.EN[0], "排序列表"], ids=["first task", "last task"])
def test_cancel_inside_an_embedder_ends_all_with_the_counts_of_all(word: str) -> None:
    cancel = threading.Event()

    def press(texts: Sequence[str]) -> None:
        if word in texts:
            cancel.set()

    with pytest.raises(Cancelled) as caught:
        run_evaluation({"m": NoiseEmbedder(before=press)}, TASKS, draws=FEW, cancel=cancel)
    assert caught.value.total == sum(count_texts(task) for task in TASKS)
    assert caught.value.done < caught.value.total


def test_cancel_before_the_start_embeds_nothing() -> None:
    cancel, embedder = threading.Event(), NoiseEmbedder()
    cancel.set()
    with pytest.raises(Cancelled):
        run_evaluation({"m": embedder}, TASKS, cancel=cancel)
    assert embedder.asked == []


def test_costs_are_measured_of_those_that_finished_something_on_the_texts_of_the_tasks() -> None:
    seen: list[tuple[list[str], int]] = []
    cost = Cost(1, -1, np.ones(1), np.ones(1), None, None, None, 32)

    def measure(
        embedders: Mapping[str, Embedder],
        texts: Sequence[str],
        progress: ProgressFn | None,
        cancel: CancelSignal | None,
    ) -> Mapping[str, Cost]:
        seen.append((list(embedders), len(texts)))
        return dict.fromkeys(embedders, cost)

    embedders = {"bad": refuse("cat"), "good": NoiseEmbedder()}
    with pytest.raises(EvaluationError) as caught:
        run_evaluation(embedders, [made.bitext()], draws=FEW, cost=measure)
    assert seen == [(["good"], 20)]
    assert [result.cost for result in caught.value.evaluation.embedders] == [None, cost]


def test_at_most_as_many_failures_as_asked_are_kept_and_all_are_counted() -> None:
    all_of_them = only(run_evaluation({"m": NoiseEmbedder()}, [made.retrieval()], draws=FEW))
    one = only(run_evaluation({"m": NoiseEmbedder()}, [made.retrieval()], draws=FEW, failures=1))
    assert all_of_them.failed > 1
    assert one.failures == all_of_them.failures[:1]
    assert one.failed == all_of_them.failed


def test_the_same_seed_gives_the_same_evaluation_and_another_other_draws() -> None:
    first, again, other = (
        only(run_evaluation({"m": NoiseEmbedder()}, [made.sts()], draws=FEW, seed=seed)).main
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.draws, again.draws)
    assert first.value == other.value
    assert not np.array_equal(first.draws, other.draws)


class LoadsLate(Mapping[str, Embedder]):
    """Embedders that are loaded when they are looked up, of which some cannot be."""

    def __init__(self, *, good: Sequence[str], names: Sequence[str], error: Exception) -> None:
        self.good, self.names, self.error = good, names, error

    def __getitem__(self, label: str) -> Embedder:
        if label not in self.good:
            raise self.error
        return NoiseEmbedder()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def test_an_embedder_that_cannot_be_loaded_costs_its_own_tasks_only() -> None:
    late = LoadsLate(good="ac", names="abc", error=ModelError("no weights there"))
    tasks: list[Task] = [made.bitext(), made.sts()]
    with pytest.raises(EvaluationError, match="4 of 6 evaluations finished") as caught:
        run_evaluation(late, tasks, draws=FEW)
    assert [result.label for result in caught.value.evaluation.embedders] == ["a", "c"]
    assert [(lost.label, lost.task) for lost in caught.value.lost] == [
        ("b", "bitext"),
        ("b", "sts"),
    ]


@pytest.mark.parametrize(
    ("good", "error"), [("b", ModelError("no weights")), ("a", Cancelled(0, 1))]
)
def test_a_first_that_cannot_be_loaded_or_a_cancel_ends_it(good: str, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        run_evaluation(LoadsLate(good=good, names="ab", error=error), [made.sts()], draws=FEW)
    assert caught.value is error
