"""Endpoints as a panel and a command line use them: a verdict, a spec, lines to copy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tests.embedders.remote.faults as f
from tests.embedders.remote.fault_server import MODEL, FaultServer, vectors_of
from workbench.catalogue import Catalogue
from workbench.cli import PARTLY, app
from workbench.errors import Cancelled

KEY = "sk-a-key-of-the-tests"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


@pytest.fixture
def locked(server: FaultServer) -> FaultServer:
    """A server that wants ``KEY``."""
    wanted = f"Bearer {KEY}"
    server.fault = server.other_fault = f.where(
        lambda call: call.headers.get("authorization") != wanted, f.NO_KEY
    )
    return server


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    made = Catalogue()
    yield made
    for embedder in made.connected.values():
        embedder.unload()


def test_a_verdict_says_what_is_served_and_offers_it(
    server: FaultServer, catalogue: Catalogue
) -> None:
    verdict = catalogue.connect(server.base_url)
    assert verdict.ok
    assert verdict.message.endswith(f"serves {MODEL}: 16 dimensions.")
    assert verdict.served == (MODEL,)
    assert verdict.spec == f"{server.base_url}#{MODEL}"
    assert verdict.spec in [choice.spec for choice in catalogue.choices()]
    assert catalogue.describe(verdict.spec).label == f"{MODEL} at 127.0.0.1:{server.port}"
    made = catalogue.load(verdict.spec).embed(["苹果"])
    np.testing.assert_allclose(made.vectors, vectors_of(["苹果"]), atol=1e-6)
    assert catalogue.load(verdict.spec).embed(["苹果"]).cached.all()


def test_what_goes_wrong_is_the_verdict(server: FaultServer, catalogue: Catalogue) -> None:
    server.fault = f.FAILS
    verdict = catalogue.connect(server.base_url, model=MODEL)
    assert not verdict.ok
    assert "answered 500" in verdict.message
    assert verdict.spec == ""
    assert catalogue.connect("nonsense").message.startswith("'nonsense'")
    with f.nothing_listens() as dead:
        assert "nothing listens" in catalogue.connect(dead).message
    assert not catalogue.connected


def test_a_cancel_is_no_verdict(server: FaultServer, catalogue: Catalogue) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        catalogue.connect(server.base_url, cancel=cancel)


def test_a_key_that_was_typed_is_kept_and_never_shown(
    locked: FaultServer, catalogue: Catalogue
) -> None:
    wrong = catalogue.connect(locked.base_url, key="sk-not-that-one")
    assert not wrong.ok
    right = catalogue.connect(locked.base_url, key=KEY)
    assert right.ok
    catalogue.load(right.spec).embed(["a"])
    shown = [wrong, right, catalogue.choices(), vars(catalogue)]
    shown += catalogue.snippets(right.spec, text="a", prefix="")
    assert KEY not in repr(shown)
    assert "sk-not-that-one" not in repr(shown)


def test_lines_to_copy_name_the_variable_of_the_key(
    locked: FaultServer, catalogue: Catalogue
) -> None:
    spec = catalogue.connect(locked.base_url, key=KEY).spec
    curl, python = catalogue.snippets(spec, text="苹果", prefix="query: ")
    assert (curl.language, python.language) == ("curl", "python")
    assert "$WORKBENCH_API_KEY" in curl.code
    assert "os.environ['WORKBENCH_API_KEY']" in python.code
    assert len(python.code.splitlines()) == 3
    assert "query: 苹果" in curl.code


def test_lines_to_copy_for_a_local_model_embed_the_same_string(catalogue: Catalogue) -> None:
    (python,) = catalogue.snippets("lexical", text='say "苹果"\n', prefix="query: ")
    scope: dict[str, object] = {}
    exec(python.code, scope)
    made = scope["made"]
    expected = catalogue.load("lexical").embed(['query: say "苹果"\n']).vectors
    np.testing.assert_array_equal(made.vectors, expected)  # type: ignore[attr-defined]
    assert catalogue.snippets("given", text="a", prefix="") == ()


def run(server: FaultServer, source: Path, out: Path, *options: str) -> tuple[int, str]:
    spec = f"{server.base_url}#{MODEL}"
    made = CliRunner().invoke(
        app, ["embed", str(source), "-o", str(out), "--model", spec, *options]
    )
    return made.exit_code, made.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("one\n\ntwo\npoison\n三\n", encoding="utf-8")
    return path


def test_the_command_embeds_by_an_endpoint(
    server: FaultServer, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.npz"
    code, said = run(server, source, out)
    assert code == 0, said
    with np.load(out) as saved:
        expected = vectors_of(["one", "two", "poison", "三"])
        np.testing.assert_allclose(saved["vectors"], expected, atol=1e-6)


def test_the_command_writes_what_came_and_names_the_line_of_what_did_not(
    server: FaultServer, source: Path, tmp_path: Path
) -> None:
    server.fault = f.holding("poison", f.REFUSES)
    out = tmp_path / "out.jsonl"
    code, said = run(server, source, out)
    assert code == PARTLY
    assert "1 of 4 texts have no vector." in said
    assert "line 4: 'poison': The server answered 400" in said
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == ["one", "two", "三"]


def test_the_command_takes_the_key_from_the_variable_that_is_named(
    locked: FaultServer, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    code, said = run(locked, source, tmp_path / "out.csv", "--key-from", "MY_KEY")
    assert code == 0, said
    written = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert all(KEY not in content for content in [*written, said])
    code, said = run(locked, source, tmp_path / "out2.csv", "--key-from", "NOT_SET")
    assert code == 2
    assert "NOT_SET is not set" in said


def test_the_command_refuses_a_key_for_what_is_no_endpoint(source: Path, tmp_path: Path) -> None:
    arguments = ["embed", str(source), "-o", str(tmp_path / "a.npz"), "--model", "lexical"]
    made = CliRunner().invoke(app, [*arguments, "--key-from", "MY_KEY"])
    assert made.exit_code == 2
    assert "no endpoint" in made.stderr
