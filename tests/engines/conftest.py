"""Engines and what they serve, started when a test first asks, once a session.

xllamacpp_python, infinity_python, vllm_python   an interpreter that has the engine
sglang_program, sglang_env, sglang_extra         what starts SGLang without a GPU
tiny_model, tiny_model_16, tiny_gguf             a random Qwen3-Embedding; head size 16; as .gguf
minilm, minilm_gguf                              the bundled all-MiniLM-L6-v2's directory; as .gguf
llamacpp, infinity, vllm, sglang                 a server of tiny_model with a key, in float32
llamacpp_minilm, infinity_minilm, vllm_minilm    a server of minilm without a key
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.embedders.tiny_qwen3 import Shape, build_qwen3
from tests.engines.environments import SHARED_ENGINES, engine_python
from tests.engines.gguf import write_gguf
from tests.engines.gguf_bert import write_bert_gguf
from tests.engines.servers import SGLANG_EXTRA, Served, serving
from workbench.embedders.bundled import require_bundled

HERE = Path(__file__).parent
INSTALLING_S = 900
"""Time limit of a test here: the first that asks for an engine waits for its installation too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """SGLang is an additional run: three gigabytes, and no kernels for a processor."""
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(INSTALLING_S))
    if os.environ.get("WORKBENCH_SGLANG") == "1":
        return
    skip = pytest.mark.skip(reason="SGLang is an additional run: set WORKBENCH_SGLANG=1")
    for item in items:
        if "sglang" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def xllamacpp_python() -> str:
    return engine_python("xllamacpp")


@pytest.fixture(scope="session")
def infinity_python() -> str:
    return engine_python("infinity")


@pytest.fixture(scope="session")
def vllm_python() -> str:
    return engine_python("vllm")


@pytest.fixture(scope="session")
def sglang_program() -> Sequence[str]:
    return (engine_python("sglang"), str(SHARED_ENGINES / "sglang_cpu.py"))


@pytest.fixture(scope="session")
def sglang_env() -> dict[str, str]:
    return {"PYTHONPATH": str(SHARED_ENGINES / "shim")}


@pytest.fixture(scope="session")
def sglang_extra() -> Sequence[str]:
    return SGLANG_EXTRA


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "tiny-qwen3"
    return build_qwen3(folder, shape=Shape(positions=1024))


@pytest.fixture(scope="session")
def tiny_model_16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "tiny-qwen3-16"
    return build_qwen3(folder, shape=Shape(head_dim=16, positions=1024))


@pytest.fixture(scope="session")
def tiny_gguf(tiny_model: Path) -> Path:
    return write_gguf(tiny_model, tiny_model.parent / "tiny-qwen3.gguf")


@pytest.fixture(scope="session")
def minilm() -> Path:
    return require_bundled()[0]


@pytest.fixture(scope="session")
def minilm_gguf(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert_gguf(minilm, tmp_path_factory.mktemp("served") / "minilm.gguf")


@pytest.fixture(scope="session")
def llamacpp(tiny_gguf: Path, tiny_model: Path) -> Iterator[Served]:
    with serving("llamacpp", tiny_gguf) as engine:
        yield Served(engine, tiny_model)


@pytest.fixture(scope="session")
def llamacpp_minilm(minilm_gguf: Path, minilm: Path) -> Iterator[Served]:
    with serving("llamacpp", minilm_gguf, key=None) as engine:
        yield Served(engine, minilm, batch_items=8)


@pytest.fixture(scope="session")
def infinity(tiny_model: Path) -> Iterator[Served]:
    with serving("infinity", tiny_model) as engine:
        yield Served(engine, tiny_model)


@pytest.fixture(scope="session")
def infinity_minilm(minilm: Path) -> Iterator[Served]:
    with serving("infinity", minilm, key=None) as engine:
        yield Served(engine, minilm)


@pytest.fixture(scope="session")
def vllm(tiny_model: Path) -> Iterator[Served]:
    with serving("vllm", tiny_model, matryoshka=True) as engine:
        yield Served(engine, tiny_model)


@pytest.fixture(scope="session")
def vllm_minilm(minilm: Path) -> Iterator[Served]:
    with serving("vllm", minilm, key=None) as engine:
        yield Served(engine, minilm)


@pytest.fixture(scope="session")
def sglang(tiny_model: Path) -> Iterator[Served]:
    with serving("sglang", tiny_model, matryoshka=True) as engine:
        yield Served(engine, tiny_model)
