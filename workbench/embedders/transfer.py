"""One file over HTTP: resumed where it stopped, checked, cancelled at once.

huggingface_hub 2 throws a partial file away when a download stops (its pull request 4228), which
for a model of a gigabyte on a slow line means never finishing. So the bytes are fetched here, with
the hub's own session and headers, into a partial file that stays.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.contracts import CancelSignal
from workbench.errors import DownloadError

_POLL_S = 0.1
_READ_TIMEOUT_S = 20.0
_RETRIES = 4
_RETRY_WAIT_S = 1.0
_SHA1_DIGITS = 40


@dataclass
class Transfer:
    """One file on its way.

    Attributes:
        url: Where it is.
        partial: Where its bytes gather; kept when the transfer stops.
        size: Bytes it must have in the end.
        etag: What it must hash to: 64 hex digits are its SHA-256, 40 the SHA-1 of its git blob.
        received: Bytes in ``partial``.
    """

    url: str
    partial: Path
    size: int
    etag: str
    received: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _error: BaseException | None = None

    def run(self, *, report: Callable[[int], None], cancel: CancelSignal | None) -> bool:
        """Fetch what is missing of the file.

        The socket is read in a thread of its own, so that a line that has gone silent cannot keep
        a cancel waiting; that thread writes nothing once it was told to stop.

        Args:
            report: Called in the calling thread with the bytes received so far.
            cancel: Looked at every tenth of a second.

        Returns:
            Whether the file is whole; False: cancelled.

        Raises:
            DownloadError: Its hash is wrong.
            Exception: Whatever the connection raised last, after some attempts.
        """
        self.partial.touch()  # a file of no bytes is a file too
        self.received = self.partial.stat().st_size
        worker = threading.Thread(target=self._fetch, daemon=True)
        worker.start()
        while worker.is_alive():
            worker.join(_POLL_S)
            report(self.received)
            if cancel is not None and cancel.is_set():
                self._stopped.set()
                return False
        if self._error is not None:
            raise self._error
        report(self.received)
        self._check_hash()
        return True

    def _fetch(self) -> None:
        left = _RETRIES
        while self.received < self.size and not self._stopped.is_set():
            before = self.received
            try:
                self._read_stream()
            except Exception as exc:  # noqa: BLE001  (handed to the calling thread)
                left = _RETRIES if self.received > before else left - 1
                if left < 0 or not _is_passing(exc):
                    self._error = exc
                    return
                self._stopped.wait(_RETRY_WAIT_S)

    def _read_stream(self) -> None:
        from huggingface_hub import get_session
        from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, untyped
            build_hf_headers,
            hf_raise_for_status,
        )

        headers = build_hf_headers()
        headers["Accept-Encoding"] = "identity"  # byte positions must mean the file's own
        if self.received:
            headers["Range"] = f"bytes={self.received}-"
        with get_session().stream(
            "GET", self.url, headers=headers, timeout=_READ_TIMEOUT_S
        ) as response:
            hf_raise_for_status(response)
            if self.received and response.status_code == 200:  # the server knows no ranges
                self.received = 0
            with self.partial.open("r+b" if self.received else "wb") as file:
                file.seek(self.received)
                for chunk in response.iter_bytes():
                    if self._stopped.is_set():
                        return
                    file.write(chunk)
                    self.received += len(chunk)

    def _check_hash(self) -> None:
        if self.received != self.size:
            self.partial.unlink(missing_ok=True)
            raise DownloadError(
                f"{self.url} sent {self.received:,} bytes where {self.size:,} were announced. "
                "The partial file was dropped; try again."
            )
        kind, digest = "SHA-256", hashlib.sha256()
        if len(self.etag) == _SHA1_DIGITS:  # git-hash-object(1): a header, then the content
            kind = "git SHA-1"
            digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        with self.partial.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
        found = digest.hexdigest()
        if found != self.etag:
            self.partial.unlink(missing_ok=True)
            raise DownloadError(
                f"{self.url} came with {kind} {found[:12]}… where the hub announces "
                f"{self.etag[:12]}…. The partial file was dropped; try again."
            )


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: a broken line or a busy server, not a refusal."""
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # its client's base error
        HfHubHTTPError,
        HTTPError,
        OfflineModeIsEnabled,
    )

    if isinstance(error, OfflineModeIsEnabled):
        return False
    if isinstance(error, HfHubHTTPError):
        return error.response is not None and error.response.status_code in {
            408,
            429,
            500,
            502,
            503,
            504,
        }
    return isinstance(error, HTTPError)
