"""What a download would move: asked of the hub before a byte of it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.contracts import size_words
from workbench.embedders.hub import OFFER, blobs_dir, cache_root, explain_errors, hub_endpoint
from workbench.embedders.registry import find_card
from workbench.errors import DownloadError, IncompleteModelError

TIMEOUT_S = 15.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NEEDED = re.compile(
    r"(config|modules|tokenizer|tokenizer_config|special_tokens_map|added_tokens"
    r"|config_sentence_transformers|sentence_bert_config)\.json"
    r"|\d+_\w+/config\.json"
    r"|model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json"
)


@dataclass(frozen=True)
class RemoteFile:
    """One file of a plan.

    Attributes:
        name: Path inside the model's repository.
        size: Bytes.
        etag: The hub's name for the content: its SHA-256 for large files, else the SHA-1 of the
            git blob. It becomes a file name in the cache, so that nothing else is accepted.
    """

    name: str
    size: int
    etag: str


@dataclass(frozen=True)
class DownloadPlan:
    """What a download would move.

    Attributes:
        model_id: Hub id.
        revision: Commit.
        branch: What was asked for and stands for that commit now: "main", a tag.
        endpoint: Base url of the hub or mirror.
        cache_dir: Root of the hub's cache.
        files: Needed files, weights last.
        bytes_total: Bytes of all of them.
        bytes_missing: Bytes that are not in the cache yet, partial files counted.
    """

    model_id: str
    revision: str
    branch: str
    endpoint: str
    cache_dir: Path
    files: tuple[RemoteFile, ...]
    bytes_total: int
    bytes_missing: int

    def __str__(self) -> str:
        have = self.bytes_total - self.bytes_missing
        kept = f" ({size_words(have)} of it are here)" if have else ""
        return f"{self.model_id}: {size_words(self.bytes_total)}{kept} from {self.endpoint}"


def plan_download(
    model_id: str, *, revision: str | None = None, cache_dir: Path | None = None
) -> DownloadPlan:
    """Ask the hub which files a model needs and how large they are.

    Args:
        model_id: Hub id or a registry name.
        revision: Commit, branch or tag; None: the registry's pinned commit, else "main".
        cache_dir: Root of the cache; None: the hub's own.

    Raises:
        DownloadError: The hub cannot be reached or refuses, or names a commit or a content by
            what is no hash.
        IncompleteModelError: The repository holds no safetensors weights.
    """
    from huggingface_hub import HfApi

    card = find_card(model_id)
    name = card.name if card else model_id
    wanted = revision or (card.revision if card else None)
    endpoint = hub_endpoint()
    root = cache_root(cache_dir)
    with explain_errors(name, endpoint, wanted):
        info = HfApi(endpoint=endpoint).model_info(
            name, revision=wanted, files_metadata=True, timeout=TIMEOUT_S
        )
    commit = _require_hash(info.sha, _COMMIT, "its commit", endpoint)
    files = []
    for sibling in info.siblings or []:
        if _NEEDED.fullmatch(sibling.rfilename):  # which no name with ".." or "/" in front does
            etag = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
            etag = _require_hash(etag, _ETAG, sibling.rfilename, endpoint)
            files.append(RemoteFile(sibling.rfilename, sibling.size or 0, etag))
    _require_weights(name, [sibling.rfilename for sibling in info.siblings or []])
    # weights last: where they are whole, all else is there too
    files.sort(key=lambda file: (file.name.endswith(".safetensors"), file.name))
    have = sum(_bytes_here(blobs_dir(root, name), file) for file in files)
    total = sum(file.size for file in files)
    return DownloadPlan(
        model_id=name,
        revision=commit,
        branch=wanted or "main",
        endpoint=endpoint,
        cache_dir=root,
        files=tuple(files),
        bytes_total=total,
        bytes_missing=total - have,
    )


def partial_file(blobs: Path, file: RemoteFile) -> Path:
    """Where the bytes of a file gather until it is whole."""
    return blobs / f"{file.etag}.partial"


def _bytes_here(blobs: Path, file: RemoteFile) -> int:
    if (blobs / file.etag).exists():
        return file.size
    partial = partial_file(blobs, file)
    return min(partial.stat().st_size, file.size) if partial.exists() else 0


def _require_hash(found: str | None, form: re.Pattern[str], what: str, endpoint: str) -> str:
    if found is not None and form.fullmatch(found):
        return found
    raise DownloadError(
        f"{endpoint} names {what} by {found!r:.100}, where a hub gives a hash in lower-case hex "
        "(40 digits, or 64 for a large file). Nothing was fetched. Set HF_ENDPOINT to another hub "
        f"or mirror. {OFFER}"
    )


def _require_weights(name: str, files: list[str]) -> None:
    if any(re.fullmatch(r"model.*\.safetensors", file) for file in files):
        return
    found = ", ".join(file for file in files if file.endswith((".bin", ".onnx", ".gguf"))) or "none"
    raise IncompleteModelError(
        f"{name} holds no model.safetensors at this revision (weights found: {found}), and other "
        "formats are not loaded. Pass revision= of a commit that has it, or choose another model."
    )
