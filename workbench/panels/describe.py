"""Sentences for a person: sizes, models, instructions, what a run was."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from workbench.contracts import EmbedderInfo, Embeddings, Prompt


def prompt_words(prompt: Prompt) -> str:
    """An instruction in words: what it is called, or how it begins."""
    if not prompt.prefix:
        return "no instruction"
    if prompt.name:
        return f"{prompt.name} instruction"
    return f"own {prompt.source}"


def view_label(model: str, prompt: Prompt) -> str:
    """Model and instruction: what tells two views of the same texts apart."""
    words = prompt_words(prompt)
    if prompt.source in ("instruction", "prefix"):
        short = " ".join(prompt.prefix.split())
        words = f"{words} “{short[:40]}{'…' if len(short) > 40 else ''}”"
    return f"{model}, {words}"


def embedding_facts(embeddings: Embeddings, compare_s: float) -> tuple[tuple[str, str], ...]:
    """What was done, a word and a value each, for the status line."""
    info = embeddings.info
    n, cached = len(embeddings), int(embeddings.cached.sum())
    dim = f"{info.dim}" if info.dim == info.native_dim else f"{info.dim} of {info.native_dim}"
    source = f"{n - cached:,} computed, {cached:,} from cache" if cached else "computed"
    facts = [
        ("model", info.name),
        *_whereabouts(info),
        ("texts", f"{n:,}"),
        ("dimensions", dim),
    ]
    if (embeddings.tokens >= 0).all():
        facts.append(("tokens", f"{int(embeddings.tokens.sum()):,}"))
    notes = [*info.notes, embeddings.prompt.note]
    facts += [
        ("truncated", _cut_words(embeddings)),
        ("vectors", f"{source}, {embeddings.seconds:.2f} s"),
        ("compared", f"{compare_s:.2f} s"),
        *(("note", note) for note in notes if note),
    ]
    return tuple(facts)


def _whereabouts(info: EmbedderInfo) -> tuple[tuple[str, str], ...]:
    """Where the vectors were computed: on a device of this machine, or behind an endpoint."""
    if info.backend != "remote":
        return (("device", f"{info.device or '–'}, {info.dtype or '–'}"),)
    return (
        ("endpoint", info.base_url or "not known"),
        ("server", info.server or "does not say what it is"),
    )


def _cut_words(embeddings: Embeddings) -> str:
    cut, limit = int(embeddings.truncated.sum()), embeddings.info.max_tokens
    if cut:
        return f"{cut:,}" if limit is None else f"{cut:,} at {limit:,} tokens"
    return "the server does not tell" if embeddings.info.too_long == "unknown" else "none"


def host_elsewhere(info: EmbedderInfo) -> str | None:
    """The host that texts are sent to; None where they stay on this machine."""
    if info.backend != "remote":
        return None
    host = urlsplit(info.base_url or "").hostname or "another machine"
    try:
        stays = host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name
        stays = False
    return None if stays else host
