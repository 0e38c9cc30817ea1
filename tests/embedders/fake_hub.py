"""A model hub on the loopback: the part of the hub's HTTP API that a download uses.

    with serve_hub({"Qwen/Qwen3-Embedding-0.6B": directory}) as url:
        ...  # HF_ENDPOINT=url

As a script: ``python -m tests.embedders.fake_hub PORT owner/name=DIRECTORY ... [--rate BYTES]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

_LARGE = 10_000  # bytes from which a file is in large-file storage, named by its SHA-256
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CHUNK = 4096


@dataclass
class Hub:
    """What the server serves, how badly, and what it was asked.

    Attributes:
        models: Directory of each model.
        bytes_per_second: Speed of file contents; None: as fast as it goes.
        cut_after: Break the connection of each large file once, after so many bytes.
        status: Answer everything with this HTTP status.
        error_code: The hub's X-Error-Code header of such an answer.
        etags: What the listing says of a file's content, where it shall lie.
        commit: What the listing says of the commit, where it shall lie.
        ranges: Whether Range requests are honoured.
        requests: "METHOD path range" of each request, in order.
    """

    models: dict[str, Path]
    bytes_per_second: int | None = None
    cut_after: int | None = None
    status: int | None = None
    error_code: str | None = None
    etags: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    ranges: bool = True
    requests: list[str] = field(default_factory=list)
    _cut: set[str] = field(default_factory=set)

    def cut_now(self, path: str) -> int | None:
        """After how many bytes to break the connection: once a path, then never again."""
        if self.cut_after is None or path in self._cut:
            return None
        self._cut.add(path)
        return self.cut_after


def digest(path: Path) -> str:
    """The hub's name for a file's content: SHA-256 for large ones, else git's blob hash."""
    content = path.read_bytes()
    if len(content) >= _LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def commit_of(revision: str) -> str:
    """A commit as it is; for a branch, a made-up one."""
    return revision if _COMMIT.fullmatch(revision) else hashlib.sha1(revision.encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = unquote(self.path.split("?")[0])
        self.hub.requests.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        if self.hub.status is not None:
            self._refuse(self.hub.status, self.hub.error_code)
            return
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/revision/(.+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        match = api or file
        directory = self.hub.models.get(match[1]) if match else None
        if match is None or directory is None:
            self._refuse(404, "RepoNotFound")
        elif api:
            self._send_listing(match[1], directory, match[2] or "main")
        elif not (directory / match[3]).is_file():
            self._refuse(404, "EntryNotFound")
        else:
            self._send_file(directory / match[3], commit_of(match[2]), body=body)

    def _refuse(self, status: int, code: str | None) -> None:
        content = json.dumps({"error": "refused"}).encode()
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _send_listing(self, name: str, directory: Path, revision: str) -> None:
        siblings = []
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                name_inside = path.relative_to(directory).as_posix()
                size, etag = path.stat().st_size, self.hub.etags.get(name_inside, digest(path))
                entry: dict[str, object] = {
                    "rfilename": name_inside,
                    "size": size,
                    "blobId": hashlib.sha1(path.read_bytes()).hexdigest(),
                }
                if size >= _LARGE:
                    entry["lfs"] = {"sha256": etag, "size": size, "pointerSize": 130}
                else:
                    entry["blobId"] = etag
                siblings.append(entry)
        sha = self.hub.commit or commit_of(revision)
        content = json.dumps(
            {"id": name, "modelId": name, "sha": sha, "siblings": siblings}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_file(self, path: Path, commit: str, *, body: bool) -> None:
        content = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and self.hub.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{digest(path)}"')
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if body:
            self._drip(content[start:], path)

    def _drip(self, content: bytes, path: Path) -> None:
        cut = self.hub.cut_now(str(path)) if len(content) >= _LARGE else None
        try:
            for place in range(0, len(content), _CHUNK):
                if cut is not None and place >= cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                part = content[place : place + _CHUNK]
                self.wfile.write(part)
                if self.hub.bytes_per_second:
                    time.sleep(len(part) / self.hub.bytes_per_second)
        except (ConnectionError, ValueError, OSError):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def run_hub(hub: Hub, *, port: int = 0) -> Iterator[str]:
    """Serve a Hub on 127.0.0.1; gives its base url."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_hub(models: dict[str, Path], *, bytes_per_second: int | None = None) -> Iterator[str]:
    """Serve model directories as a hub would; gives the base url for HF_ENDPOINT."""
    with run_hub(Hub(models, bytes_per_second=bytes_per_second)) as url:
        yield url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("models", nargs="+", metavar="owner/name=DIRECTORY")
    parser.add_argument("--rate", type=int, default=None, metavar="BYTES", help="bytes a second")
    options = parser.parse_args()
    models = {name: Path(place) for name, place in (m.split("=", 1) for m in options.models)}
    with run_hub(Hub(models, bytes_per_second=options.rate), port=options.port) as url:
        print(url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
