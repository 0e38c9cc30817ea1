"""The servers, files and references that cases are made of: each made when first asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from tests.embedders.tiny_qwen3 import Shape, build_qwen3
from tests.engines.doctor.starting import (
    Running,
    run_engine,
    run_llamacpp,
    run_sglang_for_text,
    run_without_embeddings,
    save_as_transformers_5,
)
from tests.engines.gguf import write_gguf
from tests.engines.gguf_bert import write_bert_gguf
from tests.engines.servers import FLOAT32, KEY, SGLANG_EXTRA, serving
from workbench.contracts import Diagnosis, EngineName, Reference
from workbench.embedders import load, reference_for
from workbench.embedders.bundled import require_bundled
from workbench.embedders.local import LocalEmbedder

BFLOAT16 = ("--dtype", "bfloat16")
SHAPE = Shape(positions=1024)


class World:
    """A folder of models, the servers on them, and the weights to hold them against.

    Args:
        folder: Where models and files are written.
        shared: Servers that run already, by name.

    Attributes:
        examined: What the doctor said, by what it was asked.
    """

    def __init__(self, folder: Path, shared: Mapping[str, Callable[[], Running]]) -> None:
        self.folder = folder
        self.examined: dict[object, tuple[Diagnosis, float, int | None]] = {}
        self._shared = shared
        self._threads = torch.get_num_threads()
        self._stack = ExitStack()
        self._servers: dict[str, Running] = {}
        self._embedders: dict[str, LocalEmbedder] = {}
        self._references: dict[str, Reference] = {}

    def server(self, name: str) -> Running:
        """A running server of ``STARTS``, or one that was handed over."""
        if name in self._shared:
            return self._shared[name]()
        if name not in self._servers:
            self._servers[name] = self._stack.enter_context(STARTS[name](self))
        return self._servers[name]

    def model(self, name: str) -> Path:
        """A model's directory: "tiny", "other" (the same shape, other weights) or "minilm"."""
        if name == "minilm":
            return require_bundled()[0]
        out = self.folder / name / "tiny-qwen3"
        seed = {"tiny": 0, "other": 1}[name]
        return out if out.exists() else build_qwen3(out, seed=seed, shape=SHAPE)

    def embedder(self, name: str) -> LocalEmbedder:
        """The same in float32, loaded here; the servers have the other cores for themselves."""
        if name not in self._embedders:
            torch.set_num_threads(1)  # a second one waits by spinning, where all cores are busy
            loaded = load(str(self.model(name)), dtype="float32", device="cpu")
            assert isinstance(loaded, LocalEmbedder)
            self._embedders[name] = loaded
        return self._embedders[name]

    def reference(self, name: str) -> Reference:
        """The same as a reference: what it computed for one case is there for the next."""
        if name not in self._references:
            self._references[name] = reference_for(self.embedder(name))
        return self._references[name]

    def golden(self) -> Path:
        """Vectors saved from a sound server."""
        from workbench.doctor import diagnose

        out = self.folder / "golden.json"
        if not out.exists():
            sound = self.server("llamacpp")
            diagnose(sound.base_url, model=sound.name, reference=self.embedder("tiny"), save=out)
        return out

    def close(self) -> None:
        """End what was started."""
        self._stack.close()
        for embedder in self._embedders.values():
            embedder.unload()
        torch.set_num_threads(self._threads)


@dataclass(frozen=True)
class File:
    """A .gguf file of a tiny model: what its writer was told, and how the server is started."""

    written: Mapping[str, object]
    started: Mapping[str, object]
    model: str = "tiny"

    def start(self, world: World) -> AbstractContextManager[Running]:
        place = world.folder / f"file-{abs(hash(repr(self)))}" / "tiny-qwen3.gguf"
        place.parent.mkdir(exist_ok=True)
        write_gguf(world.model(self.model), place, **self.written)  # type: ignore[arg-type]
        return run_llamacpp(place, **self.started)  # type: ignore[arg-type]


def _file(
    written: Mapping[str, object] | None = None, model: str = "tiny", **started: object
) -> Callable[[World], AbstractContextManager[Running]]:
    return File(written or {}, started, model).start


