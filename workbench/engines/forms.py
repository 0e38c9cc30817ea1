"""One start of an engine, written down: for a shell, for Docker, for systemd."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.engines.program import Image

PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@+-")


@dataclass(frozen=True)
class Key:
    """How a program is told its key.

    Attributes:
        name: The user's variable that holds it.
        variable: The variable that the program reads; None: it takes ``--api-key``.
    """

    name: str
    variable: str | None


def write_command(argv: Sequence[str], env: Mapping[str, str], key: Key | None) -> str:
    """For a shell; a line an option, the key as a variable's name."""
    words = [f"{name}={shlex.quote(value)}" for name, value in env.items()]
    if key is not None and key.variable and key.variable != key.name:
        words.append(f'{key.variable}="${key.name}"')
    return _wrap([*words, *_pair_options(argv), *_key_option(key)])


def _key_option(key: Key | None) -> list[str]:
    return [f'--api-key "${key.name}"'] if key is not None and not key.variable else []


def _pair_options(argv: Sequence[str]) -> list[str]:
    """Quote, and keep an option and its value together."""
    lines: list[str] = []
    for word in map(shlex.quote, argv):
        option = lines and lines[-1].startswith("-") and " " not in lines[-1]
        if option and not word.startswith("-"):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _wrap(parts: Sequence[str]) -> str:
    """Parts on lines of up to some 90 characters, continued by a backslash."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > 90:
            lines.append("")
        lines[-1] = f"{lines[-1]} {part}".strip()
    return " \\\n  ".join(lines)


@dataclass(frozen=True)
class Mount:
    """A folder of this machine, and where the container sees it."""

    outside: Path
    inside: str


def find_mount(model: Path) -> tuple[Mount, str]:
    """What to mount for a model, and the model's path in the container."""
    if model.is_file():
        return Mount(model.parent, "/models"), f"/models/{model.name}"
    if model.parent.name == "snapshots":  # a hub's cache: its files are links to ../../blobs
        return Mount(model.parent.parent, "/model"), f"/model/snapshots/{model.name}"
    return Mount(model, "/model"), "/model"


def write_docker(
    image: Image,
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    mount: Mount,
    port: int,
    version: str,
    gpu: bool,
    key: Key | None,
) -> str:
    """``docker run``, reachable from this machine only; the key goes by way of the environment."""
    name = (image.gpu if gpu else image.cpu).replace("{version}", version or "latest")
    name = name.replace(":vlatest", ":latest")
    parts = ["docker run --rm", *(["--gpus all"] if gpu else [])]
    if image.shares_memory:
        parts.append("--ipc=host")
    parts.append(f"-p 127.0.0.1:{port}:{port}")
    parts.append(f"-v {shlex.quote(f'{mount.outside}:{mount.inside}:ro')}")
    parts += [f"-e {shlex.quote(f'{word}={value}')}" for word, value in env.items()]
    start = list(image.start)
    if key is not None and key.variable:
        parts[0] = f'{key.variable}="${key.name}" {parts[0]}'
        parts.append(f"-e {key.variable}")
    if image.replace_entry:
        parts.append(f"--entrypoint {start.pop(0)}")
    parts += [name, *_pair_options([*start, *arguments]), *_key_option(key)]
    return (f"# {image.about}\n" if image.about and not gpu else "") + _wrap(parts)


def write_systemd(
    argv: Sequence[str], env: Mapping[str, str], *, label: str, served_name: str, key: Key | None
) -> str:
    """A service that is started again when it fails, and leaves no children behind."""
    name = (key.variable or key.name) if key is not None else ""
    option = f" --api-key ${{{name}}}" if key is not None and not key.variable else ""
    lines = [
        "[Unit]",
        f"Description={label} serving embeddings of {_escape(served_name)}",
        "After=network.target",
        "",
        "[Service]",
        *(f'Environment="{_escape(f"{word}={value}")}"' for word, value in env.items()),
        *([f"# one line: {name}=...; chmod 600"] if name else []),
        *(["EnvironmentFile=/etc/embedding-engine.env"] if name else []),
        f"ExecStart={' '.join(map(_quote_unit, argv))}{option}",
        f"User={_name_user()}",
        "Restart=on-failure",
        "RestartSec=5",
        "TimeoutStartSec=600",
        "KillMode=control-group",
        "TimeoutStopSec=30",
        "NoNewPrivileges=yes",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def _name_user() -> str:
    """Who may read the model and the interpreter: whoever asks."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "nobody"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _quote_unit(word: str) -> str:
    escaped = _escape(word).replace("$", "$$")
    return escaped if set(word) <= PLAIN and word else f'"{escaped}"'
