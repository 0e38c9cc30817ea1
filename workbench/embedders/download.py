"""Models from a hub: the size said first, then the bytes, into the hub's own cache."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.contracts import CancelSignal, Progress, ProgressFn, check_cancel
from workbench.embedders.hub import OFFER, blobs_dir, cache_root, explain_errors, hub_endpoint
from workbench.embedders.registry import find_card
from workbench.embedders.transfer import Transfer
from workbench.errors import Cancelled, DownloadError, IncompleteModelError

_TIMEOUT_S = 15.0
_NEEDED = re.compile(
    r"(config|modules|tokenizer|tokenizer_config|special_tokens_map|added_tokens"
    r"|config_sentence_transformers|sentence_bert_config)\.json"
    r"|\d+_\w+/config\.json"
    r"|model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a plan.

    Attributes:
        name: Path inside the model's repository.
        size: Bytes.
        etag: The hub's name for the content: a SHA-256 for large files, else a git hash.
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
        endpoint: Base url of the hub or mirror.
        cache_dir: Root of the hub's cache.
        files: Needed files, weights last.
        bytes_total: Bytes of all of them.
        bytes_missing: Bytes that are not in the cache yet, partial files counted.
    """

    model_id: str
    revision: str
    endpoint: str
    cache_dir: Path
    files: tuple[RemoteFile, ...]
    bytes_total: int
    bytes_missing: int

    def __str__(self) -> str:
        have = self.bytes_total - self.bytes_missing
        kept = f" ({have / 1e6:,.0f} MB of it are here)" if have else ""
        return f"{self.model_id}: {format_bytes(self.bytes_total)}{kept} from {self.endpoint}"


def plan_download(
    model_id: str, *, revision: str | None = None, cache_dir: Path | None = None
) -> DownloadPlan:
    """Ask the hub which files a model needs and how large they are.

    Args:
        model_id: Hub id or a registry name.
        revision: Commit, branch or tag; None: the registry's pinned commit, else "main".
        cache_dir: Root of the cache; None: the hub's own.

    Raises:
        DownloadError: The hub cannot be reached, or refuses.
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
            name, revision=wanted, files_metadata=True, timeout=_TIMEOUT_S
        )
    files = []
    for sibling in info.siblings or []:
        if _NEEDED.fullmatch(sibling.rfilename):
            etag = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
            files.append(RemoteFile(sibling.rfilename, sibling.size or 0, etag or ""))
    _require_weights(name, [sibling.rfilename for sibling in info.siblings or []])
    # weights last: where they are whole, all else is there too
    files.sort(key=lambda file: (file.name.endswith(".safetensors"), file.name))
    have = sum(_bytes_here(blobs_dir(root, name), file) for file in files)
    total = sum(file.size for file in files)
    return DownloadPlan(
        name, info.sha or wanted or "main", endpoint, root, tuple(files), total, total - have
    )


def download(
    plan: DownloadPlan, *, progress: ProgressFn | None = None, cancel: CancelSignal | None = None
) -> Path:
    """Fetch what is missing into the hub's cache, where every other tool finds it too.

    Args:
        plan: From ``plan_download``.
        progress: Told the bytes done and in all, some ten times a second.
        cancel: Looked at ten times a second; what has come is kept and resumed the next time.

    Returns:
        The model directory.

    Raises:
        DownloadError: The hub cannot be reached or refuses, or the disk is full.
        Cancelled: ``cancel`` was set.
    """
    from huggingface_hub import hf_hub_download

    blobs = blobs_dir(plan.cache_dir, plan.model_id)
    blobs.mkdir(parents=True, exist_ok=True)
    _check_disk(plan)
    done = 0
    directory = blobs
    for file in plan.files:
        _check(plan, done, cancel)
        with explain_errors(plan.model_id, plan.endpoint, plan.revision):
            _fetch_blob(plan, file, blobs, done, progress, cancel)
            pointer = hf_hub_download(
                plan.model_id,
                file.name,
                revision=plan.revision,
                cache_dir=plan.cache_dir,
                endpoint=plan.endpoint,
                etag_timeout=_TIMEOUT_S,
            )
        directory = Path(pointer).parents[file.name.count("/")]
        done += file.size
    _report(progress, plan, plan.bytes_total)
    return directory


def format_bytes(count: int) -> str:
    """A size for a person: "1.20 GB", "91 MB", "12 kB"."""
    if count >= 1e9:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


def _partial(blobs: Path, file: RemoteFile) -> Path:
    return blobs / f"{file.etag}.partial"


def _bytes_here(blobs: Path, file: RemoteFile) -> int:
    if file.etag and (blobs / file.etag).exists():
        return file.size
    partial = _partial(blobs, file)
    return min(partial.stat().st_size, file.size) if partial.exists() else 0


def _fetch_blob(
    plan: DownloadPlan,
    file: RemoteFile,
    blobs: Path,
    done: int,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> None:
    if not file.etag or (blobs / file.etag).exists():
        return
    from huggingface_hub import hf_hub_url

    blob = blobs / file.etag
    transfer = Transfer(
        url=hf_hub_url(plan.model_id, file.name, revision=plan.revision, endpoint=plan.endpoint),
        partial=_partial(blobs, file),
        size=file.size,
        sha256=file.etag if _SHA256.fullmatch(file.etag) else None,
    )
    with _alone(_partial(blobs, file), lambda: _check(plan, done, cancel)):
        if blob.exists():  # another process has fetched it meanwhile
            return
        whole = transfer.run(
            report=lambda received: _report(progress, plan, done + received), cancel=cancel
        )
        if not whole:
            raise Cancelled(done + transfer.received, plan.bytes_total, "bytes")
        transfer.partial.replace(blob)


@contextmanager
def _alone(partial: Path, check: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a partial file, asking ``check`` twice a second while another has it."""
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # exported

    with ExitStack() as stack:
        while True:
            check()
            try:
                stack.enter_context(WeakFileLock(f"{partial}.lock", timeout=0.5))
            except TimeoutError:
                continue
            break
        yield


def _check(plan: DownloadPlan, done: int, cancel: CancelSignal | None) -> None:
    check_cancel(cancel, done=done, total=plan.bytes_total, unit="bytes")


def _report(progress: ProgressFn | None, plan: DownloadPlan, done: int) -> None:
    if progress is not None:
        progress(Progress("download", done, plan.bytes_total, str(plan)))


def _check_disk(plan: DownloadPlan) -> None:
    free = shutil.disk_usage(plan.cache_dir).free
    if free < plan.bytes_missing:
        raise DownloadError(
            f"{plan.model_id} needs {format_bytes(plan.bytes_missing)} more in {plan.cache_dir}, "
            f"and {format_bytes(free)} are free. Make room, or pass cache_dir= on another disk. "
            + OFFER
        )


def _require_weights(name: str, files: list[str]) -> None:
    if any(re.fullmatch(r"model.*\.safetensors", file) for file in files):
        return
    found = ", ".join(file for file in files if file.endswith((".bin", ".onnx", ".gguf"))) or "none"
    raise IncompleteModelError(
        f"{name} holds no model.safetensors at this revision (weights found: {found}), and other "
        "formats are not loaded. Pass revision= of a commit that has it, or choose another model."
    )
