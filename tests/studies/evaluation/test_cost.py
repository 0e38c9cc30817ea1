"""Cost: embedders take turns after a warm-up, no cache answers, and a failure keeps the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.studies.evaluation.tasks import EN, NoiseEmbedder
from workbench.contracts import Embeddings, FailedText, PartialError, Progress
from workbench.embedders import CachedEmbedder
from workbench.errors import Cancelled, InputError, ModelError, RefusedError
from workbench.studies.evaluation.cost import measure_costs

Log = list[tuple[str, int]]


def logging(name: str, log: Log) -> Callable[[Sequence[str]], None]:
    return lambda texts: log.append((name, len(texts)))


def two(log: Log) -> dict[str, NoiseEmbedder]:
    return {
        name: NoiseEmbedder(seed=seed, before=logging(name, log)) for seed, name in enumerate("ab")
    }


def test_embedders_take_turns_after_a_warm_up() -> None:
    log: Log = []
    costs = measure_costs(two(log), EN, rounds=3, singles=2)
    n = len(EN)
    warm_up = [("a", n), ("a", 1), ("b", n), ("b", 1)]
    assert log == warm_up + [("a", n), ("b", n)] * 3 + [("a", 1), ("b", 1)] * 2
    assert costs["a"].batch_seconds.shape == (3,)
    assert costs["b"].single_seconds.shape == (2,)
    assert (costs["a"].texts, costs["a"].tokens) == (n, sum(map(len, EN)))
    assert costs["a"].vector_bytes == 8 * 4


def test_a_cache_is_not_asked() -> None:
    log: Log = []
    inside = NoiseEmbedder(before=logging("a", log))
    cached = CachedEmbedder(CachedEmbedder(inside))
    cached.embed(EN)
    (cost,) = measure_costs({"a": cached}, EN, rounds=2, singles=1).values()
    assert log == [("a", len(EN)), *[("a", len(EN)), ("a", 1)], *[("a", len(EN))] * 2, ("a", 1)]
    assert not any("looked up" in note for note in cost.notes)


def test_vectors_that_were_looked_up_are_said() -> None:
    class Remembering(NoiseEmbedder):
        def embed(self, texts: Sequence[str], **options: object) -> Embeddings:
            made = super().embed(texts)
            return replace(made, cached=np.ones(len(texts), np.bool_))

    (cost,) = measure_costs({"a": Remembering()}, EN, rounds=1, singles=1).values()
    assert "some vectors were looked up and not computed" in cost.notes


def test_of_many_texts_some_are_chosen_over_the_whole() -> None:
    embedder = NoiseEmbedder()
    texts = [f"text {at}" for at in range(1_000)]
    (cost,) = measure_costs({"a": embedder}, texts, rounds=1, singles=1, most=10).values()
    assert cost.texts == 10
    assert embedder.asked[0] == texts[::100]


def test_an_embedder_that_fails_keeps_what_was_measured_and_leaves_the_other_alone() -> None:
    log: Log = []
    embedders = two(log)

    def fail(texts: Sequence[str]) -> None:
        log.append(("b", len(texts)))
        if log.count(("b", len(EN))) == 3:
            raise ModelError("the device is gone")

    embedders["b"].before = fail
    costs = measure_costs(embedders, EN, rounds=3, singles=2)
    assert (len(costs["a"].batch_seconds), len(costs["a"].single_seconds)) == (3, 2)
    assert (len(costs["b"].batch_seconds), len(costs["b"].single_seconds)) == (1, 0)
    assert any("the device is gone" in note for note in costs["b"].notes)


def test_a_text_that_one_refuses_is_left_out_for_all() -> None:
    log: Log = []
    embedders = two(log)

    def refuse(texts: Sequence[str]) -> None:
        log.append(("b", len(texts)))
        if EN[2] in texts:
            made = NoiseEmbedder().embed(())
            failed = [FailedText(2, EN[2], RefusedError("too long"))]
            raise PartialError(
                made,
                np.zeros(0, np.int64),
                failed=failed,
                total=len(texts),
                cause=None,
                resume=lambda progress, cancel: made,
            )

    embedders["b"].before = refuse
    costs = measure_costs(embedders, EN, rounds=1, singles=1)
    assert {cost.texts for cost in costs.values()} == {len(EN) - 1}
    assert ("a", len(EN) - 1) in log
    assert "1 texts that an embedder refused were left out for all" in costs["a"].notes


def test_memory_elsewhere_is_not_known_and_that_is_said() -> None:
    here = NoiseEmbedder()
    info = replace(here.info, backend="remote", base_url="http://127.0.0.1:9/v1")
    there = NoiseEmbedder(info=info)
    costs = measure_costs(
        {"here": here, "there": there}, EN, memory=lambda device: lambda: 7, rounds=1, singles=1
    )
    assert costs["there"].peak_cpu_bytes is None and costs["there"].peak_gpu_bytes is None
    assert any("its memory is not known here" in note for note in costs["there"].notes)
    assert costs["here"].peak_gpu_bytes == 7


def test_memory_that_is_held_while_embedding_is_seen() -> None:
    size = 200 * 2**20
    kept = threading.Event()

    def hold(texts: Sequence[str]) -> None:
        block = np.ones(size, np.uint8)
        kept.wait(0.05)
        assert block[-1] == 1

    (light,) = measure_costs({"a": NoiseEmbedder()}, EN, rounds=1, singles=1).values()
    (heavy,) = measure_costs({"a": NoiseEmbedder(before=hold)}, EN, rounds=1, singles=1).values()
    if light.peak_cpu_bytes is None or heavy.peak_cpu_bytes is None:
        pytest.skip("this system does not tell what a process holds")
    assert heavy.peak_cpu_bytes - light.peak_cpu_bytes > size // 2


def test_progress_counts_every_turn_and_cancel_stops_between_them() -> None:
    steps: list[Progress] = []
    measure_costs(two([]), EN, rounds=2, singles=1, progress=steps.append)
    assert (steps[-1].done, steps[-1].total) == (8, 8)
    assert steps[0].message == "timing a: warm-up"
    cancel = threading.Event()
    log: Log = []
    embedders = two(log)
    embedders["b"].before = lambda _: cancel.set()
    with pytest.raises(Cancelled):
        measure_costs(embedders, EN, cancel=cancel)
    assert {name for name, _ in log} == {"a"}


@pytest.mark.parametrize("name", ["rounds", "singles", "most"])
def test_a_number_below_one_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}=0 was asked for; allowed is 1 or more"):
        measure_costs({"a": NoiseEmbedder()}, EN, **{name: 0})  # type: ignore[arg-type]
