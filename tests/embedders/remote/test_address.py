"""What a person pastes, and the address that comes of it."""

from __future__ import annotations

import random
import string

import pytest

from workbench.embedders.remote.address import (
    host_of,
    is_address,
    is_loopback,
    read_address,
    split_spec,
)
from workbench.errors import AddressError

V1 = "http://localhost:30000/v1"

SAME = [
    V1,
    f"{V1}/",
    f"{V1}//",
    f"{V1}/embeddings",
    f"{V1}/embeddings/",
    f"{V1}/chat/completions",
    f"{V1}/completions",
    f"{V1}/models",
    f"  {V1}\n",
    f'"{V1}"',
    f"'{V1}/'",
    f"`{V1}`",
    f"<{V1}>",
    "HTTP://LocalHost:30000/v1",
    "http:/localhost:30000/v1",
    "http:localhost:30000/v1",
    "http://localhost:30000//v1",
    "localhost:30000/v1",
    "//localhost:30000/v1/embeddings",
]


@pytest.mark.parametrize("pasted", SAME)
def test_each_way_to_write_it_is_the_same_address(pasted: str) -> None:
    address = read_address(pasted)
    assert (address.base_url, address.root) == (V1, "http://localhost:30000")
    assert address.candidates == (V1,), "with /v1 it is certain"


CASES = {
    "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "prefix": "https://gateway.example/team/embed/v1",
    "other version": "https://gateway.example/v3",
    "IPv6": "http://[::1]:8080/v1",
    "https port": "https://example.com:8443/v1",
    "IPv4": "http://192.168.1.7:8000/v1",
}


@pytest.mark.parametrize("base_url", CASES.values(), ids=CASES)
@pytest.mark.parametrize("ending", ["", "/", "/embeddings"])
def test_an_address_with_a_path_is_taken_as_it_is(base_url: str, ending: str) -> None:
    address = read_address(base_url + ending)
    assert address.base_url == base_url
    assert address.candidates == (base_url,)


@pytest.mark.parametrize("ending", ["", "/"])
def test_without_a_path_v1_is_tried_before_none(ending: str) -> None:
    address = read_address(f"http://localhost:7997{ending}")
    assert address.candidates == ("http://localhost:7997/v1", "http://localhost:7997")
    assert address.base_url == address.candidates[0]
    assert address.note == ""


def test_a_bare_route_says_that_there_is_no_v1() -> None:
    address = read_address("http://localhost:7997/embeddings")
    assert address.candidates == ("http://localhost:7997",)


@pytest.mark.parametrize("route", ["/api/embed", "/api/embeddings"])
def test_the_route_that_is_ollamas_own_leads_to_its_v1(route: str) -> None:
    address = read_address(f"http://localhost:11434{route}")
    assert address.base_url == "http://localhost:11434/v1"


@pytest.mark.parametrize(
    ("pasted", "note"),
    [
        (f"{V1}/embeddings", "took /embeddings off the end"),
        (f"{V1}/chat/completions", "took /chat/completions off the end"),
        ("localhost:30000/v1", "took http://, as the address names none"),
        ("http:/localhost:30000/v1", "put // behind http:"),
        ("http://localhost:30000//v1", "made one / of several"),
        ("http://0.0.0.0:30000/v1", "0.0.0.0 is where a server listens; asked at 127.0.0.1"),
    ],
)
def test_what_was_changed_is_said(pasted: str, note: str) -> None:
    assert note in read_address(pasted).note


@pytest.mark.parametrize("pasted", [V1, f"{V1}/", f" {V1} "])
def test_an_address_that_needs_no_change_has_no_note(pasted: str) -> None:
    assert read_address(pasted).note == ""


