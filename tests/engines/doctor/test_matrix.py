"""The doctor before real servers: it names what is wrong, and blames nobody who is sound."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.engines.doctor import cases, matrix
from tests.engines.doctor.cases import Case, Healthy, run_case, run_healthy
from tests.engines.doctor.starting import Running
from tests.engines.doctor.table import Row, write_table
from tests.engines.doctor.world import World
from tests.engines.servers import KEY, Served

RUNS = int(os.environ.get("WORKBENCH_DOCTOR_RUNS", "1"))
"""On each sound server; ``python -m tests.engines.doctor`` makes five."""
MOST_REQUESTS = 200
SESSION = {  # servers that other tests of this folder use as well
    "llamacpp with a key": "llamacpp",
    "infinity": "infinity",
    "infinity minilm": "infinity_minilm",
    "vllm": "vllm",
    "vllm minilm": "vllm_minilm",
}


@pytest.fixture(scope="session")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    def find(fixture: str) -> Callable[[], Running]:
        def take() -> Running:
            served: Served = request.getfixturevalue(fixture)
            engine = served.engine
            key = None if engine.plan.key_env is None else KEY
            return Running(engine.base_url, engine.served_name, key)

        return take

    made = World(
        tmp_path_factory.mktemp("doctor"), {name: find(of) for name, of in SESSION.items()}
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows() -> Iterator[list[Row]]:
    """Collects what came of the cases, and prints it at the end (``-s`` shows it)."""
    kept: list[Row] = []
    yield kept
    print("\n" + write_table(kept))


def _name(case: Case | Healthy) -> str:
    return case.name.replace(" ", "-")


def test_the_matrix_has_forty_faults_and_more_and_no_name_twice() -> None:
    names = [case.name for case in matrix.CASES] + [sound.name for sound in cases.HEALTHY]
    assert len(matrix.CASES) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", matrix.CASES, ids=_name)
def test_the_cause_is_named(case: Case, world: World, rows: list[Row]) -> None:
    outcome = run_case(world, case)
    rows.append(Row(case.name, case.cause, outcome))
    assert not outcome.wrong, f"{outcome.wrong}\n{outcome.diagnosis.verdict}"
    assert outcome.diagnosis.spent.requests <= MOST_REQUESTS


@pytest.mark.parametrize("healthy", cases.HEALTHY, ids=_name)
def test_a_sound_server_is_blamed_for_nothing(
    healthy: Healthy, world: World, rows: list[Row]
) -> None:
    for _ in range(RUNS):
        outcome = run_healthy(world, healthy)
        rows.append(Row(healthy.name, "", outcome))
        assert not outcome.wrong, f"{outcome.wrong}\n{outcome.diagnosis.verdict}"
        spent = outcome.diagnosis.spent
        assert spent.requests <= MOST_REQUESTS
        if outcome.sent is not None:
            assert outcome.sent <= spent.requests


@pytest.mark.sglang
@pytest.mark.parametrize("case", matrix.SGLANG, ids=_name)
def test_the_cause_is_named_on_sglang(case: Case, world: World, rows: list[Row]) -> None:
    test_the_cause_is_named(case, world, rows)


@pytest.mark.sglang
@pytest.mark.parametrize("healthy", cases.SGLANG, ids=_name)
def test_a_sound_sglang_is_blamed_for_nothing(
    healthy: Healthy, world: World, rows: list[Row]
) -> None:
    test_a_sound_server_is_blamed_for_nothing(healthy, world, rows)
