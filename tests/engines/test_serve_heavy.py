"""``serve`` with vLLM, SGLang and infinity themselves: half a minute a start, so two at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.engines.test_serve_failures import find_port
from tests.engines.test_serve_process import runs
from workbench.engines import Wishes, plan_engine, serve, start_engine
from workbench.engines.keeper import find_descendants
from workbench.errors import EngineError

KEY = "sk-never-to-be-seen"


@dataclass(frozen=True)
class Seen:
    """What was seen of an engine while it ran, and what was left of it afterwards."""

    dim: int
    base_url: str
    children: Sequence[int]
    log: Sequence[str]
    left: Sequence[int]


def run(model: Path, **options: Any) -> Seen:
    with serve(model, port=find_port(), key_env="MY_KEY", **options) as engine:
        children, log = find_descendants(engine.pid), engine.log(5_000)
    left = [pid for pid in (engine.pid, *children) if runs(pid)]
    return Seen(engine.dim, engine.base_url, children, log, left)


def run_as_chat_model(model: Path, **options: Any) -> None:
    """SGLang as people start it by hand, without the flag that this model needs."""
    plan = plan_engine(model, "sglang", Wishes(port=find_port(), **options))
    argv = tuple(word for word in plan.argv if word != "--is-embedding")
    assert len(argv) == len(plan.argv) - 1
    with start_engine(replace(plan, argv=argv)):
        pass


Starts: TypeAlias = dict[str, Future[Any]]


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as made:
        patch.setenv("MY_KEY", KEY)
        yield made


@pytest.fixture(scope="module")
def starts(
    pool: ThreadPoolExecutor,
    tiny_model: Path,
    tiny_model_16: Path,
    vllm_python: str,
    infinity_python: str,
) -> Starts:
    return {
        "vllm": pool.submit(run, tiny_model, engine="vllm", python=vllm_python),
        "head-16": pool.submit(run, tiny_model_16, engine="vllm", python=vllm_python),
        "infinity": pool.submit(run, tiny_model, engine="infinity", python=infinity_python),
    }


@pytest.fixture(scope="module")
def sglang_starts(
    pool: ThreadPoolExecutor,
    tiny_model: Path,
    sglang_program: Sequence[str],
    sglang_env: dict[str, str],
    sglang_extra: Sequence[str],
) -> Starts:
    options: dict[str, Any] = {
        "program": sglang_program,
        "env": sglang_env,
        "extra": sglang_extra,
    }
    return {
        "sglang": pool.submit(run, tiny_model, engine="sglang", **options),
        "chat": pool.submit(run_as_chat_model, tiny_model, **options),
    }


def test_vllm_is_served_with_a_key_and_its_children_go_with_it(starts: Starts) -> None:
    seen: Seen = starts["vllm"].result()
    assert seen.dim == 64
    assert len(seen.children) >= 2  # its engine core, and that one's worker
    assert not [line for line in seen.log if KEY in line]
    assert seen.left == []


def test_infinity_is_served_under_v1(starts: Starts) -> None:
    seen: Seen = starts["infinity"].result()
    assert (seen.dim, seen.base_url.rpartition("/")[2]) == (64, "v1")
    assert not [line for line in seen.log if KEY in line]
    assert seen.left == []


def test_vllm_that_dies_at_its_first_text_is_told_with_its_cause(starts: Starts) -> None:
    # its port opens, its /health says 200; only a real request shows that it does not embed
    with pytest.raises(
        EngineError, match=r"vLLM ended at its first text .* does not know this model's head_dim=16"
    ):
        starts["head-16"].result()


@pytest.mark.sglang
def test_sglang_is_served_with_a_key_that_its_own_log_does_not_show(
    sglang_starts: Starts,
) -> None:
    seen: Seen = sglang_starts["sglang"].result()
    assert seen.dim == 64
    assert len(seen.children) >= 2  # its scheduler, and its detokenizer
    assert not [line for line in seen.log if KEY in line]
    assert any("'api_key': '$MY_KEY'" in line for line in seen.log)
    assert seen.left == []


@pytest.mark.sglang
def test_sglang_that_takes_the_model_for_a_chat_model_is_told_so(sglang_starts: Starts) -> None:
    with pytest.raises(EngineError, match=r"does not embed: .* started without --is-embedding"):
        sglang_starts["chat"].result()