@pytest.mark.parametrize(
    ("pasted", "root"),
    [
        ("http://0.0.0.0:30000", "http://127.0.0.1:30000"),
        ("http://[::]:30000", "http://[::1]:30000"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_listening_address_becomes_one_that_can_be_asked(pasted: str, root: str) -> None:
    address = read_address(pasted)
    assert address.root == root
    assert is_loopback(address)


@pytest.mark.parametrize(
    "pasted",
    [
        "localhost",
        "localhost:30000",
        "LOCALHOST:30000",
        "127.0.0.1:8000/v1",
        "10.1.2.3:8000",
        "192.168.0.9",
        "[::1]:8000/v1",
        "gpu-box:8000",
        "hf-server:8000/v1",
        "nas.local",
    ],
)
def test_without_a_scheme_a_host_nearby_is_asked_by_http(pasted: str) -> None:
    assert read_address(pasted).root.startswith("http://")


@pytest.mark.parametrize(
    "pasted", ["api.example.com/v1", "api.example.com:8443/v1", "8.8.8.8:8000", "gateway"]
)
def test_without_a_scheme_a_host_elsewhere_is_not_guessed(pasted: str) -> None:
    with pytest.raises(AddressError) as caught:
        read_address(pasted)
    assert f"http://{pasted} or https://{pasted}" in str(caught.value)


def test_a_name_of_another_script_is_written_in_ascii() -> None:
    assert read_address("https://bücher.example/v1").root == "https://xn--bcher-kva.example"


REFUSED = {
    "empty": ("", "is empty"),
    "quotes only": (' "" ', "is empty"),
    "ftp": ("ftp://example.com/v1", "starts with ftp://"),
    "ws": ("ws://localhost:8000", r"starts with ws://. Allowed: http:// and https://"),
    "file": ("file:///etc/passwd", "starts with file://"),
    "no host": ("http://", "names no host"),
    "no host but a path": ("http:///v1", "names no host"),
    "no host but a port": ("http://:8000/v1", "names no host"),
    "a port alone": ("30000/v1", "names no host.*pass http://localhost:30000/v1"),
    "a port with its colon": (":30000", "names no host.*pass http://localhost:30000"),
    "port too large": ("http://localhost:65536", "0-65535"),
    "port 0": ("http://localhost:0/v1", "port 0"),
    "port of letters": ("http://localhost:abc", "is no address"),
    "negative port": ("http://localhost:-1", "is no address"),
    "broken IPv6": ("http://[::1", "is no address"),
    "two in one": (f"{V1}\n{V1}", "white space in its middle"),
    "a command": (f"curl {V1}", "white space in its middle"),
    "a label too long": (f"http://{'a' * 64}.com", "names no host"),
    "empty label": ("http://a..b/v1", "names no host"),
    "two hosts": ("http://a,b/v1", "names no host"),
    "backslash": ("http://local\\host/v1", "names no host"),
}


@pytest.mark.parametrize(("pasted", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_address_is_refused_with_its_reason(pasted: str, words: str) -> None:
    with pytest.raises(AddressError, match=words):
        read_address(pasted)


SECRET = "hunter2secret"
SECRETS = [
    f"http://user:{SECRET}@localhost:8000/v1",
    f"https://{SECRET}@api.example.com/v1",
    f"http://user:a/{SECRET}@localhost:8000",  # urllib takes the password for a port
    f"http://user:{SECRET}#x@localhost:8000",
    f"user:{SECRET}@localhost:8000",
    f"{SECRET}@api.example.com",
    f"http://user:{SECRET}%40localhost:8000/v1",
    f"http://localhost:8000/v1?api_key={SECRET}",
    f"api.example.com/v1?key={SECRET}",
    f"http://localhost:8000/v1#{SECRET}",
    f"http://?{SECRET}",
    f"sk-{SECRET}",
    f"hf_{SECRET}",
    f"{SECRET}0123456789abcdef0123456789",
]


@pytest.mark.parametrize("pasted", SECRETS)
def test_a_secret_in_an_address_is_refused_and_not_repeated(pasted: str) -> None:
    with pytest.raises(AddressError, match="key") as caught:
        read_address(pasted)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        (f"{V1}#Qwen/Qwen3-Embedding-0.6B", (V1, "Qwen/Qwen3-Embedding-0.6B")),
        (f"{V1}#name:tag", (V1, "name:tag")),
        (f"{V1}#a#b", (V1, "a#b")),
        (f"{V1}#", (V1, None)),
        (V1, (V1, None)),
        (f' "{V1}#name" ', (V1, "name")),
    ],
)
def test_a_spec_names_an_address_and_a_model(spec: str, parts: tuple[str, str | None]) -> None:
    assert split_spec(spec) == parts


@pytest.mark.parametrize(
    ("spec", "is_one"),
    [
        (V1, True),
        ("HTTPS://api.openai.com/v1#m", True),
        (f" '{V1}'", True),
        ("qwen3-0.6b", False),
        ("./http/model", False),
        ("Qwen/Qwen3-Embedding-0.6B", False),
        ("ftp://x", False),
        ("", False),
    ],
)
def test_a_spec_is_an_address_by_its_scheme(spec: str, is_one: bool) -> None:
    assert is_address(spec) is is_one


@pytest.mark.parametrize(
    ("pasted", "near"),
    [
        ("http://localhost:1", True),
        ("http://my.localhost:1", True),
        ("http://127.8.9.1:1", True),
        ("http://[::1]:1", True),
        ("http://192.168.1.1:1", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_loopback_is_told_by_the_whole_host(pasted: str, near: bool) -> None:
    assert is_loopback(read_address(pasted)) is near


def test_the_host_is_without_port_and_brackets() -> None:
    assert host_of(read_address("http://[::1]:8080/v1")) == "::1"
    assert host_of(read_address("http://Example.COM:8080/v1")) == "example.com"


def test_whatever_is_pasted_gives_an_address_or_an_address_error() -> None:
    chance = random.Random(0)
    marks = string.ascii_letters + string.digits + "://[]@?#%.。-_ \t\n\\\"'`<>*,;=&苹\u202e\x00"
    starts = ("", "http://", "https://", "localhost:", "http://[", "//", "http:")
    read = 0
    for _ in range(20_000):
        pasted = chance.choice(starts) + "".join(chance.choices(marks, k=chance.randrange(20)))
        try:
            address = read_address(pasted)
        except AddressError:
            continue
        read += 1
        assert is_address(address.base_url)
        assert address.base_url == address.base_url.rstrip("/")
        assert read_address(address.base_url).base_url in address.candidates
        assert host_of(address)
    assert read > 100, "premise: some of them are addresses"
