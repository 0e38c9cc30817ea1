"""Models from a hub: the size said first, then the bytes, into the hub's own cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from workbench.contracts import CancelSignal, Progress, ProgressFn, check_cancel, size_words
from workbench.embedders.hub import OFFER, blobs_dir, explain_errors
from workbench.embedders.plan import (
    DownloadPlan,
    RemoteFile,
    partial_file,
)
from workbench.embedders.transfer import Transfer
from workbench.errors import Cancelled, DownloadError


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
    blobs = blobs_dir(plan.cache_dir, plan.model_id)
    blobs.mkdir(parents=True, exist_ok=True)
    _check_disk(plan)
    directory = blobs.parent / "snapshots" / plan.revision
    done = 0
    for file in plan.files:
        _check(plan, done, cancel)
        with explain_errors(plan.model_id, plan.endpoint, plan.revision):
            _fetch_blob(plan, file, blobs, done, progress, cancel)
            _link_blob(blobs / file.etag, directory / file.name)
        done += file.size
    _name_branch(plan)
    _report(progress, plan, plan.bytes_total)
    return directory


def _fetch_blob(
    plan: DownloadPlan,
    file: RemoteFile,
    blobs: Path,
    done: int,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> None:
    if (blobs / file.etag).exists():
        return
    from huggingface_hub import hf_hub_url

    blob = blobs / file.etag
    transfer = Transfer(
        url=hf_hub_url(plan.model_id, file.name, revision=plan.revision, endpoint=plan.endpoint),
        partial=partial_file(blobs, file),
        size=file.size,
        etag=file.etag,
    )
    with _alone(partial_file(blobs, file), lambda: _check(plan, done, cancel)):
        if blob.exists():  # another process has fetched it meanwhile
            return
        whole = transfer.run(
            report=lambda received: _report(progress, plan, done + received), cancel=cancel
        )
        if not whole:
            raise Cancelled(done + transfer.received, plan.bytes_total, "bytes")
        transfer.partial.replace(blob)


def _link_blob(blob: Path, pointer: Path) -> None:
    """Give a content its name in the commit's folder, as the hub's own client lays it out.

    Done here because that client would ask the hub for the etag once more and, were it another
    one, fetch another content under it that nothing has checked.
    """
    pointer.parent.mkdir(parents=True, exist_ok=True)
    if pointer.is_file() and (not pointer.is_symlink() or pointer.samefile(blob)):
        return
    fresh = pointer.with_name(f"{pointer.name}.{uuid4().hex}")
    try:
        fresh.symlink_to(os.path.relpath(blob, pointer.parent))
    except OSError:  # a file system, or a Windows account, without links
        shutil.copyfile(blob, fresh)
    fresh.replace(pointer)


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


def _name_branch(plan: DownloadPlan) -> None:
    """Let the cache know which commit the branch meant, so that it is found without a network."""
    if plan.branch == plan.revision:
        return
    ref = blobs_dir(plan.cache_dir, plan.model_id).parent / "refs" / plan.branch
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(plan.revision, encoding="utf-8")


def _report(progress: ProgressFn | None, plan: DownloadPlan, done: int) -> None:
    if progress is not None:
        progress(Progress("download", done, plan.bytes_total, str(plan)))


def _check_disk(plan: DownloadPlan) -> None:
    free = shutil.disk_usage(plan.cache_dir).free
    if free < plan.bytes_missing:
        raise DownloadError(
            f"{plan.model_id} needs {size_words(plan.bytes_missing)} more in {plan.cache_dir}, "
            f"and {size_words(free)} are free. Make room, or pass cache_dir= on another disk. "
            + OFFER
        )
