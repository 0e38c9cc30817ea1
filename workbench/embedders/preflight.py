"""Is a model directory whole, and what is its recipe? Asked before torch is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.contracts import Pooling
from workbench.embedders.findings import BrokenFileError, Finding, read_record
from workbench.embedders.layout import read_layout
from workbench.embedders.recipe import Recipe
from workbench.embedders.registry import ModelCard, find_card
from workbench.embedders.weights import check_weights, weights_size
from workbench.errors import IncompleteModelError, UnknownModelError
from workbench.texts.edits import QWEN_END

# tokenizer.json of Qwen3-Embedding before its authors let it append the end token
_STALE_SHA256 = "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"


@dataclass(frozen=True)
class ModelReport:
    """What a directory holds.

    Attributes:
        directory: Where it was looked.
        findings: What was found, failures first.
        recipe: How its vectors are made; None where the files do not say.
        card: The registry's card, where the directory's name is one it knows.
        dim: Native width by config.json.
        weights_bytes: Bytes of the safetensors files.
    """

    directory: Path
    findings: tuple[Finding, ...]
    recipe: Recipe | None
    card: ModelCard | None
    dim: int | None
    weights_bytes: int

    @property
    def complete(self) -> bool:
        """Whether it can be loaded."""
        return not any(finding.severity == "fail" for finding in self.findings)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each finding."""
        return tuple(
            f"{finding.what}. {finding.mend}" if finding.mend else finding.what
            for finding in self.findings
        )

    def require_complete(self) -> Recipe:
        """The recipe of a model that can be loaded.

        Raises:
            IncompleteModelError: It cannot; the message lists every reason and its mend.
        """
        if self.complete and self.recipe is not None:
            return self.recipe
        reasons = "\n".join(
            f"  - {finding.what}. {finding.mend}"
            for finding in self.findings
            if finding.severity == "fail"
        )
        raise IncompleteModelError(f"{self.directory} cannot be loaded:\n{reasons}")


def inspect_model(directory: str | Path, *, pooling: Pooling | None = None) -> ModelReport:
    """Look at a model's files, reading JSON and headers only.

    Args:
        directory: Holds config.json, the weights and tokenizer.json.
        pooling: Settles the recipe where the files do not, or overrides theirs.

    Raises:
        UnknownModelError: There is no such directory.
    """
    folder = Path(directory).expanduser()
    if not folder.is_dir():
        raise UnknownModelError(f"{str(directory)!r} is not a directory.")
    card = _recognise(folder)
    config, findings = _read_config(folder)
    findings += check_weights(folder)
    recipe, said = _choose_recipe(folder, card, pooling)
    findings += said
    tokenizer, said = _read_tokenizer(folder)
    findings += said
    if recipe is not None and _forgets_end_token(config, recipe, tokenizer):
        recipe = replace(recipe, end_token=QWEN_END)
        findings.append(_describe_stale(folder))
    dim = config.get("hidden_size")
    if card is not None and dim not in (None, card.dim):
        what = f"config.json says {dim} dimensions where {card.name} has {card.dim}"
        findings.append(Finding("warn", what, "These are not the published weights."))
    order = {"fail": 0, "warn": 1, "ok": 2}
    return ModelReport(
        directory=folder,
        findings=tuple(sorted(findings, key=lambda finding: order[finding.severity])),
        recipe=recipe,
        card=card,
        dim=dim,
        weights_bytes=weights_size(folder),
    )


def _recognise(folder: Path) -> ModelCard | None:
    """The card by the directory's own name, or by its place in the hub's cache."""
    for part in (folder.resolve(), *folder.resolve().parents[:2]):
        if part.name.startswith("models--"):
            return find_card(part.name.removeprefix("models--").replace("--", "/"))
    return find_card(folder.resolve().name)


def _read_config(folder: Path) -> tuple[Mapping[str, Any], list[Finding]]:
    if not (folder / "config.json").is_file():
        return {}, [Finding("fail", "config.json is missing", "Fetch that file.")]
    try:
        config = read_record(folder / "config.json")
    except BrokenFileError as exc:
        return {}, [exc.finding]
    findings = []
    rope = config.get("rope_parameters")
    base = rope.get("rope_theta") if isinstance(rope, dict) else None
    if isinstance(base, int | float) and "rope_theta" not in config:
        what = (
            f"config.json was saved by transformers 5: its rope base {base:,} "
            "stands in rope_parameters, where transformers 4 does not look"
        )
        mend = "It is read right here. For engines on transformers 4, add rope_theta at top level."
        findings.append(Finding("warn", what, mend))
    if "auto_map" in config:
        what = "the model brings Python code of its own (auto_map), which is never run here"
        findings.append(Finding("warn", what))
    return config, findings


