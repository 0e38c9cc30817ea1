"""Files and uploads: format by suffix, encoding by bytes, errors that name the file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.texts import ParsedTexts, parse_texts, read_texts, read_texts_from_bytes


def texts(parsed: ParsedTexts) -> list[str]:
    return [item.text for item in parsed.items]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "苹果\nb c\n"),
        ("a.md", "苹果\nb c\n"),
        ("A.CSV", "text\n苹果\nb c\n"),
        ("a.tsv", "id\ttext\n1\t苹果\n2\tb c\n"),
        ("a.jsonl", '"苹果"\n"b c"\n'),
        ("a.ndjson", '{"text": "苹果"}\n{"text": "b c"}\n'),
        ("a.json", '["苹果", "b c"]'),
        ("b.json", '[{"text": "苹果"},\n {"text": "b c"}]'),
    ],
)
def test_the_suffix_says_how_a_file_is_read(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert texts(read_texts(path)) == ["苹果", "b c"]
    assert texts(read_texts(str(path))) == ["苹果", "b c"]
    assert texts(read_texts_from_bytes(name, content.encode())) == ["苹果", "b c"]


def test_parquet_gives_texts_kinds_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = {
        "text": ["苹果\r\n", None, " b"],
        "kind": ["zh", "en", "code"],
        "topic": ["x", "y", "z"],
    }
    pd.DataFrame(rows).to_parquet(path)
    parsed = read_texts(path, label_column="topic")
    assert [(i.text, i.kind, i.line, i.label) for i in parsed.items] == [
        ("苹果\r\n", "zh", 1, "x"),
        (" b", "code", 3, "z"),
    ]
    assert [(issue.line, issue.what) for issue in parsed.issues] == [(2, "missing")]


def test_an_upload_brings_its_labels() -> None:
    parsed = read_texts_from_bytes("a.csv", b"text,topic\na,x\nb,y\n")
    assert [item.label for item in parsed.items] == ["x", "y"]


def test_a_mode_overrides_the_suffix_and_serves_unknown_ones() -> None:
    assert texts(read_texts_from_bytes("a.txt", b"a\nb\n\nc", mode="blocks")) == ["a\nb", "c"]
    assert texts(read_texts_from_bytes("a.log", b"a\nb", mode="lines")) == ["a", "b"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_unicode_with_its_mark_is_read_in_silence(encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    parsed = read_texts_from_bytes("a.csv", mark + "text\n苹果\n".encode(encoding))
    assert (texts(parsed), parsed.issues, parsed.columns) == (["苹果"], (), ("text",))


def test_gb18030_is_read_and_said() -> None:
    parsed = read_texts_from_bytes("a.txt", "苹果\n水果".encode("gb18030"))
    assert texts(parsed) == ["苹果", "水果"]
    assert [(issue.line, issue.what) for issue in parsed.issues] == [(1, "encoding")]
    assert "Read as GB18030, because byte 2 (0xb9) is not utf-8" in parsed.issues[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9 au lait", r"^a\.txt: .*byte 3 \(0xe9\) is not utf-8, and the file is not GB"),
        (b"\xff\xfea", r"^a\.txt: .*is not utf-16. Save it as UTF-8"),
        (b"\xef\xbb\xbfa\xff", r"byte \d+ \(0x\w\w\) is not utf-8"),
    ],
    ids=["latin-1", "odd utf-16", "broken after its mark"],
)
def test_bytes_that_cannot_be_decoded_are_named(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_texts_from_bytes("a.txt", content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", r"a\.txt is empty \(0 bytes\)"),
        (
            "a.pdf",
            b"%PDF",
            r"a\.pdf: the suffix '\.pdf' is unknown. Allowed are \.txt, \.md, \.csv",
        ),
        ("a", b"a", r"a: the suffix '' is unknown"),
        ("a.csv", b"text,n\na\n", r"a\.csv: Line 2 has 1 fields"),
        ("a.json", b'{"text": "a"}', r"a\.json: JSON needs a list .* found dict"),
        ("a.json", b'["a",\n b]', r"a\.json: Line 2, column 2 is not JSON"),
        ("a.parquet", b"PAR1 not", r"a\.parquet: This is not a Parquet file"),
    ],
    ids=["empty", "suffix", "no suffix", "ragged", "no list", "bad JSON", "bad parquet"],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(
    name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_texts_from_bytes(name, content)


def test_a_mode_has_no_meaning_for_parquet() -> None:
    with pytest.raises(InputError, match="mode='lines' splits text files, and this is Parquet"):
        read_texts_from_bytes("a.parquet", b"PAR1", mode="lines")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.txt does not exist \(looked in "):
        read_texts(tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match="is a folder; name one file in it"):
        read_texts(tmp_path)


def test_a_list_in_json_is_numbered_by_its_elements() -> None:
    parsed = read_texts_from_bytes("a.json", json.dumps(["a", "", "b"], indent=2).encode())
    assert [(item.text, item.line) for item in parsed.items] == [("a", 1), ("b", 3)]


@pytest.mark.timeout(120)  # two seconds or so; each line once more for each line would take hours
@pytest.mark.parametrize("mode", ["lines", "csv"])
def test_a_hundred_thousand_lines_are_read(mode: str) -> None:
    kinds = ("苹果是一种常见的水果 %d", "The weather is lovely on day %d", "x%d = pd.read_csv('a')")
    lines = ["text", *(kinds[n % 3] % n for n in range(100_000))]
    parsed = parse_texts("\n".join(lines), mode=mode)  # type: ignore[arg-type]
    assert len(parsed) >= 100_000


def test_importing_the_room_loads_no_pandas() -> None:
    program = "import sys, workbench.texts; print(*{'pandas', 'pyarrow', 'torch'} & {*sys.modules})"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
