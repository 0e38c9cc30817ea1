"""Fixtures that more than one room's tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedders.tiny_qwen3 import SHARED_GOLD, build_qwen3, rebuild_real_tokenizer


@pytest.fixture(scope="session")
def tiny_qwen3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a random Qwen3-Embedding of some 300,000 parameters."""
    return build_qwen3(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def real_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the real tokenizer.json of Qwen3-Embedding."""
    if not (SHARED_GOLD / "qwen.tiktoken").is_file():
        pytest.skip("../shared/gold/qwen.tiktoken is missing: the real tokenizer cannot be rebuilt")
    return rebuild_real_tokenizer(tmp_path_factory.mktemp("tokenizer"))
