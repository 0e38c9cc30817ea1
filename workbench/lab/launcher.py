"""Build and run the command behind ``workbench lab``.

``labconfig/default_setting_overrides.json`` beside this file changes defaults of JupyterLab:

* ``commsOverSubshells: disabled``. JupyterLab 4.4 and later hand a widget's messages to a second
  thread of the kernel after the first one, so that two widgets' messages can overtake each other
  and a click may act on the text as it was before. One thread keeps them in order.
* no fetching of news and no look-up of new versions: pasted texts and habits stay on the machine.

They are defaults: what a person sets in Lab's Settings editor wins, and their own Jupyter
configuration stays in force.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from workbench import __version__
from workbench.errors import InputError

PACKAGE = Path(__file__).resolve().parent.parent
FIRST_LESSON = "00_explore.ipynb"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class LabCommand:
    """What starts JupyterLab.

    Attributes:
        argv: The command; its interpreter is the current one.
        env: The whole environment of the process.
        folder: What Lab's file browser shows, and where the notebook lies.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path


def find_notebook(
    name: str | Path | None = None, *, package: Path = PACKAGE, home: Path | None = None
) -> Path:
    """The notebook to open: a path, or the name of a lesson; without one, the first lesson.

    A checkout's lessons are opened where they lie. An installed package's are copied to
    ``~/embedding-workbench/lessons-<version>`` first; a file that is there already stays as it is.

    Args:
        name: A path to a notebook, or a lesson's name with or without ``.ipynb``.
        package: Folder of the workbench package.
        home: Where the copies go; None: the user's home.

    Raises:
        InputError: There is no such notebook, or the copies cannot be written.
    """
    if name is not None and Path(name).is_file():
        return Path(name).resolve()
    folder = _find_lessons(package, home or Path.home())
    wanted = FIRST_LESSON if name is None else f"{str(name).removesuffix('.ipynb')}.ipynb"
    if (folder / wanted).is_file():
        return folder / wanted
    lessons = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))) or "none"
    raise InputError(
        f"No notebook {str(name or wanted)!r}: neither a file nor a lesson in {folder} "
        f"(lessons: {lessons}). Pass a path to a notebook or one of these names."
    )


def _find_lessons(package: Path, home: Path) -> Path:
    shipped = package / "notebooks"
    if not shipped.is_dir():
        return package.parent / "notebooks"
    target = home / "embedding-workbench" / f"lessons-{__version__}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for lesson in shipped.glob("*.ipynb"):
            if not (target / lesson.name).exists():
                shutil.copyfile(lesson, target / lesson.name)
    except OSError as exc:
        raise InputError(
            f"The lessons cannot be copied to {target}: {exc}. Copy {shipped} to a folder of "
            "yours and pass a notebook's path: workbench lab FOLDER/" + FIRST_LESSON
        ) from exc
    return target


def build_command(
    notebook: Path,
    *,
    ip: str = "127.0.0.1",
    port: int | None = None,
    browser: bool = True,
    extra: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> LabCommand:
    """The command that opens JupyterLab on ``notebook``.

    Args:
        notebook: An existing notebook.
        ip: Address to listen on.
        port: Exactly this port; None: 8888 or the next free one.
        browser: Open a browser window.
        extra: Further arguments for jupyterlab; the last word is theirs.
        environ: Environment to start from; None: the current one.
    """
    argv = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}",
        f"--ServerApp.ip={ip}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C ends it, without a question
    ]
    if port is not None:
        argv += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        argv.append("--no-browser")
    if ip in LOOPBACK and _is_root():
        argv.append("--allow-root")  # Jupyter refuses root; in a container there is no other user
    return LabCommand(
        (*argv, *extra), _build_env(os.environ if environ is None else environ), notebook.parent
    )


def _build_env(environ: Mapping[str, str]) -> dict[str, str]:
    """Add our settings, and put this environment's kernel before a namesake of another one."""
    added = {
        "JUPYTER_CONFIG_PATH": str(PACKAGE / "lab"),
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),
    }
    return {**environ, **{name: _join(path, environ.get(name)) for name, path in added.items()}}


def _join(first: str, rest: str | None) -> str:
    return os.pathsep.join([first, rest]) if rest else first


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def start_lab(command: LabCommand) -> int:
    """Run JupyterLab until it ends, and return its exit code.

    Where the system can, this process becomes JupyterLab, so that signals and the exit code are
    Lab's own and the call does not return.
    """
    sys.stdout.flush()
    if os.name == "posix":
        _warm_map(command.env)
        os.execve(command.argv[0], command.argv, dict(command.env))  # noqa: S606  (no shell wanted)
    return subprocess.call(command.argv, env=dict(command.env))  # noqa: S603  (our own arguments)


def _warm_map(env: Mapping[str, str]) -> None:
    """Have the map's loops compiled meanwhile, by a process that ends by itself.

    It is the shell's child, and so nobody's once the shell has ended: JupyterLab does not look
    after children that it did not start.
    """
    subprocess.run(  # noqa: S603  (our own arguments)
        [
            *("/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh"),
            *(sys.executable, "-m", "workbench.studies.warm"),
        ],
        env=dict(env),
        check=False,
    )