def _read_tokenizer(folder: Path) -> tuple[Mapping[str, Any], list[Finding]]:
    if not (folder / "tokenizer.json").is_file():
        what = "tokenizer.json is missing"
        mend = "Fetch that file; a vocab.txt or sentencepiece file alone is not enough."
        return {}, [Finding("fail", what, mend)]
    try:
        return read_record(folder / "tokenizer.json"), []
    except BrokenFileError as exc:
        return {}, [exc.finding]


def _choose_recipe(
    folder: Path, card: ModelCard | None, pooling: Pooling | None
) -> tuple[Recipe | None, list[Finding]]:
    """The files' recipe, completed by the card's; the card's; or the caller's."""
    layout = read_layout(folder)
    findings = list(layout.findings)
    recipe = layout.recipe
    if recipe is not None and card is not None:
        recipe, said = _complete_recipe(recipe, card)
        findings += said
    elif recipe is None and card is not None and not findings:
        recipe = card.recipe
        what = f"there is no modules.json: the recipe is the registry's for {card.name}"
        findings.append(Finding("warn", what))
    if pooling is not None:
        asked = recipe or Recipe(pooling, normalize=True)
        other = f", where the files say {recipe.pooling}" if recipe else "; vectors are normalised"
        if recipe is None or recipe.pooling != pooling:
            findings.append(Finding("warn", f"pooling is {pooling} as asked{other}"))
        # an unsupported layout is what the caller's own choice overrides
        findings = [finding for finding in findings if "does not compute" not in finding.what]
        return replace(asked, pooling=pooling), findings
    if recipe is None and not findings:
        what = f"there is no modules.json, and {folder.name!r} is not in the registry"
        mend = (
            "Fetch modules.json and 1_Pooling/config.json, or pass pooling='mean', 'cls' or "
            "'last_token'."
        )
        findings.append(Finding("fail", what, mend))
    return recipe, findings


def _complete_recipe(recipe: Recipe, card: ModelCard) -> tuple[Recipe, list[Finding]]:
    findings = []
    if recipe.pooling != card.pooling:
        what = f"the files pool by {recipe.pooling}, the published {card.name} by {card.pooling}"
        findings.append(Finding("warn", what, "The files are followed."))
    if card.normalize and not recipe.normalize:
        what = f"modules.json does not normalise; the authors of {card.name} do, and so it is done"
        findings.append(Finding("warn", what))
    prompts = recipe.prompts or card.prompts
    default = card.default_prompt if card.default_prompt in prompts else None
    completed = replace(
        recipe,
        normalize=recipe.normalize or card.normalize,
        max_tokens=recipe.max_tokens or card.max_tokens,
        prompts=prompts,
        default_prompt=recipe.default_prompt or default,
        instruction_template=recipe.instruction_template or card.instruction_template,
        matryoshka=card.matryoshka,
    )
    return completed, findings


def _forgets_end_token(
    config: Mapping[str, Any], recipe: Recipe, tokenizer: Mapping[str, Any]
) -> bool:
    """Whether this is a Qwen3 whose tokenizer does not append the token that is pooled."""
    if config.get("model_type") != "qwen3" or recipe.pooling != "last_token" or not tokenizer:
        return False
    match tokenizer.get("post_processor"):
        case {"processors": [*steps]}:
            pass
        case step:
            steps = [step]
    for step in steps:
        match step:
            case {"type": "TemplateProcessing", "single": [*_, {"SpecialToken": _}]}:
                return False
    return True


def _describe_stale(folder: Path) -> Finding:
    with (folder / "tokenizer.json").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    which = (
        "is of the revision before June 2025 and"
        if digest == _STALE_SHA256
        else "has a post-processor that"
    )
    return Finding(
        "warn",
        f"tokenizer.json {which} does not append {QWEN_END}, the token whose state is the "
        "vector; it is appended here, so that the vectors are right",
        "Engines that read these files give other vectors: fetch the current revision "
        "(tokenizer.json, modules.json, 1_Pooling/config.json).",
    )
