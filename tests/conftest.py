"""Fixtures that more than one room's tests use."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.embedders.tiny_qwen3 import SHARED_GOLD, build_qwen3, rebuild_real_tokenizer

HERE = Path(__file__).parent
SHARING = ("browser", "engines")
"""Folders whose tests share one JupyterLab, or the same running servers."""


def pytest_configure() -> None:
    """Ctrl-C works in what tests start, wherever they were started from themselves.

    A shell that puts a command into the background has it ignore SIGINT, and so do its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, in one of the processes that run tests, what shares things that cost much."""
    for item in items:
        folders = item.path.relative_to(HERE).parts[:1] if HERE in item.path.parents else ()
        group = folders[0] if folders and folders[0] in SHARING else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))


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
