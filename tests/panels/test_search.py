"""The search panel without a page: searched, found, judged, exported; and what goes wrong."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

import workbench as wb
from tests.panels.evaluating import FAQ
from tests.panels.fakes import FakeCatalogue, wait_until
from workbench.errors import Cancelled, InputError
from workbench.panels.search import SearchPanel
from workbench.panels.search_passages import passages_from, read_passages

PASSAGES = ["apple pie. Sweet and warm.", "pear tart", "苹果", "bolt <b>M8</b>", "a screw"]
KEY = "sk-nobody-may-read-this-7f3a"


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture
def panel(catalogue: FakeCatalogue) -> Iterator[SearchPanel]:
    made = SearchPanel(catalogue, "near", PASSAGES)
    yield made
    catalogue.embedders["near"].gate.open()
    made.close()


def send(panel: SearchPanel, do: str, *, buffers: tuple[bytes, ...] = (), **content: Any) -> None:
    panel._handle_custom_msg({"do": do, **content}, [memoryview(part) for part in buffers])


def press(panel: SearchPanel, query: str = "apple", **changes: Any) -> None:
    form = {"spec": "near", "prompt": "", "k": "3", "mode": "lines", "text": None}
    send(panel, "search", query=query, **form | changes)
    assert panel.wait(30)


def test_nothing_is_embedded_before_the_first_search(
    panel: SearchPanel, catalogue: FakeCatalogue
) -> None:
    assert catalogue.loads == []
    assert panel.passages["words"] == "list · 5 passages"
    assert panel.result == {}


def test_a_search_shows_the_ranking_and_the_exact_string(panel: SearchPanel) -> None:
    press(panel)
    (column,) = panel.result["columns"]
    assert panel.status["phase"] == "done"
    assert (panel.result["document"], column["prefix"]) == ("Doc: ", "")
    assert [hit["rank"] for hit in column["hits"]] == [1, 2, 3]
    for hit in column["hits"]:
        assert "".join(text for text, _, _ in hit["pieces"]) == PASSAGES[hit["row"]]
        assert "unrelated" in hit["unrelated"]


def test_an_instruction_stands_beside_none(panel: SearchPanel) -> None:
    press(panel, prompt="Find the fruit")
    before, after = panel.result["columns"]
    assert before["prefix"] == ""
    assert after["prefix"] == "Instruct: Find the fruit\nQuery: "
    ranks = {hit["row"]: hit["rank"] for hit in before["hits"]}
    for hit in after["hits"]:
        assert hit["before"] == ranks.get(hit["row"], hit["before"])
        assert hit["new"] == (hit["row"] not in ranks)
    assert "are in both rankings" in panel.result["overlap"]


def test_passages_are_embedded_once_for_many_queries(
    panel: SearchPanel, catalogue: FakeCatalogue
) -> None:
    press(panel)
    press(panel, "pear", prompt="query")
    wanted = tuple("Doc: " + text for text in PASSAGES)
    assert catalogue.embedders["near"].calls.count(wanted) == 1
    press(panel, text="other passages\nare here")
    assert [hit.text for hit in panel.results[0].hits].count("are here") == 1


def test_cancel_keeps_what_was_found_before(panel: SearchPanel, catalogue: FakeCatalogue) -> None:
    press(panel)
    gate = catalogue.embedders["near"].gate
    gate.shut()
    form: dict[str, Any] = {"spec": "near", "prompt": "", "k": "3", "mode": "lines"}
    send(panel, "search", query="new", text="a\nb\nc", **form)
    assert gate.reached.wait(30)
    wait_until(lambda: panel.status["phase"] == "embedding" and panel.status["done"] == 1)
    send(panel, "cancel")
    assert panel.wait(30)
    assert panel.status["phase"] == "cancelled"
    assert "1 of 3 passages" in panel.status["message"]
    assert panel.result["query"] == "apple"
    assert isinstance(panel.state.failure, Cancelled)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"query": " "}, "query is empty"),
        ({"k": "0"}, "k is 0; 1 to 100"),
        ({"k": "ten"}, "'ten', which is no whole number"),
        ({"text": "  "}, "nothing to search"),
        ({"mode": "jsonl", "text": "{oops"}, "Line 1, column 2 is not JSON"),
    ],
    ids=["query", "k", "number", "passages", "json"],
)
def test_what_cannot_be_searched_is_said(
    panel: SearchPanel, changes: dict[str, Any], said: str
) -> None:
    press(panel, **{"query": "apple"} | changes)
    assert panel.status["phase"] == "error"
    assert said in panel.status["message"]


def test_an_odd_error_comes_with_its_traceback(
    panel: SearchPanel, catalogue: FakeCatalogue
) -> None:
    catalogue.embedders["near"].failure = ValueError("<b>odd</b>")
    press(panel)
    assert "ValueError: <b>odd</b>" in panel.status["message"]
    assert "Traceback" in panel.status["details"]


def test_a_download_is_agreed_to_first(panel: SearchPanel, catalogue: FakeCatalogue) -> None:
    press(panel, spec="far")
    assert panel.status["phase"] == "consent"
    assert "1.2 GB" in panel.status["message"]
    assert catalogue.loads == []
    press(panel, spec="far", agreed=True)
    assert panel.status["phase"] == "done"


def test_an_endpoint_is_added_and_its_key_is_told_nowhere(
    panel: SearchPanel, catalogue: FakeCatalogue
) -> None:
    catalogue.key = KEY
    send(panel, "add_embedder", spec="http://127.0.0.1:9/v1", key=KEY)
    assert panel.wait(30)
    assert panel.added["state"] == "ok"
    spec = panel.added["name"]
    assert spec in [choice["spec"] for choice in panel.choices]
    press(panel, spec=spec)
    assert panel.status["phase"] == "done"
    assert KEY not in json.dumps(panel.get_state(), default=repr)


def test_thumbs_become_labels_a_folder_and_a_task(panel: SearchPanel) -> None:
    press(panel)
    first, second = (hit["row"] for hit in panel.result["columns"][0]["hits"][:2])
    send(panel, "judge", row=first, right=True)
    send(panel, "judge", row=second, right=False)
    assert dict(panel.labels["current"]) == {str(first + 1): True, str(second + 1): False}
    task = panel.to_task("mine")
    assert task.relevant == {"q1": {str(first + 1): 1.0}}
    assert list(task.corpus.values()) == PASSAGES
    sent: list[Any] = []
    panel.send = lambda content, buffers=None: sent.append((content, buffers))
    send(panel, "export", id="page")
    ((content, (packed,)),) = sent
    assert content["name"] == "search-labels.zip"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        qrels = archive.read("search-labels/qrels/test.tsv").decode()
    assert qrels.splitlines()[1:] == [f"q1\t{first + 1}\t1", f"q1\t{second + 1}\t0"]
    send(panel, "undo")
    assert len(panel.judgements) == 1
    send(panel, "remove", at=0)
    assert not panel.judgements
    send(panel, "export", id="page")
    assert "no labels to export" in panel.status["message"]


def test_a_thumb_keeps_the_rank_of_its_own_column(panel: SearchPanel) -> None:
    press(panel, prompt="Find the fruit")
    for number, column in enumerate(panel.result["columns"]):
        for hit in column["hits"]:
            send(panel, "judge", row=hit["row"], right=bool(number), column=number)
            given = list(panel.judgements)[-1]
            assert (given.rank, given.prefix) == (hit["rank"], column["prefix"])


def test_labels_of_another_set_of_passages_mark_nothing(panel: SearchPanel) -> None:
    press(panel)
    send(panel, "judge", row=panel.result["columns"][0]["hits"][0]["row"], right=True)
    press(panel, text="x\ny\nz")
    assert panel.labels["current"] == []
    assert len(panel.judgements) == 1


def test_a_thumb_before_a_search_is_refused(panel: SearchPanel) -> None:
    send(panel, "judge", row=0, right=True)
    assert "Search first" in panel.status["message"]


def test_labels_are_evaluated(panel: SearchPanel, catalogue: FakeCatalogue) -> None:
    from workbench.studies.evaluation import run_evaluation

    press(panel)
    send(panel, "judge", row=panel.result["columns"][0]["hits"][0]["row"], right=True)
    found = run_evaluation(
        {"near": catalogue.embedders["near"]},
        [panel.to_task()],
        prompts={"near": {"query": ""}},
    )
    scores = {score.metric: score.value for score in found.embedders[0].tasks[0].scores}
    assert scores["mrr@10"] == 1.0


def test_passages_come_from_a_task_a_mapping_and_a_corpus_file() -> None:
    assert passages_from(FAQ).ids == ("d0", "d1")
    assert passages_from(FAQ).queries[0] == "怎样重启网关"
    assert passages_from({"a": "one"}).texts == ("one",)
    with pytest.raises(InputError, match=r"passages\['a'\] is ''"):
        passages_from({"a": ""})
    lines = b'{"_id": "d1", "title": "T", "text": "one"}\n{"_id": "d2", "text": "two"}\n'
    read = read_passages("corpus.jsonl", lines)
    assert (read.ids, read.texts) == (("d1", "d2"), ("T one", "two"))
    with pytest.raises(InputError, match=r"Line 2 .* 'd1', which is there before"):
        read_passages("corpus.jsonl", lines.split(b"\n")[0] * 1 + b"\n" + lines.split(b"\n")[0])
    with pytest.raises(InputError, match="Line 2"):
        read_passages("corpus.jsonl", lines.split(b"\n")[0] + b"\n{broken")


def test_a_file_replaces_the_passages(panel: SearchPanel) -> None:
    send(panel, "upload", name="some.txt", buffers=(b"one\ntwo\n",))
    assert panel.passages["words"] == "some.txt · 2 passages"
    press(panel)
    assert {hit.text for hit in panel.results[0].hits} == {"one", "two"}


def test_the_public_panel_searches_the_bundled_model() -> None:
    panel = wb.search_panel(["Rotate keys monthly.", "A cat sat down."])
    try:
        before, after = panel.search("How often do I change a key?", prompt="Find advice: ", k=1)
    finally:
        panel.close()
    assert before.hits[0].text == after.hits[0].text == "Rotate keys monthly."
    assert after.embedded == "Find advice: How often do I change a key?"
