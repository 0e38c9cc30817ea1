"""What a look at a directory finds before anything is loaded."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.embedders.tiny_qwen3 import make_stale, write_json
from workbench.embedders import find_bundled, inspect_model, load
from workbench.errors import IncompleteModelError, UnknownModelError


@pytest.fixture
def model(tiny_qwen3: Path, tmp_path: Path) -> Path:
    """A copy that a test may break, under a name the registry does not know."""
    directory = tmp_path / "some-model"
    shutil.copytree(tiny_qwen3, directory)
    return directory


def failures(directory: Path) -> str:
    report = inspect_model(directory)
    assert report.complete == (not any(f.severity == "fail" for f in report.findings))
    return "; ".join(f.what for f in report.findings if f.severity == "fail")


def split_weights(directory: Path) -> None:
    """Cut the weights into two parts with an index, as large models have them."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(directory / "model.safetensors")
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2]}
    parts["model-00002-of-00002.safetensors"] = names[1::2]
    for file, part in parts.items():
        save_file({name: tensors[name] for name in part}, directory / file, {"format": "pt"})
    places = {name: file for file, part in parts.items() for name in part}
    write_json(
        directory / "model.safetensors.index.json",
        {"metadata": {"total_size": 1}, "weight_map": places},
    )
    (directory / "model.safetensors").unlink()


def test_a_whole_model_has_its_recipe_read(model: Path) -> None:
    report = inspect_model(model)
    assert report.complete
    assert report.findings == ()
    assert report.recipe is not None
    assert report.recipe.pooling == "last_token"
    assert report.recipe.normalize
    assert report.recipe.prompts["document"] == ""
    assert report.recipe.instruction_template == "Instruct: {task}\nQuery:"
    assert report.recipe.end_token is None
    assert report.dim == 64
    assert report.weights_bytes == (model / "model.safetensors").stat().st_size


def test_the_look_loads_no_torch(model: Path) -> None:
    code = (
        "import sys; from workbench.embedders import inspect_model;"
        f"assert inspect_model({str(model)!r}).complete;"
        "print([m for m in ('torch', 'transformers', 'safetensors') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"]
)
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    assert f"{name} is missing" in failures(model)
    with pytest.raises(IncompleteModelError, match=name.replace(".", r"\.")):
        load(model)


