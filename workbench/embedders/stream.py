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

    Returns:
        The embeddings of each chunk, in order: ``(chunk, dim)``, the last one shorter. After a
        PartialError ``next`` goes on with the chunk that follows.

    Raises:
        InputError: ``texts`` is one string, or ``chunk`` is less than 1.
        PartialError: Some texts of a chunk have no vector; it holds the others.
        Cancelled: ``cancel`` was set.
    """
    if isinstance(texts, str):
        raise InputError("texts is one string. Pass an iterable of texts: [text], or a generator.")
    if chunk < 1:
        raise InputError(f"chunk={chunk!r} was asked. Allowed: 1 or more.")
    rest = iter(texts)

    def embed(part: list[str]) -> Embeddings:
        return embedder.embed(part, prompt=prompt, progress=progress, cancel=cancel)

    # a map and no generator: an error in one chunk does not end it
    return map(embed, iter(lambda: list(islice(rest, chunk)), []))
