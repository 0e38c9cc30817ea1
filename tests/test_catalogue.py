"""What ``explore`` takes, what it falls back to, and how many models stay in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import workbench as wb
from tests.panels.fakes import FakeEmbedder
from workbench.catalogue import Catalogue
from workbench.embedders import bundled
from workbench.embedders.pool import KEPT_LOADED
from workbench.panels.explorer import Explorer

Explore = Callable[..., Explorer]


@pytest.fixture
def explore() -> Iterator[Explore]:
    """``wb.explore``, awaited and closed."""
    opened: list[Explorer] = []

    def open_one(texts: object = None, embedder: object = "lexical", **columns: str) -> Explorer:
        panel = wb.explore(texts, embedder, **columns)  # type: ignore[arg-type]
        opened.append(panel)
        assert panel.wait(120)
        return panel

    yield open_one
    for panel in opened:
        panel.cancel()
        panel.wait(60)
        panel.close()


@pytest.fixture
def no_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "PACKAGE", "a-package-that-nobody-installed")


def test_without_texts_it_opens_the_starter_sample(explore: Explore) -> None:
    panel = explore()
    assert panel.texts == tuple(wb.samples("starter")["text"])
    assert panel.options["source"] == "sample starter · 24 texts"


@pytest.mark.parametrize("texts", [["苹果", "a\nb"], ("苹果", "a\nb")], ids=["list", "tuple"])
def test_strings_are_texts_to_the_letter(explore: Explore, texts: object) -> None:
    assert explore(texts).texts == ("苹果", "a\nb")


def test_one_string_is_a_text_a_line(explore: Explore) -> None:
    assert explore("苹果\n apple ").texts == ("苹果", " apple ")


def test_a_path_is_read_by_its_suffix(explore: Explore, tmp_path: Path) -> None:
    path = tmp_path / "fruit.csv"
    path.write_text("text,kind\n苹果,zh\n", encoding="utf-8")
    panel = explore(path)
    assert panel.texts == ("苹果",)
    assert panel.options["source"] == "fruit.csv · 1 texts"


def test_a_frame_gives_texts_kinds_and_labels(explore: Explore) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "kind": ["zh", "code"], "label": ["x", None]})
    panel = explore(frame)
    assert panel.texts == ("a", "b")
    assert panel.table["kinds"] == ["zh", "code"]
    assert panel.table["labels"] == ["x", ""]


def test_columns_of_other_names_are_named(explore: Explore, tmp_path: Path) -> None:
    path = tmp_path / "fruit.csv"
    path.write_text("zh,en,group\n苹果,apple,x\n", encoding="utf-8")
    with pytest.raises(wb.InputError, match="Pass column="):
        wb.explore(path)
    panel = explore(path, column="en", label_column="group")
    assert (panel.table["texts"], panel.table["labels"]) == (["apple"], ["x"])


def test_the_topics_of_a_sample_can_colour_the_map(explore: Explore) -> None:
    assert "fruit" in explore(wb.samples("starter")).table["labels"]


def test_a_series_is_a_list_of_texts(explore: Explore) -> None:
    assert explore(pd.Series(["a", "b"], index=[7, 9])).texts == ("a", "b")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (5, "5 of type int"),
        (b"bytes", "of type bytes"),
        ({"a": 1}, "of type dict"),
        ({"a", "b"}, "of type set"),
        ((text for text in ["a"]), "of type generator"),
        (["a", 5], r"texts\[1\] is 5 of type int"),
        (["a", None], r"texts\[1\] is None"),
        ([["a", "b"]], r"texts\[0\] is \['a', 'b'\]"),
        (Path("no such file.csv"), "does not exist"),
        (pd.DataFrame({"one": ["a"], "two": ["b"]}), "'one', 'two'"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_texts_that_cannot_be_read_are_an_input_error(texts: Any, message: str) -> None:
    with pytest.raises(wb.InputError, match=message):
        wb.explore(texts, "lexical")


def test_an_embedder_of_the_caller_s_own_is_used_as_it_is(explore: Explore) -> None:
    own = FakeEmbedder("mine/own")
    panel = explore(["a", "b"], own)
    assert own.calls[0] == ("a", "b")
    assert panel.options["spec"] == "given"
    assert panel.options["choices"][0]["label"] == "own"
    assert panel.view is not None
    assert panel.view.embeddings.info.name == "mine/own"


def test_a_name_chooses_the_embedder(explore: Explore) -> None:
    panel = explore(["a", "b"], "lexical")
    assert panel.options["spec"] == "lexical"
    assert panel.embeddings is not None
    assert panel.embeddings.info.backend == "lexical"


def test_a_directory_chooses_the_model_in_it(explore: Explore, tiny_qwen3: Path) -> None:
    panel = explore(["a", "b"], str(tiny_qwen3))
    assert panel.status["phase"] == "done", panel.status
    assert panel.embeddings is not None
    assert panel.embeddings.info.name == str(tiny_qwen3)


@pytest.mark.parametrize("embedder", [5, ["lexical"], object()], ids=["int", "list", "object"])
def test_what_is_no_embedder_is_an_input_error(embedder: Any) -> None:
    with pytest.raises(wb.InputError, match="embedder"):
        wb.explore(["a"], embedder)


def test_a_directory_as_a_path_is_taken_as_load_takes_it(
    explore: Explore, tiny_qwen3: Path
) -> None:
    panel = explore(["a", "b"], tiny_qwen3)
    assert panel.embeddings is not None
    assert panel.embeddings.info.name == str(tiny_qwen3)


def test_a_name_nobody_knows_is_said_with_those_that_are(explore: Explore) -> None:
    panel = explore(["a", "b"], "no-such-model")
    assert panel.status["phase"] == "error"
    assert "no-such-model" in panel.status["message"]
    assert "bundled" in panel.status["message"]


def test_without_the_bundled_model_it_counts_characters_and_says_so(
    explore: Explore, no_bundled: None
) -> None:
    panel = explore(["a", "b"], None)
    assert panel.options["spec"] == "lexical"
    assert panel.embeddings is not None
    assert panel.embeddings.info.backend == "lexical"
    said = [panel.banner["message"], panel.status["message"]]
    said += [issue["message"] for issue in panel.issues]
    assert any("embedding-workbench[bundled]" in sentence for sentence in said), said


def test_with_the_bundled_model_it_is_true_about_chinese(explore: Explore) -> None:
    panel = explore(["苹果公司", "香蕉", "apple", "banana"], None)
    assert panel.status["phase"] == "done", panel.status
    assert panel.embeddings is not None
    assert panel.embeddings.info.backend == "bundled"
    assert "does not know" in panel.banner["message"]
    assert panel.banner["spec"] == "Qwen/Qwen3-Embedding-0.6B"
    apple = panel.embeddings.vectors[2]
    assert apple @ panel.embeddings.vectors[3] > 0.3


def test_the_choices_are_those_of_the_registry_and_two_of_our_own() -> None:
    choices = Catalogue().choices()
    specs = [choice.spec for choice in choices]
    assert specs[0] == "bundled"
    assert specs[-1] == "lexical"
    assert len(set(specs)) == len(specs)
    assert Catalogue().recommended in specs


def test_a_choice_by_an_alias_is_the_same_model() -> None:
    catalogue = Catalogue()
    by_name = catalogue.describe("Qwen/Qwen3-Embedding-0.6B")
    by_alias = catalogue.describe("qwen3-embedding-0.6b")
    assert by_alias.prompts == by_name.prompts
    assert by_alias.instruction_template == by_name.instruction_template
    assert "query" in by_name.prompts


def test_a_model_is_loaded_once() -> None:
    catalogue = Catalogue()
    assert catalogue.load("lexical") is catalogue.load("lexical")


def test_two_models_stay_loaded_and_the_oldest_is_unloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: dict[str, FakeEmbedder] = {}

    def load(spec: str, **_: object) -> FakeEmbedder:
        made[spec] = FakeEmbedder(spec)
        return made[spec]

    monkeypatch.setattr("workbench.embedders.pool.load", load)
    catalogue = Catalogue()
    first = catalogue.load("a")
    catalogue.load("b")
    assert catalogue.load("a") is first, "a was used last"
    assert KEPT_LOADED == 2
    catalogue.load("c")
    assert {spec: embedder.unloaded for spec, embedder in made.items()} == {
        "a": False,
        "b": True,
        "c": False,
    }
    catalogue.load("b")
    assert made["a"].unloaded
    assert not made["b"].unloaded, "loaded anew"


def test_the_caller_s_own_embedder_is_never_unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.embedders.pool.load", lambda spec, **_: FakeEmbedder(spec))
    own = FakeEmbedder("own")
    catalogue = Catalogue(own)
    first = catalogue.load("given")
    for spec in ("a", "b", "c"):
        catalogue.load(spec)
    assert catalogue.load("given") is first
    assert not own.unloaded
    first.embed(["a text"])
    assert first.embed(["a text"]).cached.all(), "it has a cache, as any other"
