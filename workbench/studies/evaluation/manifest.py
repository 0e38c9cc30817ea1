"""Everything that is needed to run an evaluation again, and what is different the second time."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench.contracts import EmbedderResult, Evaluation, Prompt, Source, Task
from workbench.errors import InputError
from workbench.studies.evaluation.prompting import AskedPrompts

FORMAT = 1
"""Of the manifest; a field that is added does not change it."""
PACKAGES = (
    *("numpy", "torch", "transformers", "tokenizers", "safetensors", "openai", "scikit-learn"),
    "scipy",
)
SETTINGS = ("level", "draws", "seed", "failures")
SAME_SCORE = 1e-6
"""Scores closer than this are the same: sums in another order differ by less."""
_PASSING = ("when", "again", "cost")
"""Fields in which two runs differ without any consequence for a score."""


def make_manifest(
    evaluation: Evaluation,
    tasks: Sequence[Task],
    *,
    prompts: AskedPrompts,
    cost: bool,
    compute: Mapping[str, str],
    when: str,
) -> dict[str, object]:
    """What was asked, of what, on which machine, and which main scores came; ready for JSON.

    Args:
        evaluation: What was found; its manifest has the settings of the draws.
        tasks: All that were asked for, finished or not.
        prompts: As they were asked for, by label and role.
        cost: Whether costs were measured.
        compute: Threads, GPU and the like, as the room of embedders knows them.
        when: Date and time.
    """
    return {
        "format": FORMAT,
        "when": when,
        **evaluation.manifest,
        "cost": cost,
        "embedders": [_describe_embedder(one) for one in evaluation.embedders],
        "prompts": {
            label: {role: _plain_prompt(asked) for role, asked in by_role.items()}
            for label, by_role in prompts.items()
        },
        "tasks": [_describe_task(task) for task in tasks],
        "machine": describe_machine(compute),
        "versions": find_versions(),
        "scores": _main_scores(evaluation),
    }


def describe_machine(compute: Mapping[str, str]) -> dict[str, str]:
    """System, processor, and what ``compute`` adds."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return {
        "system": platform.platform(),
        "cpu": find_cpu(),
        "processors": str(processors or os.cpu_count() or "not known"),
        **compute,
    }


def find_cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name; its family where the system does not tell."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def find_versions() -> dict[str, str]:
    """Versions of Python, the workbench, and the packages that numbers may depend on."""
    ours = getattr(sys.modules[__name__.partition(".")[0]], "__version__", "")
    found = {"python": platform.python_version(), "workbench": str(ours)}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def check_manifest(manifest: Mapping[str, object]) -> None:
    """Refuse what no evaluation wrote.

    Raises:
        InputError: Another format, or a field is missing.
    """
    if manifest.get("format") != FORMAT:
        raise InputError(
            f"The manifest has format {manifest.get('format')!r}; this version reads {FORMAT}. "
            "Pass the JSON of an evaluation, or its field 'manifest'."
        )
    needed = ("embedders", "tasks", "prompts", "cost", *SETTINGS)
    if missing := [name for name in needed if name not in manifest]:
        raise InputError(f"The manifest lacks {', '.join(map(repr, missing))}: it is not whole.")


def read_source(record: Mapping[str, object]) -> Source:
    """Where a task of a manifest comes from."""
    options = record.get("options")
    pairs = options.items() if isinstance(options, Mapping) else ()
    path = record.get("path")
    return Source(
        name=str(record.get("name", "")),
        reader=str(record.get("reader", "")),
        path=None if path is None else str(path),
        options=tuple((str(key), str(value)) for key, value in pairs),
        sha256=str(record.get("sha256", "")),
        note=str(record.get("note", "")),
    )


def read_prompts(manifest: Mapping[str, object]) -> dict[str, dict[str, str | Prompt | None]]:
    """The prompts as they were asked for, by label and role."""
    kept = manifest["prompts"]
    if not isinstance(kept, Mapping):
        raise InputError(f"The manifest's prompts are {kept!r}; allowed is an object.")
    return {
        str(label): {str(role): _read_prompt(asked) for role, asked in by_role.items()}
        for label, by_role in kept.items()
    }


def compare_manifests(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What is different the second time, a sentence each: versions, machine, models, scores."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return [
        f"{place}: was {old.get(place)!r}, is {new.get(place)!r}"
        for place in dict.fromkeys([*old, *new])
        if not _alike(old.get(place), new.get(place))
    ]


def _alike(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= SAME_SCORE or (old != old and new != new)  # noqa: PLR0124  (NaN)
    return old == new


def _leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every single value under its path: "versions.numpy"."""
    if isinstance(value, Mapping):
        inner = [(str(key), each) for key, each in value.items() if place or key not in _PASSING]
    elif isinstance(value, list | tuple):
        inner = [(_name_of(each, at), each) for at, each in enumerate(value)]
    else:
        yield place, value
        return
    for key, each in inner:
        yield from _leaves(each, f"{place}.{key}" if place else key)


def _name_of(value: object, at: int) -> str:
    """An embedder by its label, a task by its name, anything else by its number."""
    named = value if isinstance(value, Mapping) else {}
    return str(named.get("label") or named.get("name") or at + 1)


def _describe_embedder(one: EmbedderResult) -> dict[str, object]:
    info = one.info
    return {
        "label": one.label,
        "asked": one.asked,
        "model": info.name,
        "backend": info.backend,
        "revision": info.revision,
        "dtype": info.dtype,
        "device": info.device,
        "dim": info.dim,
        "native_dim": info.native_dim,
        "max_tokens": info.max_tokens,
        "pooling": info.pooling,
        "normalized": info.normalized,
        "base_url": info.base_url,
        "server": info.server,
        "prefixes": {
            found.task: {role: prompt.prefix for role, prompt in found.prompts.items()}
            for found in one.tasks
        },
    }


def _describe_task(task: Task) -> dict[str, object]:
    source = {**asdict(task.source), "options": dict(task.source.options)}
    return {"name": task.name, "kind": task.kind, "source": source}


def _main_scores(evaluation: Evaluation) -> dict[str, dict[str, dict[str, object]]]:
    return {
        one.label: {
            found.task: {
                "metric": found.main.metric,
                "value": float(found.main.value),
                "n": found.main.n,
            }
            for found in one.tasks
        }
        for one in evaluation.embedders
    }


def _plain_prompt(asked: str | Prompt | None) -> object:
    return asdict(asked) if isinstance(asked, Prompt) else asked


def _read_prompt(kept: object) -> str | Prompt | None:
    if isinstance(kept, Mapping):
        return Prompt(**kept)
    return None if kept is None else str(kept)
