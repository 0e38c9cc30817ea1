"""Find a server program: in an interpreter, or on PATH."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.engines.program import Installed, Program

LOOK = """
import importlib.metadata as metadata, importlib.util as util, json, os, sys
packages, module, features = json.loads(sys.argv[1])
found = {"version": "", "package": "", "module": False, "features": []}
for name in packages:
    try:
        found["version"], found["package"] = metadata.version(name), name
        break
    except metadata.PackageNotFoundError:
        pass
spec = util.find_spec(module)
if spec is not None and spec.origin:
    found["module"] = True
    for name, (path, text) in features.items():
        path = os.path.join(os.path.dirname(spec.origin), path)
        if not os.path.exists(path) or text in open(path, encoding="utf-8").read():
            found["features"].append(name)
print(json.dumps(found))
"""
LOOK_S = 30.0


def find_program(
    program: Program, *, python: str | None = None, words: Sequence[str] | None = None
) -> Installed:
    """What is there of a program; nothing of it is imported or started.

    Args:
        program: The program.
        python: The interpreter to look into, or the folder of its environment; None: this one,
            then the one behind the command on PATH.
        words: The words that start it, where the user knows better; their first is looked into.
    """
    if words:
        # only an interpreter is asked: what any other program makes of -c is not known
        asked = words[0] if Path(words[0]).name.startswith("python") else ""
        seen = _look_into(asked, program)
        return Installed(tuple(words), words[0], seen.version, seen.package, seen.features)
    if python is not None:
        path = Path(python).expanduser()
        return _look_into(str(path / "bin" / "python") if path.is_dir() else str(path), program)
    on_path = shutil.which(program.script) if program.script else None
    if program.wants_gguf and on_path:
        return Installed((on_path,), on_path, _ask_version(on_path), program.script)
    here = _look_into(sys.executable, program)
    if here.start or not on_path:
        return here
    behind = _read_interpreter(Path(on_path))
    return _look_into(behind, program) if behind else here


def _look_into(python: str, program: Program) -> Installed:
    features = dict(program.features)
    path = shutil.which(python)
    if path is None:
        return Installed((), python, features=frozenset(features))
    asked = json.dumps([program.packages, program.module, features])
    try:
        done = subprocess.run(  # noqa: S603  (the user's own interpreter)
            [path, "-c", LOOK, asked], capture_output=True, text=True, check=True, timeout=LOOK_S
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return Installed((), python, features=frozenset(features))
    start = (path, *program.run) if found["module"] else ()
    seen = frozenset(found["features"]) if found["module"] else frozenset(features)
    return Installed(start, python, found["version"], found["package"], seen)


def _read_interpreter(script: Path) -> str | None:
    """The interpreter that a console script names in its first line."""
    with script.open("rb") as file:
        first = file.readline(1024)
    words = first[2:].decode("utf-8", errors="replace").split() if first[:2] == b"#!" else []
    return words[0] if len(words) == 1 and Path(words[0]).name.startswith("python") else None


def _ask_version(path: str) -> str:
    """What llama-server says: ``version: 5092 (b1b2c3d)``."""
    try:
        done = subprocess.run(  # noqa: S603  (the user's own program)
            [path, "--version"], capture_output=True, text=True, check=False, timeout=LOOK_S
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    _, found, rest = (done.stdout + done.stderr).partition("version:")
    return rest.split()[0] if found and rest.split() else ""


def find_gpu() -> bool:
    """Whether this machine shows a GPU that engines use; on a Mac it always has one."""
    devices = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    return sys.platform == "darwin" or any(Path(device).exists() for device in devices)
