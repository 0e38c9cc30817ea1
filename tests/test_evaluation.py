"""``wb.evaluate`` and ``workbench evaluate``: real embedders, the built-in tasks and own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.cli import app

RUN = CliRunner()


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tsv"
    lines = [f"{n % 6}.0\tapple {n}\t{'apple' if n % 6 > 2 else 'tax'} {n}" for n in range(24)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_name_and_a_built_in_task_are_enough() -> None:
    found = wb.evaluate("lexical", "sts-en", cost=False, draws=100)
    assert [one.label for one in found.embedders] == ["lexical"]
    main = found.embedders[0].tasks[0].main
    assert (main.metric, main.n) == ("spearman", 167)
    assert main.interval is not None
    assert main.interval.low < main.value < main.interval.high
    assert found.embedders[0].cost is None


def test_own_files_stand_beside_built_in_tasks_and_costs_are_measured(pairs: Path) -> None:
    found = wb.evaluate({"a": "lexical", "b": "bundled"}, [pairs], draws=100)
    assert [one.label for one in found.embedders] == ["a", "b"]
    assert found.embedders[0].tasks[0].source.path == str(pairs)
    cost = found.embedders[1].cost
    assert cost is not None
    assert cost.vector_bytes == 384 * 4
    assert len(cost.batch_seconds) >= 3
    assert cost.weights_bytes is not None
    assert cost.weights_bytes > 80_000_000
    assert [one.verdict for one in found.differences]


def test_a_manifest_runs_again_to_the_same_scores(pairs: Path) -> None:
    first = wb.evaluate("lexical", [pairs], cost=False, draws=100, seed=3)
    again = wb.rerun(first.manifest)
    assert again.embedders[0].tasks[0].main.value == first.embedders[0].tasks[0].main.value
    assert again.embedders[0].tasks[0].main.interval == first.embedders[0].tasks[0].main.interval
    assert again.manifest["again"]["differs"] == []  # type: ignore[index]


def test_a_file_that_changed_is_not_run_again_as_if_it_had_not(pairs: Path) -> None:
    first = wb.evaluate("lexical", [pairs], cost=False, draws=100)
    pairs.write_text(pairs.read_text() + "\n1.0\tone\tmore\n", encoding="utf-8")
    with pytest.raises(wb.InputError, match="is not what it was"):
        wb.rerun(first.manifest)


def test_a_task_that_is_nowhere_is_an_error_that_lists_the_built_in_ones() -> None:
    with pytest.raises(wb.InputError, match=r"no built-in task.*sts-zh"):
        wb.evaluate("lexical", "sts-fr", cost=False)


def test_the_command_writes_every_form_and_runs_again(pairs: Path, tmp_path: Path) -> None:
    forms = {form: tmp_path / f"out.{form}" for form in ("markdown", "csv", "html", "json")}
    given = ["evaluate", "--model", "lexical", "--task", str(pairs), "--no-cost", "--draws", "100"]
    for form, path in forms.items():
        given += [f"--{form}", str(path)]
    done = RUN.invoke(app, given)
    assert done.exit_code == 0, done.output
    assert "n=24" in forms["markdown"].read_text(encoding="utf-8")
    assert forms["html"].read_text(encoding="utf-8").lower().startswith("<!doctype")
    assert "spearman" in forms["csv"].read_text(encoding="utf-8")
    kept = json.loads(forms["json"].read_text(encoding="utf-8"))
    assert kept["kind"]
    refused = RUN.invoke(app, given)
    assert refused.exit_code == 2
    assert "exists" in refused.output
    again = RUN.invoke(app, ["evaluate", "--again", str(forms["json"])])
    assert again.exit_code == 0, again.output
    assert "n=24" in again.stdout


def test_the_command_prints_the_report_and_lists_the_built_in_tasks(pairs: Path) -> None:
    done = RUN.invoke(
        app, ["evaluate", "--model", "lexical", "--task", str(pairs), "--kind", "sts", "--no-cost"]
    )
    assert "## Scores" in done.stdout
    listed = RUN.invoke(app, ["evaluate", "--list"]).stdout
    assert all(task.name in listed for task in wb.builtin_tasks())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--prompt", "why"], "query=…"),
        (["--task", "nothing.tsv"], "no built-in task"),
        (["--task", "sts-en", "--kind", "stss"], "kind"),
        (["--html", "no/such/folder.html"], "folder that exists"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(given: list[str], said: str) -> None:
    done = RUN.invoke(app, ["evaluate", "--model", "lexical", *given])
    assert done.exit_code == 2
    assert said in done.output


def test_the_panel_opens_on_what_this_machine_has() -> None:
    panel = wb.evaluation_panel(tasks=["sts-en"])
    try:
        found = panel.evaluate(["lexical"], ["sts-en"])
        assert [one.tasks[0].n for one in found.embedders] == [167]
    finally:
        panel.close()
