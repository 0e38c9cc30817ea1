"""Downloads from a hub that is really there, on the loopback."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.embedders.fake_hub import Hub, run_hub
from workbench.contracts import Progress
from workbench.embedders import (
    download,
    inspect_model,
    is_downloaded,
    load,
    models,
    plan,
    plan_download,
)
from workbench.errors import Cancelled, DownloadError, IncompleteModelError

NAME = "someone/tiny-embedding"
KNOWN = "Qwen/Qwen3-Embedding-0.6B"


@pytest.fixture
def hub(tiny_qwen3: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a model that also holds files nobody needs."""
    directory = tmp_path / "published"
    shutil.copytree(tiny_qwen3, directory)
    (directory / "README.md").write_text("# A model\n")
    (directory / "onnx").mkdir()
    (directory / "onnx" / "model.onnx").write_bytes(b"\0" * 50_000)
    (directory / "pytorch_model.bin").write_bytes(b"\0" * 50_000)
    served = Hub({NAME: directory, KNOWN: directory})
    with run_hub(served) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield served


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_plan_says_the_size_before_a_byte_moves(hub: Hub, cache: Path) -> None:
    plan = plan_download(NAME, cache_dir=cache)
    names = [file.name for file in plan.files]
    published = hub.models[NAME]
    assert set(names) == {
        path.relative_to(published).as_posix()
        for path in published.rglob("*.*")
        if path.suffix in {".json", ".safetensors"}
    }
    assert names[-1] == "model.safetensors", "weights last: they being whole means all is there"
    assert plan.bytes_total == sum((published / name).stat().st_size for name in names)
    assert plan.bytes_missing == plan.bytes_total
    assert plan.endpoint.startswith("http://127.0.0.1:")
    assert not any("resolve" in request for request in hub.requests)
    assert not cache.exists()


def test_a_download_is_whole_and_lies_in_the_hubs_own_cache(hub: Hub, cache: Path) -> None:
    from huggingface_hub import try_to_load_from_cache

    plan = plan_download(NAME, cache_dir=cache)
    directory = download(plan)
    assert inspect_model(directory).complete
    for file in plan.files:
        assert (directory / file.name).read_bytes() == (hub.models[NAME] / file.name).read_bytes()
        assert try_to_load_from_cache(NAME, file.name, cache_dir=cache, revision=plan.revision)
    assert not (directory / "pytorch_model.bin").exists()
    assert plan_download(NAME, cache_dir=cache).bytes_missing == 0


def test_progress_counts_bytes_up_to_the_announced_size(hub: Hub, cache: Path) -> None:
    hub.bytes_per_second = 2_000_000
    steps: list[Progress] = []
    plan = plan_download(NAME, cache_dir=cache)
    download(plan, progress=steps.append)
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == plan.bytes_total
    assert len({count for count in done if 0 < count < plan.bytes_total}) > 3
    assert {step.total for step in steps} == {plan.bytes_total}
    assert steps[0].message.startswith(f"{NAME}: ")


def test_a_broken_line_is_resumed_where_it_broke(hub: Hub, cache: Path) -> None:
    hub.cut_after = 40_960
    directory = download(plan_download(NAME, cache_dir=cache))
    assert inspect_model(directory).complete
    assert any("model.safetensors bytes=" in request for request in hub.requests)


def test_a_cancel_answers_within_a_second_and_the_next_download_resumes(
    hub: Hub, cache: Path
) -> None:
    hub.bytes_per_second = 150_000
    cancel = threading.Event()
    plan = plan_download(NAME, cache_dir=cache)
    moments: list[float] = []

    def watch(step: Progress) -> None:
        if step.done > plan.bytes_total // 4 and not cancel.is_set():
            moments.append(time.monotonic())
            cancel.set()

    with pytest.raises(Cancelled, match="bytes") as caught:
        download(plan, progress=watch, cancel=cancel)
    assert time.monotonic() - moments[0] < 3  # the rest of the file takes longer
    assert 0 < caught.value.done < plan.bytes_total
    assert not is_downloaded(NAME, revision=plan.revision, cache_dir=cache)
    again = plan_download(NAME, cache_dir=cache)
    assert 0 < again.bytes_missing < plan.bytes_total
    hub.bytes_per_second = None
    hub.requests.clear()
    assert inspect_model(download(again)).complete
    assert any("bytes=" in request for request in hub.requests)


def test_a_silent_line_does_not_keep_a_cancel_waiting(hub: Hub, cache: Path) -> None:
    hub.bytes_per_second = 500  # a piece of 4,096 bytes, then silence for eight seconds
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        download(plan_download(NAME, cache_dir=cache), cancel=cancel)
    assert time.monotonic() - started < 6


def test_a_server_without_ranges_starts_the_file_again(hub: Hub, cache: Path) -> None:
    hub.cut_after, hub.ranges = 40_960, False
    assert inspect_model(download(plan_download(NAME, cache_dir=cache))).complete


def test_bytes_that_do_not_hash_right_are_dropped_and_refused(hub: Hub, cache: Path) -> None:
    plan = plan_download(NAME, cache_dir=cache)
    weights = hub.models[NAME] / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DownloadError, match="SHA-256"):
        download(plan)
    assert not list(cache.rglob("*.partial"))
    assert not is_downloaded(NAME, cache_dir=cache)


def test_a_small_file_that_does_not_hash_right_is_refused_too(hub: Hub, cache: Path) -> None:
    plan = plan_download(NAME, cache_dir=cache)
    config = hub.models[NAME] / "config.json"
    content = config.read_bytes()
    assert len(plan.files[0].etag) == 40
    config.write_bytes(content.replace(b"qwen3", b"qwen4"))
    assert len(config.read_bytes()) == len(content)
    with pytest.raises(DownloadError, match=r"config\.json came with git SHA-1"):
        download(plan)
    assert not list(cache.rglob("snapshots/*/config.json"))