def test_weights_cut_short_are_found_by_their_header(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "model.safetensors is cut short" in failures(model)


def test_a_missing_part_of_the_weights_is_named(model: Path) -> None:
    split_weights(model)
    assert failures(model) == ""
    assert load(model).info.dim == 64
    (model / "model-00002-of-00002.safetensors").unlink()
    assert "model-00002-of-00002.safetensors is missing" in failures(model)


def test_a_part_cut_short_is_named(model: Path) -> None:
    split_weights(model)
    part = model / "model-00001-of-00002.safetensors"
    part.write_bytes(part.read_bytes()[:2000])
    assert "model-00001-of-00002.safetensors is cut short" in failures(model)


def test_weights_of_another_format_are_refused_by_name(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    assert "the weights are pytorch_model.bin" in failures(model)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_git_lfs_pointer_is_recognised(model: Path, name: str) -> None:
    (model / name).write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1191586416\n"
    )
    assert f"{name} is a git-lfs pointer" in failures(model)


def test_broken_json_is_named(model: Path) -> None:
    (model / "modules.json").write_text('[{"idx": 0,')
    assert "modules.json is not valid JSON" in failures(model)


def test_modules_that_are_no_list_are_told(model: Path) -> None:
    for content in ({"a": 1}, ["Pooling"], [{"type": "Pooling"}], 7):
        write_json(model / "modules.json", content)
        assert failures(model).startswith("modules.json is not a list of modules")


def test_prompts_that_are_no_object_are_told(model: Path) -> None:
    write_json(model / "config_sentence_transformers.json", {"prompts": ["query: "]})
    assert "config_sentence_transformers.json has prompts=['query: ']" in failures(model)


@pytest.mark.parametrize(
    "entry", [{"dtype": "F32"}, {"data_offsets": 4}, {"data_offsets": ["a", "b"]}, None, 3]
)
def test_a_tensor_without_its_place_is_told_by_name(model: Path, entry: object) -> None:
    header = json.dumps({"layer.weight": entry}).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert "model.safetensors says of its tensor 'layer.weight' no data_offsets" in failures(model)
    with pytest.raises(IncompleteModelError, match="data_offsets"):
        load(model)


def test_a_header_that_is_no_object_is_no_header(model: Path) -> None:
    (model / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"[]")
    assert "model.safetensors has no safetensors header" in failures(model)


def test_an_index_of_weights_without_names_is_told(model: Path) -> None:
    split_weights(model)
    for places in (None, [1], {"a": 1}):
        write_json(model / "model.safetensors.index.json", {"weight_map": places})
        assert "model.safetensors.index.json has no weight_map" in failures(model)


def test_odd_values_in_config_and_tokenizer_end_in_no_traceback(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    del config["rope_theta"]
    write_json(model / "config.json", config | {"rope_parameters": {"rope_type": "default"}})
    for processor in ("none", ["x"], {"processors": ["x", None]}, None):
        write_json(model / "tokenizer.json", {"post_processor": processor})
        recipe = inspect_model(model).recipe
        assert recipe is not None
        assert recipe.end_token == "<|endoftext|>"


def test_a_cards_default_prompt_is_taken_only_where_the_files_have_that_prompt(
    model: Path, tmp_path: Path
) -> None:
    known = model.rename(tmp_path / "multilingual-e5-small")
    config = {"prompts": {"passage": "passage: "}}
    write_json(known / "config_sentence_transformers.json", config)
    embedder = load(known)
    assert embedder.info.default_prompt is None
    assert embedder.resolve_prompt(None).prefix == ""
    write_json(known / "config_sentence_transformers.json", {})
    assert load(known).resolve_prompt(None).prefix == "query: "


def test_an_end_token_forgotten_is_told_with_cause_and_mend(model: Path, tmp_path: Path) -> None:
    make_stale(model)
    known = model.rename(tmp_path / "Qwen3-Embedding-0.6B")
    report = inspect_model(known)
    assert report.complete
    assert report.recipe is not None
    assert report.recipe.end_token == "<|endoftext|>"
    assert report.recipe.pooling == "last_token"
    assert report.recipe.prompts["query"].startswith("Instruct: Given a web search query")
    said = " ".join(report.notes)
    assert "does not append <|endoftext|>" in said
    assert "fetch the current revision" in said


def test_without_modules_json_an_unknown_model_needs_the_pooling(model: Path) -> None:
    (model / "modules.json").unlink()
    with pytest.raises(IncompleteModelError, match=r"no modules\.json.*pooling='mean'"):
        load(model)
    settled = load(model, pooling="last_token")
    assert settled.info.pooling == "last_token"
    assert any("pooling is last_token as asked" in note for note in settled.info.notes)


def test_pooling_given_overrides_the_files_and_is_said(model: Path) -> None:
    mean = load(model, pooling="mean")
    assert any("where the files say last_token" in note for note in mean.info.notes)
    assert not np.allclose(
        mean.embed(["苹果 and fruit"]).vectors,
        load(model).embed(["苹果 and fruit"]).vectors,
        atol=0.1,
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"pooling_mode_max_tokens": True}, "the pooling mode is max"),
        ({"pooling_mode_weightedmean_tokens": True}, "the pooling mode is weightedmean"),
        (
            {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            r"the pooling mode is cls \+ mean",
        ),
        ({"pooling_mode": "max"}, "the pooling mode is max"),
        ({"pooling_mode": "mean", "include_prompt": False}, "include_prompt: false"),
    ],
)
def test_pooling_that_is_not_computed_is_refused_by_name(
    model: Path, config: dict[str, object], said: str
) -> None:
    write_json(model / "1_Pooling" / "config.json", config)
    with pytest.raises(IncompleteModelError, match=said):
        load(model)


def test_a_module_that_is_not_computed_is_refused_by_name(model: Path) -> None:
    modules = json.loads((model / "modules.json").read_text())
    modules[2]["type"] = "sentence_transformers.models.Dense"
    write_json(model / "modules.json", modules)
    assert "modules.json has a Dense module" in failures(model)


def test_files_saved_by_sentence_transformers_6_give_the_same_recipe(tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers", minversion="6")
    found = find_bundled()
    assert found is not None
    model = sentence_transformers.SentenceTransformer(str(found[0]), device="cpu")
    model.save(str(tmp_path / "saved"))
    assert "embedding_dimension" in (tmp_path / "saved/1_Pooling/config.json").read_text()
    assert inspect_model(tmp_path / "saved").recipe == inspect_model(found[0]).recipe


def test_a_config_saved_by_transformers_5_is_read_right_and_said(
    model: Path, tiny_qwen3: Path
) -> None:
    config = json.loads((model / "config.json").read_text())
    theta = config.pop("rope_theta")
    config["rope_parameters"] = {"rope_type": "default", "rope_theta": theta}
    write_json(model / "config.json", config)
    embedder = load(model)
    assert any("rope base 1,000,000 stands in rope_parameters" in n for n in embedder.info.notes)
    texts = ["a longer text, so that positions matter", "苹果"]
    np.testing.assert_allclose(
        embedder.embed(texts).vectors, load(tiny_qwen3).embed(texts).vectors, atol=1e-6
    )


def test_tensors_that_the_architecture_lacks_are_an_error(model: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(model / "model.safetensors")
    del tensors["layers.1.mlp.up_proj.weight"]
    save_file(tensors, model / "model.safetensors", {"format": "pt"})
    with pytest.raises(IncompleteModelError, match=r"lacks 1 tensors.*layers\.1\.mlp\.up_proj"):
        load(model)


def test_what_is_no_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="is not a directory"):
        inspect_model(tmp_path / "nothing")
