"""How the engines' environments are kept: found again by what is in them, and missed aloud."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.engines import environments
from tests.engines.environments import Name, cache_folder, engine_folder, engine_python


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_ENGINES_DIR", str(tmp_path / "engines"))
    for name in ("XLLAMACPP_PYTHON", "INFINITY_PYTHON", "SGLANG_PYTHON", "REQUIRE_ENGINES"):
        monkeypatch.delenv(f"WORKBENCH_{name}", raising=False)


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A lock file of infinity in a checkout of its own."""
    monkeypatch.setattr(environments, "SHARED_ENGINES", tmp_path)
    file = tmp_path / environments.LOCKS["infinity"]
    file.write_text("infinity-emb==0.0.78\n", encoding="utf-8")
    return file


def test_the_same_lock_file_in_another_checkout_is_the_same_environment(
    lock: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = engine_folder("infinity")
    assert here.parent == cache_folder() == tmp_path / "engines"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(lock, other)
    monkeypatch.setattr(environments, "SHARED_ENGINES", other)
    assert engine_folder("infinity") == here
    (other / lock.name).write_text("infinity-emb==0.0.79\n", encoding="utf-8")
    assert engine_folder("infinity") != here


@pytest.mark.parametrize(
    ("name", "required", "outcome"),
    [
        pytest.param("infinity", "", pytest.skip.Exception, id="not-required"),
        pytest.param("infinity", "1", pytest.fail.Exception, id="required"),
        pytest.param("sglang", "1", pytest.skip.Exception, id="additional"),
    ],
)
def test_a_missing_lock_file_is_said_and_fails_where_the_engine_is_required(
    name: Name,
    required: str,
    outcome: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(environments, "SHARED_ENGINES", tmp_path / "none")
    monkeypatch.setenv("WORKBENCH_REQUIRE_ENGINES", required)
    with pytest.raises(outcome, match=rf"{environments.LOCKS[name]} is missing"):
        engine_python(name)


def test_an_installation_that_failed_is_said_and_begun_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "XLLAMACPP", str(tmp_path / "nothing-0-py3-none-any.whl"))
    with pytest.raises(pytest.skip.Exception, match=r"xllamacpp cannot be installed: .*nothing-0"):
        engine_python("xllamacpp")
    left = engine_folder("xllamacpp") / "left-by-the-first-try"
    left.touch()
    with pytest.raises(pytest.skip.Exception, match="cannot be installed"):
        engine_python("xllamacpp")
    assert not left.exists(), "what a broken installation left is never used"