def test_a_file_of_no_bytes_comes_too(hub: Hub, cache: Path) -> None:
    (hub.models[NAME] / "added_tokens.json").write_bytes(b"")
    directory = download(plan_download(NAME, cache_dir=cache))
    assert (directory / "added_tokens.json").read_bytes() == b""


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("etag", ["../../../outside", "/outside", "", "abc", "A" * 64])
def test_an_etag_that_is_no_hash_is_refused_before_anything_is_written(
    hub: Hub, cache: Path, file: str, etag: str
) -> None:
    hub.etags[file] = etag
    said = rf"http://127\.0\.0\.1:\d+ names {file} by {etag!r}"
    with pytest.raises(DownloadError, match=said):
        plan_download(NAME, cache_dir=cache)
    assert not cache.exists()


def test_a_commit_that_is_no_hash_is_refused(hub: Hub, cache: Path) -> None:
    hub.commit = "../../outside"
    with pytest.raises(DownloadError, match=r"names its commit by '\.\./\.\./outside'"):
        plan_download(NAME, cache_dir=cache)


@pytest.mark.parametrize(
    "name", ["../config.json", "/config.json", "1_Pooling/../../config.json", "1_../config.json"]
)
def test_no_file_outside_the_models_folder_is_planned(name: str) -> None:
    assert not plan._NEEDED.fullmatch(name)


def test_the_hub_is_not_asked_a_second_time_what_a_content_is(hub: Hub, cache: Path) -> None:
    found = plan_download(NAME, cache_dir=cache)
    download(found)
    assert not any(request.startswith("HEAD") for request in hub.requests)
    assert len(hub.requests) == 1 + len(found.files)


def test_a_known_model_is_asked_for_at_its_pinned_commit(hub: Hub, cache: Path) -> None:
    plan = plan_download("qwen3-0.6b", cache_dir=cache)
    assert plan.model_id == KNOWN
    assert plan.revision == "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3"


def test_load_downloads_once_and_then_needs_no_network(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Progress] = []
    first = load(KNOWN, cache_dir=cache, progress=steps.append)
    assert {step.stage for step in steps} == {"download", "load"}
    assert first.info.revision == "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3"
    assert first.info.prompts["query"].endswith("\nQuery:")
    hub.requests.clear()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    second = load("qwen3-0.6b", cache_dir=cache)
    assert hub.requests == []
    assert second.info.name == KNOWN
    assert (second.embed(["苹果"]).vectors == first.embed(["苹果"]).vectors).all()
    assert models(cache_dir=cache).loc["qwen3-0.6b", "state"] == "in the cache"


def test_another_commit_in_the_cache_is_used_and_said(hub: Hub, cache: Path) -> None:
    main = download(plan_download(KNOWN, revision="main", cache_dir=cache))
    hub.requests.clear()
    embedder = load(KNOWN, cache_dir=cache)
    assert hub.requests == []
    assert embedder.info.revision == main.name
    assert any(f"the cache's own main is {main.name[:12]}" in n for n in embedder.info.notes)


def test_load_without_progress_says_the_size_in_one_line(
    hub: Hub, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(NAME, cache_dir=cache)
    hub.requests.clear()
    load(NAME, cache_dir=cache)
    assert hub.requests == [], "the second time it is here"
    said = capsys.readouterr().err
    assert said.splitlines()[0].startswith(f"{NAME}: 552 kB from http://127.0.0.1")


def test_an_unreachable_hub_is_named_with_a_way_out(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        DownloadError, match=r"127\.0\.0\.1:9: it cannot be reached.*wb\.load\('bundled'\)"
    ):
        load(KNOWN, cache_dir=cache)


def test_offline_mode_is_named(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE is set"):
        plan_download(NAME, cache_dir=cache)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, "RepoNotFound", "no such model, or a private one"),
        (404, "RepoNotFound", "no such model"),
        (404, "RevisionNotFound", "there is no revision 'v9'"),
        (403, "GatedRepo", "gated"),
        (500, None, "HTTP 500"),
    ],
)
def test_a_refusal_is_told_with_its_cause(
    hub: Hub, cache: Path, status: int, code: str | None, said: str
) -> None:
    hub.status, hub.error_code = status, code
    with pytest.raises(DownloadError, match=said) as caught:
        plan_download(NAME, revision="v9", cache_dir=cache)
    assert "wb.load('bundled')" in str(caught.value)
    assert "http://127.0.0.1" in str(caught.value)


def test_a_full_disk_is_told_before_a_byte_moves(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_download(NAME, cache_dir=cache)
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadError, match="1 kB are free"):
        download(plan)
    assert not any("resolve" in request for request in hub.requests)


def test_a_model_without_safetensors_is_refused_by_name(hub: Hub, cache: Path) -> None:
    (hub.models[NAME] / "model.safetensors").unlink()
    with pytest.raises(IncompleteModelError, match=r"pytorch_model\.bin"):
        plan_download(NAME, cache_dir=cache)


def test_two_downloads_at_once_share_the_work(hub: Hub, cache: Path) -> None:
    hub.bytes_per_second = 1_000_000
    plan = plan_download(NAME, cache_dir=cache)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(download, [plan, plan]))
    assert found[0] == found[1]
    assert inspect_model(found[0]).complete
    gets = [request for request in hub.requests if request.startswith("GET /someone/tiny")]
    assert len(gets) == len(plan.files)