def _start_minilm(world: World, pooling: str | None) -> AbstractContextManager[Running]:
    file = write_bert_gguf(world.model("minilm"), world.folder / "minilm.gguf")
    return run_llamacpp(file, longest=256, pooling=pooling)


@contextmanager
def _without_embeddings(world: World) -> Iterator[Running]:
    file = write_gguf(world.model("tiny"), world.folder / "chat.gguf")
    with run_without_embeddings(file) as running:
        yield running


@contextmanager
def _with_key(engine: EngineName, world: World) -> Iterator[Running]:
    with serving(engine, world.model("tiny"), matryoshka=engine != "infinity") as running:
        yield Running(running.base_url, running.served_name, KEY)


@contextmanager
def _keyed_llamacpp(world: World) -> Iterator[Running]:
    file = write_gguf(world.model("tiny"), world.folder / "tiny-qwen3.gguf")
    with serving("llamacpp", file) as running:
        yield Running(running.base_url, running.served_name, KEY)


@contextmanager
def _saved_by_transformers_5(world: World) -> Iterator[Running]:
    out = world.folder / "saved" / "tiny-qwen3"
    saved = out if out.exists() else save_as_transformers_5(world.model("tiny"), out)
    with run_engine("infinity", saved, extra=FLOAT32) as running:
        yield running


@contextmanager
def _two_models(world: World) -> Iterator[Running]:
    second = ("--model-id", str(world.model("minilm")), "--served-model-name", "minilm")
    with run_engine("infinity", world.model("tiny"), extra=FLOAT32, more=second) as running:
        yield running


def _on(
    engine: EngineName, model: str, *extra: str, matryoshka: bool = False
) -> Callable[[World], AbstractContextManager[Running]]:
    def start(world: World) -> AbstractContextManager[Running]:
        return run_engine(engine, world.model(model), extra=extra, matryoshka=matryoshka)

    return start


_MEAN = json.dumps({"pooling_type": "MEAN"})
_SGLANG_BF16 = tuple("bfloat16" if word == "float32" else word for word in SGLANG_EXTRA)
STARTS: Mapping[str, Callable[[World], AbstractContextManager[Running]]] = {
    "llamacpp": _file(),
    "llamacpp with a key": _keyed_llamacpp,
    "llamacpp bf16": _file({"weights": "BF16"}),
    "llamacpp f16": _file({"weights": "F16"}),
    "llamacpp two slots": _file(slots=2),
    "llamacpp minilm": partial(_start_minilm, pooling=None),
    "llamacpp minilm cls": partial(_start_minilm, pooling="cls"),
    "llamacpp other": _file(model="other"),
    "llamacpp no end token": _file({"end_token": False}),
    "llamacpp mean": _file({"pooling": "mean"}),
    "llamacpp cls": _file({"pooling": "cls"}),
    "llamacpp told mean": _file(pooling="mean"),
    "llamacpp rope base": _file({"rope_base": 10_000.0}),
    "llamacpp Q8_0": _file({"weights": "Q8_0"}),
    "llamacpp Q4_0": _file({"weights": "Q4_0"}),
    "llamacpp 128 tokens": _file(longest=128),
    "llamacpp without embeddings": _without_embeddings,
    "infinity": partial(_with_key, "infinity"),
    "infinity bf16": _on("infinity", "tiny", *BFLOAT16),
    "infinity minilm": _on("infinity", "minilm", *FLOAT32),
    "infinity saved by transformers 5": _saved_by_transformers_5,
    "infinity two models": _two_models,
    "vllm": partial(_with_key, "vllm"),
    "vllm bf16": _on("vllm", "tiny", *BFLOAT16),
    "vllm minilm": _on("vllm", "minilm", *FLOAT32),
    "vllm mean": _on("vllm", "tiny", *FLOAT32, "--pooler-config", _MEAN),
    "sglang": partial(_with_key, "sglang"),
    "sglang bf16": _on("sglang", "tiny", *_SGLANG_BF16),
    "sglang for text": lambda world: run_sglang_for_text(world.model("tiny")),
}
"""How each server is started."""
