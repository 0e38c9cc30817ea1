"""Everything that is needed to run an evaluation again, ready for JSON, and what differs then."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from workbench.contracts import EmbedderResult, Evaluation, Prompt, Source, Task
from workbench.errors import InputError
from workbench.studies.evaluation.prompting import AskedPrompts

FORM = "workbench evaluation 1"
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "openai")
SAME_TO = 1e-6
"""Largest difference of two scores that is still the same: sums in another order differ by less."""


def make_manifest(
    evaluation: Evaluation,
    tasks: Sequence[Task],
    *,
    prompts: AskedPrompts | None = None,
    cost: bool = True,
    program: str = "",
    compute: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """What was asked for and found, and on what machine. Holds no key: endpoints are addresses.

    Args:
        evaluation: As ``run_evaluation`` gives it.
        tasks: What it was over, with their hashes.
        prompts: As they were asked for.
        cost: Whether time and memory were measured.
        program: Version of the workbench.
        compute: What else is known of the machine: threads, GPU.
    """
    return {
        "form": FORM,
        **evaluation.manifest,
        "cost": cost,
        "versions": {"workbench": program, "python": platform.python_version(), **_versions()},
        "machine": {
            "platform": platform.platform(),
            "cpu": _cpu_name(),
            "processors": str(os.cpu_count() or ""),
            **(compute or {}),
        },
        "tasks": [_describe_task(task) for task in tasks],
        "embedders": [_describe_embedder(one) for one in evaluation.embedders],
        "prompts": {
            label: {role: _write_prompt(asked) for role, asked in by_role.items()}
            for label, by_role in (prompts or {}).items()
        },
    }


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Refuse what is no manifest.

    Raises:
        InputError: It is of another form, or lacks something.
    """
    found = manifest.get("form")
    if found != FORM:
        raise InputError(
            f"A manifest says form {FORM!r}; this one says {found!r}. Pass evaluation.manifest, or "
            "a file that `workbench evaluate --json` wrote."
        )
    needed = ("embedders", "tasks", "prompts", "level", "draws", "seed", "failures", "cost")
    missing = [name for name in needed if name not in manifest]
    if missing:
        raise InputError(f"The manifest lacks {', '.join(map(repr, missing))}: it was shortened.")


def read_sources(manifest: Mapping[str, Any]) -> dict[str, Source]:
    """Where each task comes from, by its name."""
    found = {}
    for task in manifest["tasks"]:
        fields = dict(task["source"])
        options = tuple((str(name), str(value)) for name, value in fields.pop("options"))
        found[str(task["name"])] = Source(**fields, options=options)
    return found


def read_prompts(manifest: Mapping[str, Any]) -> dict[str, dict[str, str | Prompt | None]]:
    """The prompts as they were asked for."""
    return {
        label: {
            role: Prompt(**asked) if isinstance(asked, Mapping) else asked
            for role, asked in by_role.items()
        }
        for label, by_role in manifest["prompts"].items()
    }


def compare_manifests(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between two runs, a sentence each: versions, machine, embedders, scores."""
    return tuple(_differences(before, now))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for part in ("versions", "machine"):
        yield from _unlike(before.get(part, {}), now.get(part, {}), "")
    embedders = {one["label"]: one for one in now["embedders"]}
    for was in before["embedders"]:
        is_now = embedders.get(was["label"])
        if is_now is None:
            yield f"{was['label']} was not evaluated"
            continue
        facts = ("name", "revision", "dtype", "dim", "max_tokens", "device", "server")
        yield from _unlike(
            {fact: was.get(fact) for fact in facts},
            {fact: is_now.get(fact) for fact in facts},
            f"{was['label']}: ",
        )
        for task, score in was["scores"].items():
            yield from _unlike_score(f"{was['label']} on {task}", score, is_now["scores"].get(task))


def _unlike(before: Mapping[str, Any], now: Mapping[str, Any], of: str) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        was, is_now = before.get(name), now.get(name)
        if was != is_now:
            yield f"{of}{name} is {is_now or 'not known'}, was {was or 'not known'}"


def _unlike_score(of: str, was: Mapping[str, Any], now: Mapping[str, Any] | None) -> Iterator[str]:
    if now is None:
        yield f"{of}: there is no score now"
    elif abs(was["value"] - now["value"]) > SAME_TO:
        yield f"{of}: {was['metric']} is {now['value']:.6f}, was {was['value']:.6f}"


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found


def _cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _describe_task(task: Task) -> dict[str, object]:
    source = task.source
    return {
        "name": task.name,
        "kind": task.kind,
        "source": {
            "name": source.name,
            "reader": source.reader,
            "path": source.path,
            "options": [list(pair) for pair in source.options],
            "sha256": source.sha256,
            "note": source.note,
        },
    }


def _describe_embedder(one: EmbedderResult) -> dict[str, object]:
    info = one.info
    facts = ("name", "backend", "revision", "dtype", "dim", "native_dim", "max_tokens", "pooling")
    facts = (*facts, "device", "base_url", "server", "normalized")
    return {
        "label": one.label,
        "asked": one.asked,
        **{fact: getattr(info, fact) for fact in facts},
        "prompts": {
            found.task: {role: _write_prompt(used) for role, used in found.prompts.items()}
            for found in one.tasks
        },
        "scores": {
            found.task: {"metric": found.main.metric, "value": float(found.main.value)}
            for found in one.tasks
        },
    }


def _write_prompt(prompt: str | Prompt | None) -> object:
    if not isinstance(prompt, Prompt):
        return prompt
    fields = ("prefix", "source", "name", "note")
    return {field: getattr(prompt, field) for field in fields}
