"""Sentences for a person: sizes, models, instructions, what a run was."""

from __future__ import annotations

from workbench.contracts import Embeddings, Prompt


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
    cut = int(embeddings.truncated.sum())
    dim = f"{info.dim}" if info.dim == info.native_dim else f"{info.dim} of {info.native_dim}"
    source = f"{n - cached:,} computed, {cached:,} from cache" if cached else "computed"
    facts = [
        ("model", info.name),
        ("device", f"{info.device or '–'}, {info.dtype or '–'}"),
        ("texts", f"{n:,}"),
        ("dimensions", dim),
    ]
    if (embeddings.tokens >= 0).all():
        facts.append(("tokens", f"{int(embeddings.tokens.sum()):,}"))
    notes = [*info.notes, embeddings.prompt.note]
    facts += [
        ("truncated", f"{cut:,} at {info.max_tokens:,} tokens" if cut else "none"),
        ("vectors", f"{source}, {embeddings.seconds:.2f} s"),
        ("compared", f"{compare_s:.2f} s"),
        *(("note", note) for note in notes if note),
    ]
    return tuple(facts)
