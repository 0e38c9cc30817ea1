"""More texts than should be in memory at once: a chunk in, its embeddings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from workbench.contracts import CancelSignal, Embedder, Embeddings, ProgressFn, Prompt
from workbench.errors import InputError

CHUNK = 4096


def stream(
    embedder: Embedder,
    texts: Iterable[str],
    *,
    chunk: int = CHUNK,
    prompt: str | Prompt | None = None,
    progress: ProgressFn | None = None,
    cancel: CancelSignal | None = None,
) -> Iterator[Embeddings]:
    """Embed an iterable of any length; memory holds one chunk of texts and vectors at a time.

    Args:
        embedder: Any. Without a cache before it, it keeps nothing.
        texts: Read as far as the next chunk needs.
        chunk: Texts embedded, and yielded, together.
        prompt: See ``workbench.contracts.prompts``.
        progress: Told of each chunk by itself.
        cancel: Looked at as ``embed`` does.

    Yields:
        The embeddings of each chunk, in order: ``(chunk, dim)``, the last one shorter.

    Raises:
        InputError: ``texts`` is one string, or ``chunk`` is less than 1.
        PartialError: Some texts of a chunk have no vector; the chunks before were yielded.
        Cancelled: ``cancel`` was set.
    """
    if isinstance(texts, str):
        raise InputError("texts is one string. Pass an iterable of texts: [text], or a generator.")
    if chunk < 1:
        raise InputError(f"chunk={chunk!r} was asked. Allowed: 1 or more.")
    return _chunks(embedder, iter(texts), chunk, prompt, progress, cancel)


def _chunks(
    embedder: Embedder,
    rest: Iterator[str],
    chunk: int,
    prompt: str | Prompt | None,
    progress: ProgressFn | None,
    cancel: CancelSignal | None,
) -> Iterator[Embeddings]:
    while part := list(islice(rest, chunk)):
        yield embedder.embed(part, prompt=prompt, progress=progress, cancel=cancel)
