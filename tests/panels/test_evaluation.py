"""The evaluation panel: ticked, run, cancelled, told, its own data read, exported; headless."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.figures.evaluations import HOSTILE, make_evaluation
from tests.panels.evaluating import FakeEvaluator, FakeReader
from tests.panels.fakes import URL, FakeCatalogue, wait_until
from workbench.contracts import Evaluation
from workbench.errors import Cancelled, InputError, ModelError
from workbench.panels.evaluation import EvaluationPanel
from workbench.studies.evaluation import EvaluationError, LostTask

KEY = "sk-nobody-may-read-this-7f3a"
WRITERS = {
    "markdown": lambda evaluation: f"# {len(evaluation.embedders)} embedders",
    "json": lambda evaluation: json.dumps({"seed": evaluation.manifest["seed"]}),
}
FORM: dict[str, Any] = {"embedders": ["near", "other"], "tasks": ["faq", "sts-zh"]}


@pytest.fixture
def evaluator() -> FakeEvaluator:
    return FakeEvaluator()


@pytest.fixture
def panel(catalogue: FakeCatalogue, evaluator: FakeEvaluator) -> Iterator[EvaluationPanel]:
    panel = EvaluationPanel(
        catalogue, evaluator, FakeReader(), writers=WRITERS, embedders=("near",)
    )
    yield panel
    evaluator.gate.open()
    panel.close()


def tell(panel: EvaluationPanel, **content: Any) -> None:
    panel._handle_custom_msg(content, [])
    assert panel.wait(10)


def run(panel: EvaluationPanel, **changes: Any) -> str:
    tell(panel, do="evaluate", form={**FORM, **changes})
    return str(panel.status["message"])


def test_only_what_is_on_this_machine_is_offered(
    panel: EvaluationPanel, catalogue: FakeCatalogue
) -> None:
    states = {choice.spec: choice.state for choice in catalogue.choices()}
    offered = [one["spec"] for one in panel.lists["embedders"]]
    assert "needs download" in states.values()
    assert offered == [spec for spec, state in states.items() if state == "ready"]
    assert panel.options["embedders"] == ["near"]
    assert [one["size"] for one in panel.lists["tasks"]] == [
        "4 queries over 2 passages", "2 pairs",
    ]  # fmt: skip


def test_what_is_ticked_is_evaluated_and_shown(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    assert run(panel, cost=False, draws="5,000") == ""
    assert panel.status["phase"] == "done"
    (asked,) = evaluator.asked
    assert list(asked["embedders"].values()) == ["near", "other"]
    assert (asked["tasks"], asked["cost"], asked["draws"]) == (["faq", "sts-zh"], False, 5000)
    assert asked["prompts"] is None
    assert panel.evaluation is evaluator.evaluation
    first = panel.result["scores"][0]
    assert (first["task"], first["metric"], first["n"], first["main"]) == (
        "faq",
        "ndcg@10",
        "4",
        True,
    )
    assert [cell["value"] for cell in first["cells"]] == ["0.625", "0.375"]
    assert first["cells"][0]["interval"] == "[0.575, 0.665]"


def test_every_number_says_how_far_it_can_be_trusted(panel: EvaluationPanel) -> None:
    run(panel)
    rows = {(row["metric"], row["group"]): row for row in panel.result["scores"]}
    assert rows["ndcg@10", "zh"]["cells"][0]["interval"] == "no interval: too few items"
    assert ("mean rank (lower is better)", "") in rows
    assert panel.result["brackets"].startswith("In brackets: 95% of 2,000 bootstrap draws")
    near, apart = panel.result["differences"]
    assert near["verdict"] == "not separable: the interval includes 0"
    assert near["interval"] == "[−0.050, 0.200]"
    assert (near["counts"], near["apart"]) == ("2 / 1 / 1", False)
    assert (apart["verdict"], apart["counts"], apart["apart"]) == ("MiniLM is higher", "–", True)
    (minilm, _) = panel.result["cost"]
    assert minilm["cells"][0] == "4 / 7.6"
    assert minilm["cells"][5] == "–", "no GPU was used"
    facts = dict(map(tuple, panel.result["record"][0]["tasks"][0]["facts"]))
    assert facts["before a query"] == "'Query: '"
    assert facts["truncated"] == "1 of 12 texts"


@pytest.mark.parametrize(
    ("changes", "query"),
    [
        ({"instruction": "none"}, ""),
        ({"instruction": "own", "own": "Find the passage: "}, "Find the passage: "),
    ],
    ids=["none", "own"],
)
def test_an_instruction_reaches_the_queries_of_every_embedder(
    panel: EvaluationPanel, evaluator: FakeEvaluator, changes: dict[str, str], query: str
) -> None:
    run(panel, **changes)
    (asked,) = evaluator.asked
    assert asked["prompts"] == {label: {"query": query} for label in asked["embedders"]}
    assert len(asked["prompts"]) == 2
    assert f"'query': {query!r}" in panel.result["code"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"embedders": []}, "No embedder is ticked"),
        ({"tasks": []}, "No task is ticked"),
        ({"embedders": ["nobody"]}, "No embedder 'nobody' is in the list: 'near'"),
        ({"tasks": ["nothing"]}, "No task is called 'nothing'. There are: 'faq', 'sts-zh'"),
        ({"draws": "many"}, "Draws are 'many', which is no whole number"),
        ({"draws": "7"}, "Draws are 7; 100 to 100,000 are allowed"),
        ({"instruction": "own", "own": " "}, "none is given"),
        ({"instruction": "odd"}, "The instruction is 'odd'; there are task, none, own"),
    ],
)
def test_a_field_that_makes_no_sense_is_said_and_nothing_is_run(
    panel: EvaluationPanel, evaluator: FakeEvaluator, changes: dict[str, Any], said: str
) -> None:
    assert said in run(panel, **changes)
    assert panel.status["phase"] == "error"
    assert not evaluator.asked


def test_cancel_stops_it_and_the_result_before_stays(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    run(panel)
    before = panel.result
    evaluator.gate.shut()
    panel._handle_custom_msg({"do": "evaluate", "form": FORM}, [])
    assert evaluator.gate.reached.wait(10)
    assert (panel.status["done"], panel.status["total"]) == (30, 120)
    tell(panel, do="cancel")
    assert panel.status["phase"] == "cancelled"
    assert "the run before" in panel.status["message"]
    assert panel.result == before


def test_what_could_not_be_finished_is_said_beside_what_was(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    lost = [LostTask("n-grams", "sts-zh", ModelError("out of memory"))]
    evaluator.failure = EvaluationError(make_evaluation(), lost)
    assert "1 could not be finished" in run(panel)
    assert panel.status["phase"] == "partial"
    assert panel.result["lost"] == ["'n-grams' on 'sts-zh': out of memory"]
    assert panel.result["scores"]


def test_an_unforeseen_failure_comes_with_its_traceback(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    evaluator.failure = ValueError("odd")
    assert run(panel) == "ValueError: odd."
    assert "Traceback" in panel.status["details"]


def test_pasted_lines_become_a_task(panel: EvaluationPanel, evaluator: FakeEvaluator) -> None:
    tell(panel, do="add_task", kind="sts", text="5\t苹果\tapple\n0\t苹果\tbolt", name="mine")
    assert (panel.pasted["state"], panel.pasted["name"]) == ("ok", "mine")
    assert panel.lists["tasks"][-1] == {
        "name": "mine", "kind": "scored pairs (STS)", "size": "2 pairs", "note": "", "own": True,
    }  # fmt: skip
    run(panel, tasks=["mine"])
    assert evaluator.asked[-1]["tasks"] == ["mine"]
    assert "panel.tasks['mine']" in panel.result["code"]
    assert panel.tasks["mine"].name == "mine"


def test_lines_that_cannot_be_read_are_said_by_their_number(panel: EvaluationPanel) -> None:
    tell(panel, do="add_task", kind="sts", text="5\ta\tb\n5\ta")
    assert panel.pasted["state"] == "error"
    assert panel.pasted["message"].startswith("line 2 has 2 columns")
    assert len(panel.lists["tasks"]) == 2
    assert panel.status["phase"] == "idle", "the paste box says it, where the lines are"


def test_a_second_task_of_one_name_gets_a_number(panel: EvaluationPanel) -> None:
    for _ in range(2):
        tell(panel, do="add_task", kind="sts", text="5\ta\tb")
    assert list(panel.tasks)[2:] == ["pasted", "pasted 2"]


def test_a_path_and_an_uploaded_file_become_tasks(panel: EvaluationPanel) -> None:
    tell(panel, do="add_task", kind="sts", path=" pairs.tsv ")
    tell(panel, do="add_task", kind="sts", path="other.tsv")
    assert panel.pasted["message"].startswith("'other.tsv' is not there")
    content = {"do": "add_task", "kind": "sts", "name": "file"}
    panel._handle_custom_msg(content, [memoryview("\ufeff5\t苹果\tapple".encode())])
    assert panel.wait(10)
    assert list(panel.tasks)[2:] == ["pairs", "file"]
    panel._handle_custom_msg(content, [memoryview(b"5\ta\t\xff")])
    assert panel.wait(10)
    assert "'file' is not UTF-8: byte 4 is 0xff" in panel.pasted["message"]
    tell(panel, do="add_task", kind="sts")
    assert "nothing to read" in panel.pasted["message"]


def test_a_task_of_ones_own_can_be_taken_out_and_a_built_in_one_not(
    panel: EvaluationPanel,
) -> None:
    tell(panel, do="add_task", kind="sts", text="5\ta\tb")
    tell(panel, do="remove_task", name="pasted")
    assert list(panel.tasks) == ["faq", "sts-zh"]
    tell(panel, do="remove_task", name="faq")
    assert "is built in and stays" in panel.status["message"]


def test_an_endpoint_is_added_with_its_key_in_no_trait(
    panel: EvaluationPanel, evaluator: FakeEvaluator, catalogue: FakeCatalogue
) -> None:
    catalogue.key = KEY
    tell(panel, do="add_embedder", spec=URL, key=KEY)
    assert panel.added["state"] == "ok", panel.added
    assert panel.added["message"].startswith("fake 1.0 embeds with key •••.")
    spec = panel.added["name"]
    assert spec in [one["spec"] for one in panel.lists["embedders"]]
    run(panel, embedders=[spec])
    (embedder,) = evaluator.asked[-1]["embedders"].values()
    assert not isinstance(embedder, str), "only the catalogue has its key"
    assert KEY not in repr(panel.get_state()) + repr(panel) + repr(vars(panel.state))


def test_an_endpoint_that_does_not_answer_is_said_where_it_was_typed(
    panel: EvaluationPanel,
) -> None:
    before = panel.lists
    tell(panel, do="add_embedder", spec="http://127.0.0.1:1/nobody", key=KEY)
    assert panel.added["message"] == "Nothing listens at http://127.0.0.1:1/nobody."
    assert (panel.lists, panel.status["phase"]) == (before, "idle")
    tell(panel, do="add_embedder", spec=" ")
    assert "No embedder was named" in panel.added["message"]


def test_a_server_of_several_models_says_what_to_name_and_keeps_the_key(
    panel: EvaluationPanel, catalogue: FakeCatalogue
) -> None:
    catalogue.key, catalogue.served = KEY, ("a", "b")
    tell(panel, do="add_embedder", spec=URL, key=KEY)
    assert f"Name the model after the address: {URL}#a, {URL}#b" in panel.added["message"]
    tell(panel, do="add_embedder", spec=f"{URL}#b")
    assert (panel.added["state"], panel.added["name"]) == ("ok", f"{URL}#b")
    assert catalogue.tried[-1] == (URL, "b", KEY)


def test_an_unforeseen_failure_to_connect_is_said_without_the_key(
    panel: EvaluationPanel, catalogue: FakeCatalogue
) -> None:
    catalogue.connect_failure = ValueError(f"bad header {KEY}")
    tell(panel, do="add_embedder", spec=URL, key=KEY)
    assert panel.added["message"] == "ValueError: bad header •••."


def test_a_model_that_must_be_downloaded_first_is_not_added(panel: EvaluationPanel) -> None:
    tell(panel, do="add_embedder", spec="far")
    assert panel.added["state"] == "error"
    assert "Download it first: wb.load('far')" in panel.added["message"]


def test_figures_are_drawn_for_what_is_chosen(panel: EvaluationPanel) -> None:
    form = {"task": "sts-zh", "duel": "faq", "first": "n-grams", "second": "MiniLM"}
    tell(panel, do="draw", form=form)
    assert panel.pictures == {}, "nothing was evaluated yet"
    run(panel)
    tell(panel, do="draw", form=form)
    title = panel.pictures["wins"]["layout"]["title"]["text"]
    assert "n-grams less MiniLM" in title
    assert "mean −0.100 [−0.200, 0.050], not separable" in title, "turned round with its interval"
    assert "怎样重启网关" in "".join(panel.pictures["wins"]["data"][0]["hovertext"])
    assert set(panel.pictures) == {"scores", "cost", "wins", "why"}
    tell(panel, do="draw", form={**form, "first": "MiniLM"})
    assert "Choose two embedders" in panel.pictures["why"]["wins"]


def test_what_is_exported_goes_to_the_page_that_asked(
    panel: EvaluationPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert panel.options["exports"] == [["markdown", "Markdown"], ["json", "JSON"]]
    tell(panel, do="export", form="json", id="page-1")
    assert "there is nothing of that kind" in panel.status["message"]
    run(panel)
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(panel, "send", lambda content, buffers: sent.append((content, buffers)))
    tell(panel, do="export", form="json", id="page-1")
    ((told, (content,)),) = sent
    assert told == {
        "type": "file", "id": "page-1", "name": "evaluation-MiniLM-n-grams.json",
        "mime": "application/json",
    }  # fmt: skip
    assert content == b'{"seed": 0}'


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_reach_the_page_to_the_letter(
    panel: EvaluationPanel, evaluator: FakeEvaluator, text: str
) -> None:
    evaluator.evaluation = make_evaluation(text=text)
    run(panel)
    shown = panel.result["failures"][0]["rows"][0]["texts"]
    assert shown[0] == ["asked", text]
    evaluator.evaluation = make_evaluation(text=text * 1000)
    run(panel)
    (_, cut), *_ = panel.result["failures"][0]["rows"][0]["texts"]
    assert len(cut) < 2_100 and cut.endswith(" more characters)")


@pytest.mark.parametrize("content", [{}, {"do": "no such thing"}, {"do": "evaluate"}])
def test_a_message_that_makes_no_sense_is_said(
    panel: EvaluationPanel, content: dict[str, object]
) -> None:
    panel._handle_custom_msg(content, [])
    assert panel.status["phase"] == "error"
    assert run(panel) == "", "the panel goes on"


def test_driven_by_code_it_does_the_same(panel: EvaluationPanel, evaluator: FakeEvaluator) -> None:
    found = panel.evaluate(["near"], ["faq"], cost=False)
    assert isinstance(found, Evaluation) and found is evaluator.evaluation
    json.dumps(panel.result)
    with pytest.raises(InputError, match="No task is ticked"):
        panel.evaluate(["near"], [])
    evaluator.failure = ModelError("gone")
    with pytest.raises(ModelError, match="gone"):
        panel.evaluate(["near"], ["faq"])


def test_a_second_run_takes_the_place_of_the_first(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    evaluator.gate.shut()
    panel._handle_custom_msg({"do": "evaluate", "form": FORM}, [])
    assert evaluator.gate.reached.wait(10)
    panel._handle_custom_msg({"do": "evaluate", "form": {**FORM, "tasks": ["faq"]}}, [])
    wait_until(lambda: len(evaluator.asked) == 2)
    evaluator.gate.open()
    assert panel.wait(10)
    assert panel.status["phase"] == "done"
    assert evaluator.asked[-1]["tasks"] == ["faq"]


def test_what_was_cancelled_raises_where_code_waited(
    panel: EvaluationPanel, evaluator: FakeEvaluator
) -> None:
    evaluator.failure = Cancelled(1, 2)
    with pytest.raises(Cancelled):
        panel.evaluate(["near"], ["faq"])
