"""A cosine's standing among unrelated pairs, counted one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import percentileofscore

from tests.studies.toys import TableEmbedder
from workbench.contracts import Kind
from workbench.errors import InputError
from workbench.maths import similarity
from workbench.studies import Background, measure_background

KINDS: list[Kind] = ["zh", "en"] * 12
TOPICS = [str(i // 4) for i in range(24)]
TEXTS = [f"text {i}" for i in range(24)]
VECTORS = np.random.default_rng(0).normal(size=(24, 6))


def measured(prompt: str | None = None) -> Background:
    embedder = TableEmbedder(dict(zip(TEXTS, VECTORS.tolist(), strict=True)))
    return measure_background(embedder, TEXTS, KINDS, TOPICS, prompt=prompt)


def by_hand(kind_a: Kind, kind_b: Kind) -> list[float]:
    scores = similarity(VECTORS)
    return [
        float(scores[i, j])
        for i, j in combinations(range(24), 2)
        if TOPICS[i] != TOPICS[j] and sorted((KINDS[i], KINDS[j])) == sorted((kind_a, kind_b))
    ]


@pytest.mark.parametrize("pair", [("zh", "zh"), ("zh", "en"), ("en", "zh"), ("en", "en")])
def test_a_percentile_is_the_share_of_unrelated_pairs_below(pair: tuple[Kind, Kind]) -> None:
    pairs = by_hand(*pair)
    assert len(pairs) >= 60
    for cosine in (-1.0, -0.2, 0.0, 0.31, 1.0):
        found = measured().percentile(cosine, *pair)
        assert found.n_pairs == len(pairs)
        assert found.value == pytest.approx(percentileofscore(pairs, cosine, kind="strict"))


def test_columns_of_a_frame_are_measured_as_lists_are() -> None:
    frame = pd.DataFrame({"text": TEXTS, "kind": KINDS, "topic": TOPICS}, index=range(5, 29))
    embedder = TableEmbedder(dict(zip(TEXTS, VECTORS.tolist(), strict=True)))
    found = measure_background(embedder, frame["text"], frame["kind"], frame["topic"])  # type: ignore[arg-type]
    assert found.percentile(0.31, "zh", "en") == measured().percentile(0.31, "zh", "en")


def test_many_percentiles_at_once_are_those_one_by_one() -> None:
    background, scores = measured(), np.linspace(-1, 1, 24)
    many = background.percentiles(scores, KINDS, KINDS[::-1])
    single = [
        background.percentile(s, a, b).value
        for s, a, b in zip(scores, KINDS, KINDS[::-1], strict=True)
    ]
    np.testing.assert_allclose(many, np.array(single, dtype=np.float32), atol=1e-4)


def test_a_percentile_reads_as_a_sentence() -> None:
    pairs = sorted(by_hand("zh", "en"))
    n, background = len(pairs), measured()
    assert str(background.percentile(1.0, "zh", "en")) == f"above all {n} unrelated zh–en pairs"
    highest = background.percentile(pairs[-1], "en", "zh")
    assert str(highest) == f"above {100 * (n - 1) // n} % of {n} unrelated zh–en pairs"


def test_with_too_few_pairs_it_cannot_tell() -> None:
    background = measured()
    found = background.percentile(0.9, "code", "zh")
    assert found.value is None
    assert str(found) == "cannot tell: only 0 unrelated zh–code pairs"
    assert np.isnan(background.percentiles([0.9], ["code"], ["zh"])).all()


def test_the_prompt_and_the_embedder_are_kept() -> None:
    background = measured("query")
    assert background.prompt.prefix == "Query: "
    assert background.info.name == "toy"
    assert background.n_texts == 24


def test_no_texts_measure_nothing() -> None:
    embedder = TableEmbedder({"a": [1.0, 0.0]})
    background = measure_background(embedder, [], [], [])
    assert background.percentile(0.5, "en", "en").value is None


def test_texts_without_a_topic_each_are_refused() -> None:
    embedder = TableEmbedder({"a": [1.0]})
    with pytest.raises(InputError, match="1 texts came with 1 kinds and 0 topics"):
        measure_background(embedder, ["a"], ["en"], [])
