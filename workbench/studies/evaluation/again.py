"""What an evaluation is run on again: a manifest, and the embedders and tasks that it names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from workbench.contracts import Source, Task
from workbench.errors import InputError
from workbench.studies.evaluation.manifest import read_source
from workbench.studies.evaluation.opening import Spec


def read_manifest(given: Mapping[str, object] | str | os.PathLike[str]) -> Mapping[str, object]:
    """A manifest as it is, or from a JSON file of it or of a whole evaluation.

    Raises:
        InputError: The file cannot be read, or holds something else.
    """
    if isinstance(given, Mapping):
        return given
    path = Path(given)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InputError(f"The manifest {str(path)!r} cannot be read: {exc}.") from exc
    inner = kept.get("manifest", kept) if isinstance(kept, dict) else kept
    if not isinstance(inner, dict):
        raise InputError(f"{str(path)!r} holds no manifest: a JSON object was expected.")
    return inner


def embedders_again(manifest: Mapping[str, object], given: Mapping[str, Spec]) -> dict[str, Spec]:
    """The embedders by label: those given, else what loaded them.

    Raises:
        InputError: One was made in code and is not given, or one is given that is not in it.
    """
    kept = {str(one["label"]): str(one.get("asked", "")) for one in _records(manifest, "embedders")}
    if unknown := [label for label in given if label not in kept]:
        raise InputError(
            f"{', '.join(map(repr, unknown))} is in no embedder's place: the manifest has "
            f"{', '.join(map(repr, kept))}."
        )
    found = {label: given.get(label, asked) for label, asked in kept.items()}
    if missing := [label for label, spec in found.items() if spec == ""]:
        raise InputError(
            f"{', '.join(map(repr, missing))} was handed in as an object, which a manifest cannot "
            "load. Pass it again: rerun(manifest, embedders={...})."
        )
    return found


def tasks_again(
    manifest: Mapping[str, object], given: Sequence[Task], read: Callable[[Source], Task]
) -> list[Task]:
    """The tasks: those given, else read from where they came from.

    Args:
        manifest: Of the evaluation.
        given: Tasks that cannot be read again.
        read: Reads one from its source.

    Raises:
        InputError: One has no place to be read from and is not given, or its content is another.
    """
    by_name = {task.name: task for task in given}
    return [_task_again(record, by_name, read) for record in _records(manifest, "tasks")]


def _task_again(
    record: Mapping[str, object], given: Mapping[str, Task], read: Callable[[Source], Task]
) -> Task:
    name = str(record["name"])
    kept = record.get("source")
    source = read_source(kept if isinstance(kept, Mapping) else {})
    if name in given:
        task = given[name]
    elif source.reader:
        task = read(source)
    else:
        raise InputError(
            f"The task {name!r} was pasted or made in code: nothing reads it again. Pass it: "
            "rerun(manifest, tasks=[...])."
        )
    if source.sha256 and task.source.sha256 and task.source.sha256 != source.sha256:
        raise InputError(
            f"The task {name!r} is not what it was: its content has the hash "
            f"{task.source.sha256}, the manifest {source.sha256}. Bring the old file back, or "
            "evaluate anew."
        )
    return task


def _records(manifest: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    listed = manifest.get(name)
    for one in listed if isinstance(listed, list | tuple) else ():
        if not isinstance(one, Mapping) or not ({"label", "name"} & one.keys()):
            raise InputError(f"The manifest's {name} hold {one!r}; allowed is an object each.")
        yield one
