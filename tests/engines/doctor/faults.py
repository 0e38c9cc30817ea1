"""Faults of texts and of vectors, each a function that a ``FaultyProxy`` runs on every call.

A fault that remembers something is made anew for each proxy, by a function without arguments:
``FAULTS[name]()``; those that need a model's directory or a second server take it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.embedders.tiny_qwen3 import END, QUERY
from tests.engines.doctor.proxy import (
    Call,
    Fault,
    Forward,
    Reply,
    Vectors,
    read_vectors,
    send_on,
    write_vectors,
)

CHAT = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")


def on_texts(edit: Callable[[str], str]) -> Fault:
    """Every text is altered before it goes on."""
    return lambda call, forward: forward(call.asking(input=[edit(text) for text in call.texts]))


def on_vectors(change: Callable[[list[str], Vectors], Vectors]) -> Fault:
    """Vectors are altered on their way back; they go as they were asked for."""

    def run(call: Call, forward: Forward) -> Reply:
        reply = forward(call.asking(encoding_format="base64"))
        if not reply.has_vectors:
            return reply
        vectors = change(call.texts, read_vectors(reply))
        return write_vectors(reply, list(vectors), packed=call.wants_base64)

    return run


def shift(text: str, vector: Vectors, *, cosine: float) -> Vectors:
    """A vector at this cosine to the given one, in a direction that the text alone decides."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    unit = vector / np.linalg.norm(vector)
    other = np.random.default_rng(seed).standard_normal(len(vector))
    other -= other @ unit * unit
    other /= np.linalg.norm(other)
    turned = cosine * unit + (1 - cosine**2) ** 0.5 * other
    return np.asarray(turned, np.float32)


def shifted(texts: list[str], vectors: Vectors, cosine: float) -> Vectors:
    """All of them, each at this cosine to what it was."""
    pairs = zip(texts, vectors, strict=True)
    return np.stack([shift(text, vector, cosine=cosine) for text, vector in pairs])


def cut_tokens(model: Path, most: int = 64) -> Fault:
    """Texts are cut, the end token kept, as a server with too small a context does it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer.encode(text).ids
        return found if len(found) <= most else found[: most - 1] + found[-1:]

    return lambda call, forward: forward(call.asking(input=[ids(text) for text in call.texts]))


def only_equal_lengths(model: Path) -> Fault:
    """Vectors are wrong where a request holds several texts, all of the same number of tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))

    def change(texts: list[str], vectors: Vectors) -> Vectors:
        lengths = {len(tokenizer.encode(text).ids) for text in texts}
        alike = len(texts) > 1 and len(lengths) == 1
        return shifted(texts, vectors, 0.14) if alike else vectors

    return on_vectors(change)


def only_padded(texts: list[str], vectors: Vectors) -> Vectors:
    """Texts shorter than the longest of their request are wrong: their padding is attended to."""
    longest = max(map(len, texts))
    wrong = shifted(texts, vectors, 0.7)
    short = np.array([len(text) < longest for text in texts])  # (n,)
    return np.where(short[:, None], wrong, vectors)


def from_another(target: str) -> Fault:
    """Another server answers in the place of the one that is asked about."""
    return lambda call, _: send_on(target, call)


def one_in(calls: int) -> Fault:
    """One call of so many is wrong."""
    lock, seen = threading.Lock(), [0]

    def change(texts: list[str], vectors: Vectors) -> Vectors:
        with lock:
            seen[0] += 1
            wrong = seen[0] % calls == 0
        return shifted(texts, vectors, 0.6) if wrong else vectors

    return on_vectors(change)


def add_noise(size: float) -> Fault:
    """A different disturbance at every call, of this cosine."""
    lock, calls = threading.Lock(), [0]

    def change(texts: list[str], vectors: Vectors) -> Vectors:
        with lock:
            calls[0] += 1
            salt = str(calls[0])
        return shifted([text + salt for text in texts], vectors, size)

    return on_vectors(change)


def cross_answers() -> Fault:
    """Two texts that are under way at once get each other's vectors."""
    lock = threading.Lock()
    waiting: list[tuple[threading.Event, list[Reply]]] = []
    forwarding = [0]

    def run(call: Call, forward: Forward) -> Reply:
        if len(call.texts) != 1:
            return forward(call)
        with lock:
            forwarding[0] += 1
            several = forwarding[0] > 1
        reply = forward(call)
        with lock:
            forwarding[0] -= 1
            if waiting:
                event, box = waiting.pop()
                other = box.pop()
                box.append(reply)
                event.set()
                return other
            if not several:
                return reply
            event, box = threading.Event(), [reply]
            waiting.append((event, box))
        event.wait(0.2)
        with lock:
            if (event, box) in waiting:
                waiting.remove((event, box))
        return box[0]

    return run


def append_end(text: str) -> str:
    return text + END


def add_query_prompt(text: str) -> str:
    return QUERY + text


def slice_half(_: list[str], vectors: Vectors) -> Vectors:
    return vectors[:, : vectors.shape[1] // 2]


def renormalised_half(_: list[str], vectors: Vectors) -> Vectors:
    half = vectors[:, : vectors.shape[1] // 2]
    return np.asarray(half / np.linalg.norm(half, axis=1, keepdims=True), np.float32)


def scale_to_8(_: list[str], vectors: Vectors) -> Vectors:
    return vectors * np.float32(8)


def reverse(_: list[str], vectors: Vectors) -> Vectors:
    return vectors[::-1]


def rotate(_: list[str], vectors: Vectors) -> Vectors:
    return np.roll(vectors, 1, axis=0)


def same_for_all(texts: list[str], vectors: Vectors) -> Vectors:
    row = np.ones(vectors.shape[1], np.float32) / vectors.shape[1] ** 0.5
    return np.stack([row] * len(texts))


TEXT_FAULTS: dict[str, Fault] = {
    "query prompt added": on_texts(add_query_prompt),
    "query prompt twice": on_texts(lambda text: QUERY + QUERY + text),
    "second end token": on_texts(append_end),
    "chat template": on_texts(lambda text: text.join(CHAT)),
    "end of a chat message": on_texts(lambda text: text + "<|im_end|>"),
    "white space stripped": on_texts(str.strip),
    "newlines to spaces": on_texts(lambda text: text.replace("\n", " ")),
    "lower case": on_texts(str.lower),
}
VECTOR_FAULTS: dict[str, Fault] = {
    "half the width": on_vectors(slice_half),
    "half the width, normalised": on_vectors(renormalised_half),
    "norm 8": on_vectors(scale_to_8),
    "reversed": on_vectors(reverse),
    "rotated": on_vectors(rotate),
    "padding attended to": on_vectors(only_padded),
    "one vector for all": on_vectors(same_for_all),
}
