"""The sentence-transformers files beside the weights, read into a Recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.contracts import Pooling
from workbench.embedders.findings import (
    FETCH_AGAIN,
    BrokenFileError,
    Finding,
    read_json,
    read_record,
)
from workbench.embedders.recipe import Recipe

# sentence-transformers up to 5 writes one flag a mode, from 6 on one word
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_POOLINGS: Mapping[str, Pooling] = {"cls": "cls", "mean": "mean", "lasttoken": "last_token"}
_MODULES = ("Transformer", "Pooling", "Normalize")
_TRANSFORMER = "sentence_bert_config.json"
_INSTRUCTION = re.compile(r"Instruct: .*\nQuery:")


@dataclass(frozen=True)
class Layout:
    """What the files say.

    Attributes:
        recipe: None where there are no such files, or they ask for what is not supported.
        findings: What was noticed.
    """

    recipe: Recipe | None
    findings: tuple[Finding, ...] = ()


def read_layout(directory: Path) -> Layout:
    """Recipe from modules.json and the files it points to."""
    try:
        modules = read_json(directory / "modules.json")
        if modules is None:
            return Layout(None)
        return _read_modules(directory, modules)
    except BrokenFileError as exc:
        return Layout(None, (exc.finding,))


def _read_modules(directory: Path, modules: Any) -> Layout:  # noqa: ANN401  (any JSON)
    if not isinstance(modules, list) or not all(_is_module(entry) for entry in modules):
        what = "modules.json is not a list of modules, each with a type and a path"
        raise BrokenFileError(Finding("fail", what, FETCH_AGAIN))
    kinds = {entry["type"].rsplit(".", 1)[-1]: entry["path"] for entry in modules}
    strange = [kind for kind in kinds if kind not in _MODULES]
    if strange:
        return _unsupported(f"modules.json has a {strange[0]} module")
    if "Pooling" not in kinds:
        return _unsupported("modules.json has no Pooling module")
    pooling_file = directory / kinds["Pooling"] / "config.json"
    if not pooling_file.is_file():
        name = f"{kinds['Pooling']}/config.json"
        return Layout(None, (Finding("fail", f"{name} is missing", "Fetch that file."),))
    config = read_record(pooling_file)
    modes = _read_modes(config)
    if len(modes) != 1 or modes[0] not in _POOLINGS:
        return _unsupported(f"the pooling mode is {' + '.join(modes)}")
    if config.get("include_prompt") is False:
        return _unsupported("the prompt is left out of the pooling (include_prompt: false)")
    prompts, default = _read_prompts(directory)
    return Layout(
        Recipe(
            pooling=_POOLINGS[modes[0]],
            normalize="Normalize" in kinds,
            max_tokens=_read_max_tokens(directory),
            prompts=prompts,
            default_prompt=default,
            instruction_template=_read_template(prompts),
            lowercase=read_record(directory / _TRANSFORMER).get("do_lower_case") is True,
        )
    )


def _is_module(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(key), str) for key in ("type", "path")
    )


def _read_modes(config: Mapping[str, Any]) -> list[str]:
    mode = config.get("pooling_mode")
    if isinstance(mode, str):
        return [mode]
    if isinstance(mode, list):
        return [str(one) for one in mode]
    # no flag set means mean, as in sentence-transformers
    return [name for flag, name in _FLAGS.items() if config.get(flag)] or ["mean"]


def _read_prompts(directory: Path) -> tuple[dict[str, str], str | None]:
    config = read_record(directory / "config_sentence_transformers.json")
    written = config.get("prompts") or {}
    if not isinstance(written, dict):
        what = f"config_sentence_transformers.json has prompts={written!r:.60}, no object of names"
        raise BrokenFileError(Finding("fail", what, FETCH_AGAIN))
    prompts = {str(name): str(text) for name, text in written.items()}
    if not any(prompts.values()):  # sentence-transformers 6 writes empty ones for every model
        return {}, None
    default = config.get("default_prompt_name")
    return prompts, default if default in prompts else None


def _read_template(prompts: Mapping[str, str]) -> str | None:
    """Qwen3's template, where one of the model's own prompts has that form."""
    if any(_INSTRUCTION.fullmatch(text) for text in prompts.values()):
        return "Instruct: {task}\nQuery:"
    return None


def _read_max_tokens(directory: Path) -> int | None:
    """sentence_bert_config.json says it up to version 5, the tokenizer's own limit from 6 on."""
    for name, key in (
        (_TRANSFORMER, "max_seq_length"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        value = read_record(directory / name).get(key)
        if isinstance(value, int):
            return value
    return None


def _unsupported(what: str) -> Layout:
    return Layout(
        None,
        (
            Finding(
                "fail",
                f"{what}, which the workbench does not compute",
                "It knows last_token, mean and cls, with or without Normalize. Serve this model "
                "with an engine and point the workbench at the endpoint.",
            ),
        ),
    )
