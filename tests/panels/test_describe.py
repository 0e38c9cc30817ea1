"""What a run was, in words and values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.panels.fakes import FakeEmbedder
from workbench.contracts import EmbedderInfo
from workbench.panels.describe import embedding_facts


def facts_of(*, truncated: bool = False, **changes: object) -> list[tuple[str, str]]:
    """The facts of a text embedded by an embedder whose info is changed so."""
    made = FakeEmbedder().embed(["apple"])
    info: EmbedderInfo = replace(made.info, **changes)  # type: ignore[arg-type]
    return list(embedding_facts(replace(made, info=info, truncated=np.array([truncated])), 0.1))


def test_a_remote_run_says_where_and_by_what_it_was_computed() -> None:
    address = "http://127.0.0.1:30000/v1"
    facts = facts_of(backend="remote", base_url=address, server="vLLM 0.32.0", notes=("One.",))
    assert facts[1:3] == [("endpoint", address), ("server", "vLLM 0.32.0")]
    assert ("note", "One.") in facts
    assert "device" not in dict(facts)


def test_a_server_that_does_not_say_what_it_is_is_called_so() -> None:
    assert dict(facts_of(backend="remote"))["server"] == "does not say what it is"


def test_a_local_run_says_its_device() -> None:
    assert facts_of()[1] == ("device", "cpu, float32")


@pytest.mark.parametrize(
    ("cut", "changes", "words"),
    [
        (False, {}, "none"),
        (True, {}, "1 at 512 tokens"),
        (True, {"max_tokens": None}, "1"),
        (False, {"too_long": "refused"}, "none"),
        (False, {"too_long": "unknown"}, "the server does not tell"),
    ],
)
def test_truncation_is_said_where_it_is_known(
    cut: bool, changes: dict[str, object], words: str
) -> None:
    assert dict(facts_of(truncated=cut, **changes))["truncated"] == words
