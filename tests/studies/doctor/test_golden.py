"""Vectors of a trusted endpoint are kept, read again, and others held against them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.embedders.remote.fault_server import (
    MODEL,
    Call,
    Fault,
    FaultServer,
    Reply,
    as_json,
    vector_of,
)
from tests.studies.doctor.toys import DIM, END, Vector, healthy, right, serve
from workbench.contracts import Ask, Budget, Finding
from workbench.embedders.remote.line import EndpointLine
from workbench.errors import EndpointError, InputError
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.golden import read_golden, save_golden
from workbench.studies.doctor.parity import PROBE
from workbench.studies.doctor.texts import SPACED, TEXTS

KEY = "sk-not-to-be-found-anywhere"
TOKEN = "<|endoftext|>"
QWEN = "qwen3-embedding-toy"


def without_end(text: str) -> Vector:
    """(DIM,) of a server that appends none, and knows it where it stands in a text."""
    return vector_of(text.replace(TOKEN, END), DIM)


def by(vector: Callable[[str], Vector]) -> Fault:
    return serve(lambda call: [vector(text) for text in call.texts])


@contextmanager
def examined(
    fault: Fault, *, model: str = MODEL, key: str | None = None
) -> Iterator[tuple[EndpointLine, Evidence]]:
    with FaultServer(fault, dim=DIM) as server:
        line = EndpointLine(server.base_url, model, key=key, budget=Budget(100, 100_000))
        try:
            evidence = Evidence(line.open())
            evidence.alone = line.ask([Ask((text,)) for text in TEXTS])
            yield line, evidence
        finally:
            line.close()


def save(path: Path, fault: Fault | None = None, **more: Any) -> Path:
    with examined(fault or serve(healthy), **more) as (line, evidence):
        save_golden(path, line, evidence)
    return path


def hold(path: Path, fault: Fault) -> Finding:
    """What the probe says of a server against a golden file."""
    with examined(fault) as (line, evidence):
        evidence.reference = read_golden(path)
        assert PROBE.ask is not None
        PROBE.ask(line, evidence)
        return PROBE.judge(evidence)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("golden") / "golden.json")


def test_what_was_saved_is_read_again_to_the_bit(golden: Path) -> None:
    read = read_golden(golden)
    wanted = np.stack([right(text) for text in TEXTS])
    np.testing.assert_allclose(read.vectors(TEXTS), wanted, atol=1e-7)
    again = read_golden(golden)
    assert np.array_equal(read.vectors(TEXTS), again.vectors(TEXTS))
    assert read.kind == "golden"
    assert read.model == MODEL
    assert read.model in read.label


def test_altered_texts_are_kept_as_variants(golden: Path) -> None:
    read = read_golden(golden)
    assert read.variants == ("right", "stripped", "newlines_to_spaces", "lowercased")
    rows = read.vectors([TEXTS[place] for place in SPACED], "stripped")
    wanted = np.stack([right(TEXTS[place].strip()) for place in SPACED])
    np.testing.assert_allclose(rows, wanted, atol=1e-7)


def test_a_qwen_is_asked_for_its_prompt_its_template_and_a_second_end_too(tmp_path: Path) -> None:
    read = read_golden(save(tmp_path / "golden.json", model=QWEN))
    added = {"double_end", "query_prompt", "query_prompt_twice", "chat_template"}
    assert added <= set(read.variants)


def test_tokens_are_kept_as_the_server_counted_them(golden: Path) -> None:
    read = read_golden(golden)
    assert read.count_tokens("apple") == 2
    assert read.count_tokens("no text of the doctor") is None


def test_neither_key_nor_address_is_in_the_file(tmp_path: Path) -> None:
    content = save(tmp_path / "golden.json", key=KEY).read_text("utf-8")
    assert KEY not in content
    assert "127.0.0.1" not in content


def test_the_same_server_agrees_with_its_file(golden: Path) -> None:
    found = hold(golden, serve(healthy))
    assert (found.status, found.cause) == ("ok", "")


def test_a_missing_end_token_is_named_by_appending_it(golden: Path) -> None:
    found = hold(golden, by(without_end))
    assert (found.status, found.cause) == ("fail", "end_token_missing")
    assert "all 16 texts match once <|endoftext|> is appended" in found.says
    assert found.confidence is not None
    assert found.confidence > 0.99


def test_the_end_token_is_not_asked_for_where_the_vectors_are_right(golden: Path) -> None:
    with examined(serve(healthy)) as (line, evidence):
        evidence.reference = read_golden(golden)
        before = line.spent.requests
        assert PROBE.ask is not None
        PROBE.ask(line, evidence)
        assert line.spent.requests == before


def test_stripped_white_space_is_named(golden: Path) -> None:
    found = hold(golden, by(lambda text: right(text.strip())))
    assert (found.status, found.cause) == ("warn", "whitespace_stripped")


def test_another_models_vectors_are_named(golden: Path) -> None:
    found = hold(golden, by(lambda text: right(text + " by another")))
    assert (found.status, found.cause) == ("fail", "another_model")


@pytest.mark.parametrize("probe", ["repeat", "batch"])
def test_an_endpoint_that_cannot_be_trusted_is_not_kept(tmp_path: Path, probe: str) -> None:
    finding = Finding(probe, "fail", "The same request has two answers", "two_clusters")
    path = tmp_path / "golden.json"
    with examined(serve(healthy)) as (line, evidence):
        with pytest.raises(EndpointError, match=r"two answers.*force=True"):
            save_golden(path, line, evidence, findings=[finding])
        assert not path.exists()
        save_golden(path, line, evidence, findings=[finding], force=True)
    assert read_golden(path).variants[0] == "right"


def test_an_endpoint_that_lacks_a_vector_is_not_kept(tmp_path: Path) -> None:
    def one_null(server: FaultServer, call: Call) -> Reply:
        if list(call.texts) == [TEXTS[3]]:
            return as_json({"data": [{"index": 0, "embedding": None}]})
        return serve(healthy)(server, call)

    with (
        examined(one_null) as (line, evidence),
        pytest.raises(EndpointError, match="sound vector of each of the 16 texts"),
    ):
        save_golden(tmp_path / "golden.json", line, evidence)


def test_a_variant_that_is_refused_is_left_out(tmp_path: Path) -> None:
    def refuses_many(server: FaultServer, call: Call) -> Reply:
        if len(call.texts) > 6:
            return as_json({"error": {"message": "too many inputs"}}, status=422)
        return serve(healthy)(server, call)

    read = read_golden(save(tmp_path / "golden.json", refuses_many))
    assert read.variants == ("right", "stripped", "newlines_to_spaces")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        examined(serve(healthy)) as (line, evidence),
        pytest.raises(InputError, match="cannot be written: No such file or directory"),
    ):
        save_golden(tmp_path / "none" / "golden.json", line, evidence)


def spoil(golden: Path, out: Path, **changes: Any) -> Path:
    content = json.loads(golden.read_text("utf-8")) | changes
    out.write_text(json.dumps(content), "utf-8")
    return out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "x"}, '"format" has to be'),
        ({"version": 2}, "is of version 2; this workbench reads version 1"),
        ({"texts_sha256": "0" * 64}, "holds vectors of other texts"),
        ({"variants": {"right": "no base64!"}}, "is damaged"),
        ({"variants": {"right": "AACAPw=="}}, "is damaged"),
        ({"variants": {}}, "is damaged"),
        ({"variants": None}, "is damaged"),
        ({"tokens": [1]}, "is damaged"),
        ({"dim": 0}, "is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    golden: Path, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        read_golden(spoil(golden, tmp_path / "spoilt.json", **changes))


def test_a_file_that_is_not_there_or_no_json_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: No such file.*--save"):
        read_golden(tmp_path / "none.json")
    page = tmp_path / "page.json"
    page.write_text("<html>", "utf-8")
    with pytest.raises(InputError, match="it is not JSON"):
        read_golden(page)


def test_what_a_file_does_not_hold_is_refused(golden: Path) -> None:
    read = read_golden(golden)
    with pytest.raises(InputError, match="holds the 16 texts of the doctor only"):
        read.vectors(["another text"])
    with pytest.raises(InputError, match="variant='mean' is not in"):
        read.vectors(TEXTS, "mean")
    with pytest.raises(InputError, match="has no tokenizer"):
        read.cut("a text", 4)
