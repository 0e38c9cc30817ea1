"""Search over passages against brute force, instruction on and off, highlights, labels."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.panels.fakes import FakeEmbedder, vector_of
from workbench.contracts import Progress, Prompt
from workbench.errors import Cancelled, InputError
from workbench.studies.background import measure_background
from workbench.studies.found import compare_results
from workbench.studies.highlights import highlight
from workbench.studies.judgements import Judgement, Judgements
from workbench.studies.search import CHUNK, SearchIndex
from workbench.studies.search_background import measure_search_background
from workbench.texts.sentences import split_sentences

PASSAGES = [f"{'水果fruit'[i % 7]} passage {i}" for i in range(60)]
GIVEN = Judgement("q", "d1", "one", True)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


def cosines(query: str, prefix: str = "Doc: ") -> list[float]:
    """Each cosine on its own, in plain Python."""
    asked = vector_of(query).tolist()
    rows = [vector_of(prefix + text).tolist() for text in PASSAGES]
    return [sum(a * b for a, b in zip(asked, row, strict=True)) for row in rows]


def test_hits_are_those_of_brute_force(embedder: FakeEmbedder) -> None:
    index = SearchIndex.build(embedder, PASSAGES)
    result = index.search("apple", k=7)
    expected = cosines("Query: apple")
    order = sorted(range(len(PASSAGES)), key=lambda row: -expected[row])
    assert [hit.row for hit in result.hits] == order[:7]
    assert [hit.cosine for hit in result.hits] == pytest.approx(
        [expected[row] for row in order[:7]], abs=2e-6
    )
    assert [hit.rank for hit in result.hits] == [1, 2, 3, 4, 5, 6, 7]
    assert result.ranks[order].tolist() == list(range(1, len(PASSAGES) + 1))
    assert result.hits[0].percentile == pytest.approx(100 * 59 / 60)
    assert result.embedded == "Query: apple"
    assert result.hits[0].text == PASSAGES[order[0]]


def test_passages_get_the_models_document_prompt_and_queries_its_query_prompt(
    embedder: FakeEmbedder,
) -> None:
    index = SearchIndex.build(embedder, ["a", "b"])
    index.search("c")
    assert embedder.calls == [("Doc: a", "Doc: b"), ("Query: c",)]
    assert index.prompt.prefix == "Doc: "


def test_equal_passages_tie_and_keep_their_order(embedder: FakeEmbedder) -> None:
    index = SearchIndex.build(embedder, ["x", "same", "y", "same"])
    result = index.search("same", k=4)
    first, second = (hit for hit in result.hits if hit.text == "same")
    assert (first.row, second.row) == (1, 3)
    assert second.rank == first.rank + 1
    assert first.percentile == second.percentile


def test_instruction_on_and_off_are_compared_rank_by_rank(embedder: FakeEmbedder) -> None:
    index = SearchIndex.build(embedder, PASSAGES)
    found = index.compare("apple", k=5, prompt="Find the fruit")
    off, on = cosines("apple"), cosines("Instruct: Find the fruit\nQuery: apple")
    before = sorted(range(60), key=lambda row: -off[row])
    after = sorted(range(60), key=lambda row: -on[row])
    both = set(before[:5]) & set(after[:5])
    assert found.overlap == len(both) / 5
    assert {move.row for move in found.moves} == set(before[:5]) | set(after[:5])
    for move in found.moves:
        assert (move.before, move.after) == (before.index(move.row) + 1, after.index(move.row) + 1)
    assert [move.after for move in found.moves] == sorted(move.after for move in found.moves)
    assert found.before.embedded == "apple"
    assert found.after.embedded == "Instruct: Find the fruit\nQuery: apple"


def test_rankings_of_different_indexes_are_not_compared(embedder: FakeEmbedder) -> None:
    small = SearchIndex.build(embedder, ["a", "b"]).search("q")
    large = SearchIndex.build(embedder, PASSAGES).search("q")
    with pytest.raises(InputError, match=r"2 passages .* one of 60"):
        compare_results(small, large)


def test_progress_counts_all_passages_and_cancel_stops_between_chunks(
    embedder: FakeEmbedder,
) -> None:
    texts = [f"t{i}" for i in range(CHUNK + 3)]
    told: list[Progress] = []
    SearchIndex.build(embedder, texts, progress=told.append)
    assert (told[-1].done, told[-1].total) == (CHUNK + 3, CHUNK + 3)
    assert [len(call) for call in embedder.calls] == [CHUNK, 3]

    signal = threading.Event()

    def stop(step: Progress) -> None:
        if step.done == CHUNK:
            signal.set()

    with pytest.raises(Cancelled, match="512 of 515 passages"):
        SearchIndex.build(embedder, texts, progress=stop, cancel=signal)
    assert len(embedder.calls) == 3


def test_refused_passages_are_left_out_and_named(embedder: FakeEmbedder) -> None:
    embedder.refuses = {"bad": "too long"}
    index = SearchIndex.build(embedder, ["a", "bad", "c"], ids=["x", "y", "z"])
    assert index.ids == ("x", "z")
    assert index.refused == (("y", "too long"),)
    assert [hit.id for hit in index.search("c", prompt="Doc: ").hits] == ["z", "x"]


@pytest.mark.parametrize(
    ("passages", "ids", "said"),
    [
        ([], None, "nothing to search"),
        ("one string", None, "one string"),
        (["a", " "], None, r"passages\[1\] is ' '"),
        (["a", "b"], ["x"], "2 passages came with 1 ids"),
        (["a", "b"], ["x", "x"], r"ids\[1\] is 'x', which is there before"),
    ],
    ids=["none", "string", "empty", "few-ids", "twice"],
)
def test_passages_that_cannot_be_searched_are_refused(
    passages: list[str], ids: list[str] | None, said: str, embedder: FakeEmbedder
) -> None:
    with pytest.raises(InputError, match=said):
        SearchIndex.build(embedder, passages, ids=ids)


@pytest.mark.parametrize(("query", "k", "said"), [(" ", 3, "query is ' '"), ("q", 0, "k=0")])
def test_a_query_that_makes_no_sense_is_refused(
    query: str, k: int, said: str, embedder: FakeEmbedder
) -> None:
    with pytest.raises(InputError, match=said):
        SearchIndex.build(embedder, ["a"]).search(query, k=k)


def test_all_passages_are_given_where_k_is_larger(embedder: FakeEmbedder) -> None:
    assert len(SearchIndex.build(embedder, ["a", "b"]).search("q", k=50).hits) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("第一句。第二句！”第三", ["第一句。", "第二句！”", "第三"]),
        ("Pi is 3.14 here.", ["Pi is 3.14 here."]),
        ("a\n\nb", ["a\n\n", "b"]),
        ("def f():\n    return 1. + 2\n", ["def f():\n    ", "return 1. + 2\n"]),
        ("", []),
    ],
    ids=["en", "zh", "number", "lines", "code", "empty"],
)
def test_sentences_cover_the_text(text: str, parts: list[str]) -> None:
    found = [text[begin:end] for begin, end in split_sentences(text)]
    assert found == parts
    assert "".join(found) == text


def test_the_nearest_sentence_is_the_one_with_the_highest_cosine(embedder: FakeEmbedder) -> None:
    index = SearchIndex.build(embedder, ["Ripe pear. Old bolt. 红苹果。", "alone"])
    result = index.search("pear")
    text = index.passages[0]
    first, second = highlight(embedder, result.vector, index.passages, prompt=index.prompt)
    query = vector_of("Query: pear")
    for one in first.sentences:
        expected = float(query @ vector_of("Doc: " + text[one.begin : one.end]))
        assert one.cosine == pytest.approx(expected, abs=1e-5)
    best = max(first.sentences, key=lambda one: one.cosine)
    assert [first.sentences[at] for at in first.best] == [best]
    assert second.best == ()


def test_unrelated_cosines_are_of_queries_with_passages_as_each_is_embedded(
    embedder: FakeEmbedder,
) -> None:
    texts, topics = ["a", "b", "c"], ["x", "x", "y"]
    query, document = Prompt.from_prefix("Query: "), Prompt.from_prefix("Doc: ")
    found = measure_search_background(
        embedder, texts, ["en"] * 3, topics, query=query, document=document
    )
    pairs = [(a, b) for a in range(3) for b in range(3) if topics[a] != topics[b]]
    expected = [
        float(vector_of("Query: " + texts[a]) @ vector_of("Doc: " + texts[b])) for a, b in pairs
    ]
    assert found.cosines["en", "en"].tolist() == pytest.approx(sorted(expected), abs=1e-5)
    same = measure_search_background(
        embedder, texts, ["en"] * 3, topics, query=query, document=query
    )
    usual = measure_background(embedder, texts, ["en"] * 3, topics, prompt=query)
    assert same.cosines["en", "en"].tolist() == usual.cosines["en", "en"].tolist()


def test_kinds_are_paired_whichever_of_the_two_is_the_query(embedder: FakeEmbedder) -> None:
    found = measure_search_background(
        embedder, ["a", "苹"], ["en", "zh"], ["x", "y"],
        query=Prompt.from_prefix("Query: "), document=Prompt(),
    )  # fmt: skip
    assert len(found.cosines["zh", "en"]) == 2
    assert len(found.cosines["en", "en"]) == 0


def test_a_label_is_given_replaced_taken_back_and_undone() -> None:
    labels = Judgements()
    labels.give(GIVEN)
    assert labels.find("q", "d1", "one") is True
    labels.give(Judgement("q", "d1", "one", False))
    assert labels.find("q", "d1", "one") is False
    assert len(labels) == 1
    labels.give(Judgement("q", "d1", "one", False))
    assert labels.find("q", "d1", "one") is None
    assert labels.undo()
    assert labels.find("q", "d1", "one") is False
    assert labels.undo()
    assert labels.undo()
    assert not labels.undo()
    assert labels.records == ()


def test_labels_become_a_task_over_the_whole_corpus() -> None:
    labels = Judgements()
    labels.give(GIVEN)
    labels.give(Judgement("q", "d2", "two", False))
    labels.give(Judgement("only wrong", "d2", "two", False))
    task = labels.to_task("mine", corpus={"d1": "one", "d2": "two", "d3": "three"})
    assert task.queries == {"q1": "q"}
    assert task.relevant == {"q1": {"d1": 1.0}}
    assert list(task.corpus) == ["d1", "d2", "d3"]
    assert "1 queries have no right passage" in task.source.note
    assert len(task.source.sha256) == 64


def test_labels_that_score_nothing_or_mix_passages_are_refused(tmp_path: Path) -> None:
    labels = Judgements()
    with pytest.raises(InputError, match="no labels to export"):
        labels.write_beir(tmp_path / "new")
    labels.give(Judgement("q", "d1", "one", False))
    with pytest.raises(InputError, match="None of 1 labels"):
        labels.to_task("mine")
    labels.give(Judgement("q", "d1", "another", True))
    with pytest.raises(InputError, match="'d1' stands for two passages"):
        labels.to_task("mine")


def test_the_exported_folder_is_beir_and_holds_texts_to_the_letter(tmp_path: Path) -> None:
    labels = Judgements()
    odd = "tab\tline\nbreak <b>苹果</b> \u2028 end"
    labels.give(Judgement(odd, "d1", "one", True))
    labels.give(Judgement(odd, "d2", odd, False, "near", "Query: ", 2, 0.5))
    folder = labels.write_beir(tmp_path / "labels")
    queries, corpus = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").split("\n") if line]
        for name in ("queries.jsonl", "corpus.jsonl")
    )
    assert queries == [{"_id": "q1", "text": odd}]
    assert corpus == [{"_id": "d1", "text": "one"}, {"_id": "d2", "text": odd}]
    qrels = (folder / "qrels" / "test.tsv").read_text("utf-8")
    assert qrels == "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n"
    kept = json.loads((folder / "labels.jsonl").read_text("utf-8").split("\n")[1])
    assert (kept["prefix"], kept["rank"], kept["cosine"]) == ("Query: ", 2, 0.5)
    with pytest.raises(InputError, match="not empty"):
        labels.write_beir(folder)


def test_ranks_agree_with_the_bundled_model_itself() -> None:
    import workbench as wb

    embedder = wb.load()
    passages = ["The cat sat on the mat.", "Rotate your API keys every month.", "def add(a, b):"]
    result = SearchIndex.build(embedder, passages).search("How often should keys be changed?")
    vectors = embedder.embed([result.query, *passages]).vectors.astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert [hit.row for hit in result.hits] == np.argsort(-(unit[1:] @ unit[0])).tolist()
    assert result.hits[0].row == 1
