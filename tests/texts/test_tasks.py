"""Tasks from files as they come: published layouts, own tables, folders; what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.contracts import Retrieval, TaskKind
from workbench.errors import InputError
from workbench.texts.tasks import (
    builtin_names,
    builtin_task,
    builtin_tasks,
    parse_task,
    read_beir,
    read_bitext,
    read_scored_pairs,
    read_source,
    read_task,
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str, name: str = "pairs.tsv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
        return path

    return write


def beir(write: Write, *, qrels: str = "q1\td1\t1\nq2\td2\t2\n", corpus: str | None = None) -> Path:
    documents = [{"_id": f"d{n}", "title": "T" if n == 1 else "", "text": f"t{n}"} for n in (1, 2)]
    queries = [{"_id": f"q{n}", "text": f"question {n}"} for n in (1, 2, 3)]
    write(corpus or "\n".join(map(json.dumps, documents)), "set/corpus.jsonl")
    write("\n".join(map(json.dumps, queries)), "set/queries.jsonl")
    return write(f"query-id\tcorpus-id\tscore\n{qrels}", "set/qrels/test.tsv").parent.parent


def test_ten_thousand_rows_of_stsbenchmark_are_read_with_their_quotes(write: Write) -> None:
    row = 'main-news\tMSRvid\t2012test\t{n:04d}\t{s:.3f}\tA "man {n}\tHe said: "no" {n}\n'
    task = read_scored_pairs(write("".join(row.format(n=n, s=n % 6) for n in range(10_000))))
    assert len(task.scores) == 10_000
    assert task.a[7] == 'A "man 7'
    assert task.b[7] == 'He said: "no" 7'
    assert task.scores[7] == 1.0


def test_sick_is_known_by_its_header(write: Write) -> None:
    head = "pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\n"
    task = read_scored_pairs(write(head + "1\ta b\tc d\tNEUTRAL\t4.5\n2\te\tf\tNEUTRAL\t1\n"))
    assert (task.a, task.b, task.scores) == (("a b", "e"), ("c d", "f"), (4.5, 1.0))


def test_a_plain_table_may_have_a_mark_and_windows_line_ends(write: Write) -> None:
    task = read_scored_pairs(write("\ufeff4.5\t苹果\tapple\r\n0\ta\tb\r\n"))
    assert task.a == ("苹果", "a")
    assert task.b == ("apple", "b")


def test_columns_of_a_csv_are_chosen_by_name(write: Write) -> None:
    path = write('id,left,right,gold\n1,"a, b",c,3\n2,d,e,1\n', "own.csv")
    task = read_scored_pairs(path, columns=("gold", "left", "right"))
    assert task.a == ("a, b", "d")
    assert read_source(task.source) == task


@pytest.mark.parametrize(
    ("content", "line", "cause"),
    [
        ("1\ta\tb\nnan\tc\td\n", 2, "nan"),
        ("1\ta\tb\n2\tc\n", 2, ""),
        ("1\ta\tb\nhigh\tc\td\n", 2, "high"),
        ("1\ta\tb\n2\t\td\n", 2, "empty"),
    ],
)
def test_a_bad_row_is_named_by_its_line(write: Write, content: str, line: int, cause: str) -> None:
    with pytest.raises(InputError, match=rf"(?s)pairs\.tsv.*\b{line}\b.*{cause}"):
        read_task(write(content), kind="sts")


def test_one_class_only_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="all 2 pairs are labelled 1"):
        read_task(write("1\ta\tb\n1\tc\td\n"), kind="pairs")


def test_one_pair_labelled_both_ways_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="labelled 0 here and 1 on line 1"):
        read_task(write("1\ta\tb\n0\ta\tb\n"), kind="pairs")


def test_a_beir_folder_keeps_its_ids_titles_and_split(write: Write) -> None:
    task = read_beir(beir(write))
    assert dict(task.corpus) == {"d1": "T t1", "d2": "t2"}
    assert list(task.queries) == ["q1", "q2"]
    assert dict(task.relevant["q2"]) == {"d2": 2.0}
    assert "1 quer" in task.source.note, "the query of another split is counted"


def test_a_packed_beir_folder_is_read(write: Write) -> None:
    folder = beir(write)
    plain = folder / "corpus.jsonl"
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert len(read_beir(folder).corpus) == 2


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"qrels": "q1\td9\t1\n"}, "d9"),
        ({"qrels": "q9\td1\t1\n"}, "q9"),
        ({"qrels": "q1\td1\tgood\n"}, "good"),
        ({"corpus": '{"_id": "d1", "text": "a"}\n{"_id": "d1", "text": "b"}'}, "also on line 1"),
        ({"corpus": '{"_id": "d1", "text": "a"}\nnot json'}, "not JSON"),
    ],
)
def test_a_broken_beir_folder_is_refused_with_the_line(
    write: Write, changed: dict[str, str], cause: str
) -> None:
    with pytest.raises(InputError, match=cause):
        read_beir(beir(write, **changed))


def test_a_file_is_taken_for_what_it_looks_like(write: Write) -> None:
    kinds: dict[str, TaskKind] = {
        "1\ta\tb\n0\tc\td\n": "pairs",
        "3.5\ta\tb\n0\tc\td\n": "sts",
        '{"query": "q", "positive": ["a"], "negative": ["b"]}\n': "reranking",
        '{"zh": "一", "en": "one"}\n{"zh": "二", "en": "two"}\n': "bitext",
    }
    for content, kind in kinds.items():
        name = "own.jsonl" if content.startswith("{") else "own.tsv"
        assert read_task(write(content, name)).kind == kind
    assert read_task(beir(write)).kind == "retrieval"
    assert read_task("code").kind == "code"


def test_what_was_pasted_names_lines_and_cannot_be_read_again() -> None:
    with pytest.raises(InputError, match="line 2"):
        parse_task("1\ta\tb\nx\tc\td", kind="sts")
    with pytest.raises(InputError, match="BEIR folder"):
        parse_task("a", kind="retrieval")
    task = parse_task("1\ta\tb\n2\tc\td", kind="sts")
    with pytest.raises(InputError, match="pasted"):
        read_source(task.source)


def test_a_changed_file_is_told_by_its_hash(write: Write) -> None:
    task = read_task(write("1.5\ta\tb\n2\tc\td\n"), kind="sts")
    write("1.5\ta\tb\n3\tc\td\n")
    with pytest.raises(InputError, match=task.source.sha256[:16]):
        read_source(task.source)


def test_the_built_in_tasks_are_as_large_as_they_have_to_be() -> None:
    assert [task.name for task in builtin_tasks()] == list(builtin_names())
    for name, least in {"sts-zh": 150, "sts-en": 150, "pairs-zh-en": 100}.items():
        assert len(builtin_task(name).a) >= least  # type: ignore[union-attr]
    retrieval = builtin_task("retrieval-zh-en")
    assert isinstance(retrieval, Retrieval)
    assert len(retrieval.queries) >= 60
    assert len(retrieval.corpus) >= 400
    assert {"zh", "en", "mixed"} <= set(retrieval.groups.values())
    functions = builtin_task("code").functions  # type: ignore[union-attr]
    assert len(functions) >= 80
    assert len({function.language for function in functions}) >= 4
    for task in builtin_tasks():
        assert read_source(task.source) == task
        assert "authors" in task.source.note


def test_real_translations_are_read_from_json_lines() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "apisix_zh_en.jsonl"
    if not path.exists():
        pytest.skip("apisix_zh_en.jsonl is not beside the checkout")
    task = read_bitext(path)
    assert len(task.a) == len(task.b) > 100


@pytest.mark.parametrize(
    ("content", "cause"),
    [("1\ta\tb\n1\tc\td\n", "all 2 pairs"), ("1\ta\tb\n0\ta\tb\n", "here and")],
)
def test_labels_that_are_wrong_are_not_read_as_scores(
    write: Write, content: str, cause: str
) -> None:
    with pytest.raises(InputError, match=cause):
        read_task(write(content))


def test_an_instruction_that_looks_like_a_number_comes_back_as_it_was(write: Write) -> None:
    task = read_beir(beir(write), instruction="5")
    assert read_source(task.source) == task


def test_errors_are_told_in_the_order_of_the_lines(write: Write) -> None:
    with pytest.raises(InputError) as caught:
        read_task(write("1\ta\tb\n2\t\tb\nhigh\ta\tb\n2\ta\t\nlow\ta\tb\n"), kind="sts")
    told = str(caught.value).split("\n")[1:]
    lines = [int(line.split("pairs.tsv:")[1].split(":")[0]) for line in told]
    assert lines == [2, 3, 4, 5]


def test_scores_may_lie_in_a_file_of_their_own(write: Write) -> None:
    texts, scores = write("x one\ty\nz\tu\nv\tw\n", "input.txt"), write("4.2\n\n1\n", "gs.txt")
    task = read_scored_pairs(texts, scores=scores)
    assert (task.a, task.scores) == (("x one", "v"), (4.2, 1.0))
    assert "1 pair" in task.source.note, "the one without a score is counted"
    with pytest.raises(InputError, match="gs"):
        read_scored_pairs(texts, scores=write("4.2\n", "gs.txt"))


def test_the_name_of_a_folder_does_not_decide_the_kind(write: Write) -> None:
    assert read_task(write("3.5\tx\ty\n0\tz\tu\n", "labelled/sts.tsv")).kind == "sts"


def test_a_broken_line_of_json_is_named(write: Write) -> None:
    with pytest.raises(InputError, match=r"z\.jsonl:1: this is not JSON"):
        read_task(write("{oops\n", "z.jsonl"), kind="bitext")
