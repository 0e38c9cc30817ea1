"""Fixtures that more than one room's tests use."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.embedders.tiny_qwen3 import SHARED_GOLD, build_qwen3, rebuild_real_tokenizer

SHARING = ("tests/browser/", "tests/engines/")
"""Folders whose tests share one JupyterLab, or the same running servers."""


def pytest_configure() -> None:
    """Ctrl-C works in what tests start, wherever they were started from themselves.

    A shell that puts a command into the background has it ignore SIGINT, and so do its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With ``pytest -n 2`` keep together what shares things that cost much to start."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class ByWhatIsShared(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0]
            return next((shared for shared in SHARING if file.startswith(shared)), file)

    return ByWhatIsShared(config, log)


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
