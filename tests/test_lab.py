"""Which notebook ``workbench lab`` opens, and with what command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import __version__
from workbench.errors import InputError
from workbench.lab import build_command, find_notebook
from workbench.lab import launcher as launcher_module


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """An installed package that carries two lessons."""
    lessons = tmp_path / "site" / "workbench" / "notebooks"
    lessons.mkdir(parents=True)
    for name in ("00_explore", "01_prompts"):
        (lessons / f"{name}.ipynb").write_text(f"shipped {name}")
    return lessons.parent


def test_a_checkouts_first_lesson_is_opened_where_it_lies(tmp_path: Path) -> None:
    lesson = tmp_path / "notebooks" / "00_explore.ipynb"
    lesson.parent.mkdir()
    lesson.write_text("{}")
    assert find_notebook(package=tmp_path / "workbench") == lesson


def test_an_installed_packages_lessons_are_copied_to_the_home(wheel: Path, tmp_path: Path) -> None:
    opened = find_notebook("01_prompts", package=wheel, home=tmp_path)
    assert (
        opened == tmp_path / "embedding-workbench" / f"lessons-{__version__}" / "01_prompts.ipynb"
    )
    assert opened.read_text() == "shipped 01_prompts"


def test_a_lesson_that_was_changed_is_never_overwritten(wheel: Path, tmp_path: Path) -> None:
    find_notebook(package=wheel, home=tmp_path).write_text("my own notes")
    assert find_notebook(package=wheel, home=tmp_path).read_text() == "my own notes"


def test_a_home_that_cannot_be_written_says_what_to_do(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file, not a folder")
    with pytest.raises(InputError, match=r"cannot be copied to .*workbench lab FOLDER/00_explore"):
        find_notebook(package=wheel, home=home)


def test_a_path_to_a_notebook_is_taken_as_it_is(wheel: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.ipynb"
    mine.write_text("{}")
    assert find_notebook(mine, package=wheel, home=tmp_path) == mine.resolve()


@pytest.mark.parametrize("name", ["99_none", "99_none.ipynb", "../secret"])
def test_an_unknown_notebook_names_the_lessons(name: str, wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lessons: 00_explore, 01_prompts"):
        find_notebook(name, package=wheel, home=tmp_path)


def test_extra_arguments_come_last_so_that_they_win(tmp_path: Path) -> None:
    command = build_command(tmp_path / "a b.ipynb", extra=["--ServerApp.ip=::1", "--debug"])
    assert command.argv[-2:] == ("--ServerApp.ip=::1", "--debug")
    assert command.argv[:3] == (sys.executable, "-m", "jupyterlab")
    assert "--LabApp.default_url=/lab/tree/a%20b.ipynb" in command.argv


def test_a_port_that_was_asked_for_is_used_or_refused(tmp_path: Path) -> None:
    asked = build_command(tmp_path / "a.ipynb", port=9999).argv
    assert {"--ServerApp.port=9999", "--ServerApp.port_retries=0"} <= set(asked)
    assert not any("port=" in word for word in build_command(tmp_path / "a.ipynb").argv)


@pytest.mark.parametrize(
    ("uid", "ip", "allowed"),
    [(0, "127.0.0.1", True), (0, "0.0.0.0", False), (1000, "127.0.0.1", False)],
    ids=["root-loopback", "root-open", "user"],
)
def test_root_is_allowed_on_loopback_alone(
    uid: int, ip: str, allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert ("--allow-root" in build_command(tmp_path / "a.ipynb", ip=ip).argv) is allowed


def test_the_users_own_paths_stay_in_force_behind_ours(tmp_path: Path) -> None:
    environ = {"JUPYTER_PATH": "mine", "JUPYTER_CONFIG_PATH": "also-mine", "LANG": "C"}
    env = build_command(tmp_path / "a.ipynb", environ=environ).env
    assert env["LANG"] == "C"
    assert env["JUPYTER_PATH"].split(os.pathsep) == [f"{sys.prefix}/share/jupyter", "mine"]
    ours, theirs = env["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (Path(ours) / "labconfig" / "default_setting_overrides.json").is_file()
    assert theirs == "also-mine"


def test_the_exit_code_of_lab_is_passed_on() -> None:
    script = (
        "from pathlib import Path; from workbench.lab import build_command, start_lab; "
        "start_lab(build_command(Path('a.ipynb'), extra=['--ServerApp.root_dir=/no/such/folder']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert "/no/such/folder" in done.stderr
    assert done.returncode == 1


def test_the_package_folder_is_the_one_that_was_imported() -> None:
    assert (launcher_module.PACKAGE / "errors.py").is_file()
