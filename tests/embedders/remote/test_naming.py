"""Which served model is meant, and whose prompts it gets: never those of another model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.embedders.registry import CARDS, ModelCard, find_card
from workbench.embedders.remote.address import read_address
from workbench.embedders.remote.identity import ServedModel, ServerIdentity
from workbench.embedders.remote.naming import choose_model, find_recipe, guess_recipe
from workbench.errors import InputError, ModelNotServedError

ADDRESS = read_address("http://localhost:8000/v1")
QWEN = "Qwen/Qwen3-Embedding-0.6B"


def serving(*names: str, root: str | None = None) -> ServerIdentity:
    return ServerIdentity(served=tuple(ServedModel(name, root) for name in names))


# ---- which model ---------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [None, ""])
def test_the_only_model_is_taken_and_said(asked: str | None) -> None:
    name, note = choose_model(serving("bge-m3"), asked, ADDRESS)
    assert (name, note) == ("bge-m3", "the server lists one model, 'bge-m3'")


@pytest.mark.parametrize("asked", [None, ""])
def test_of_several_one_has_to_be_named(asked: str | None) -> None:
    with pytest.raises(
        ModelNotServedError,
        match=r"^http://localhost:8000/v1 serves 'a', 'b', and no model was named\. Pass its name: "
        r"connect\('http://localhost:8000/v1', 'NAME'\)\.$",
    ) as caught:
        choose_model(serving("a", "b"), asked, ADDRESS)
    assert caught.value.served == ("a", "b")


def test_where_none_is_listed_one_has_to_be_named() -> None:
    with pytest.raises(ModelNotServedError, match="lists no models, and no model was named"):
        choose_model(serving(), None, ADDRESS)


def test_of_hundreds_a_few_are_shown_and_all_are_kept() -> None:
    names = tuple(f"vendor/model-{number}" for number in range(340))
    with pytest.raises(ModelNotServedError, match=r"'vendor/model-11' and 328 more, and") as caught:
        choose_model(serving(*names), None, ADDRESS)
    assert caught.value.served == names
    assert "and 328 more, and not 'other'" in choose_model(serving(*names), "other", ADDRESS)[1]


NAMED: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "as it is listed": (("a", "b"), "b", "b", ""),
    "where none is listed": ((), "b", "b", ""),
    "by its last part": ((QWEN,), "Qwen3-Embedding-0.6B", QWEN, "is served as 'Qwen/Qwen3"),
    "with an owner too many": (("bge-m3",), "BAAI/bge-m3", "bge-m3", "is served as 'bge-m3'"),
    "in another case": (("BAAI/bge-m3",), "BGE-M3", "BAAI/bge-m3", "is served as"),
    "by a path": (("bge-m3",), "/models/bge-m3/", "bge-m3", "is served as"),
    "by a path of Windows": (("bge-m3",), r"C:\models\bge-m3", "bge-m3", "is served as"),
    "alike twice": (("a/m", "b/m"), "m", "m", "lists 'a/m', 'b/m', and not 'm'"),
    "not listed": (("a",), "gpt", "gpt", "lists 'a', and not 'gpt'"),
    "exactly, beside one alike": (("x/m", "m"), "m", "m", ""),
    "with white space": (("m",), " m ", " m ", "not ' m '"),
}


@pytest.mark.parametrize(("served", "asked", "name", "note"), NAMED.values(), ids=NAMED)
def test_a_name_is_kept_unless_one_alike_is_listed(
    served: tuple[str, ...], asked: str, name: str, note: str
) -> None:
    chosen, said = choose_model(serving(*served), asked, ADDRESS)
    assert chosen == name
    assert note in said
    assert bool(note) == bool(said)


def test_what_a_server_calls_its_models_is_shown_quoted() -> None:
    with pytest.raises(ModelNotServedError) as caught:
        choose_model(serving("a\x1b[2Jb", "c\nd"), None, ADDRESS)
    assert str(caught.value).isprintable()


# ---- whose prompts -------------------------------------------------------------------------------

WRAPPED = {
    "a hub id": QWEN,
    "its last part": "Qwen3-Embedding-0.6B",
    "lower case": "qwen3-embedding-0.6b",
    "another owner": "someone/Qwen3-Embedding-0.6B",
    "a directory": "/srv/models/Qwen3-Embedding-0.6B/",
    "a directory of Windows": r"D:\models\Qwen3-Embedding-0.6B",
    "Ollama": "qwen3-embedding:0.6b",
    "Ollama, quantised": "qwen3-embedding:0.6b-q8_0",
    "Ollama, from the hub": "hf.co/Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0",
    "Ollama, fp16": "dengcao/Qwen3-Embedding-0.6B:F16",
    "a file of llama.cpp": "/models/Qwen3-Embedding-0.6B-Q4_K_M.gguf",
    "LM Studio": "text-embedding-qwen3-embedding-0.6b",
    "a hub's cache": "/hub/models--Qwen--Qwen3-Embedding-0.6B/snapshots/97b0c614be4d77ee51c0cef4e5",
}


@pytest.mark.parametrize("name", WRAPPED.values(), ids=WRAPPED)
def test_a_known_model_is_found_however_its_name_is_wrapped(name: str) -> None:
    card = find_card(QWEN)
    assert card is not None
    recipe, note = guess_recipe(name, serving(name))
    assert recipe == card.recipe
    assert note == f"prompts are those of {QWEN}, by its name"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: str(card.name))
def test_each_known_model_is_found_by_its_own_name(card: ModelCard) -> None:
    last = card.name.rsplit("/", maxsplit=1)[-1]
    for served in (card.name, last, f"{card.name}-GGUF:Q8_0"):
        assert f"those of {card.name}," in guess_recipe(served, serving(served))[1]


UNKNOWN = {
    "a chat model": "Qwen/Qwen3-0.6B",
    "a chat model of Ollama": "qwen3:0.6b",
    "another size": "Qwen3-Embedding-2B",
    "a size that is not said": "qwen3-embedding:latest",
    "a tuned one": "Qwen3-Embedding-0.6B-finance",
    "an alias": "m3e",
    "OpenAI": "text-embedding-3-small",
    "DashScope": "text-embedding-v4",
    "empty": "",
    "a slash": "/",
    "a part": "Embedding-0.6B",
    "a reranker": "Qwen/Qwen3-Reranker-0.6B",
    "vision": "Qwen3-VL-Embedding-0.6B",
}


@pytest.mark.parametrize("name", UNKNOWN.values(), ids=UNKNOWN)
def test_no_other_model_gets_prompts(name: str) -> None:
    recipe, note = guess_recipe(name, serving(name))
    assert recipe is None
    assert note == (
        f"no prompts are known for {name!r}: pass recipe= with a known name or a directory"
    )


def test_an_invented_name_is_known_by_where_its_weights_lie() -> None:
    recipe, note = guess_recipe("prod", serving("prod", root=f"/models/{QWEN}"))
    assert recipe is not None
    assert note == f"prompts are those of {QWEN}: its weights lie behind 'prod'"


def test_the_weights_are_believed_rather_than_the_name() -> None:
    note = guess_recipe("bge-m3", serving("bge-m3", root=QWEN))[1]
    assert note == f"prompts are those of {QWEN}: its weights lie behind 'bge-m3'"


def test_weights_of_no_known_model_leave_the_name_to_say_it() -> None:
    note = guess_recipe(QWEN, serving(QWEN, root="/mnt/weights"))[1]
    assert note == f"prompts are those of {QWEN}, by its name"


def test_the_only_models_weights_count_whatever_name_was_asked() -> None:
    assert guess_recipe("any", serving("other", root=QWEN))[0] is not None
    two = ServerIdentity(served=(ServedModel("one", QWEN), ServedModel("two", "/x")))
    assert guess_recipe("any", two)[0] is None
    assert guess_recipe("two", two)[0] is None
    assert guess_recipe("one", two)[0] is not None


# ---- a recipe that was named ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [QWEN, "qwen3-0.6b", "QWEN3-EMBEDDING-0.6B", Path("bge-m3")])
def test_a_recipe_is_found_by_each_name_that_load_takes(name: str | Path) -> None:
    card = find_card(str(name))
    assert card is not None
    assert find_recipe(name) == card.recipe


def test_a_recipe_is_read_from_a_model_directory(tmp_path: Path) -> None:
    modules = [
        {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling/config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    prompts = {"prompts": {"query": "find: "}, "default_prompt_name": None}
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    recipe = find_recipe(tmp_path)
    assert (recipe.pooling, recipe.prompts["query"]) == ("mean", "find: ")
    assert find_recipe(str(tmp_path)) == recipe


ODD = {
    "nothing alike": "zzzz",
    "empty": "",
    "a long one": "x" * 5_000,
    "a NUL": "a\0b",
    "nobody's home": "~nobody-of-this-name/model",
    "no directory": "/no/such/directory",
}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_what_is_neither_name_nor_directory_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"is no known name and no model directory"):
        find_recipe(name)


def test_a_misspelt_name_is_mended() -> None:
    with pytest.raises(InputError, match=r"Did you mean .*'qwen3-embedding-0.6b'.*See models\(\)"):
        find_recipe("qwen3-embeding-0.6b")


def test_a_directory_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model directory with modules\.json"):
        find_recipe(tmp_path)
