"""A key that nothing shows, and to whom it is sent."""

from __future__ import annotations

import copy
import getpass
import json
import pickle
import traceback
from urllib.parse import quote

import pytest

from tests.embedders.remote import faults as f
from tests.embedders.remote.fault_server import FaultServer
from workbench.embedders.remote import connect
from workbench.embedders.remote.address import Address, read_address
from workbench.embedders.remote.keys import (
    NO_KEY,
    OWN_VARIABLE,
    ApiKey,
    find_key,
    scrub,
    scrub_bytes,
    usual_variable,
)
from workbench.embedders.remote.presets import PRESETS
from workbench.errors import InputError, KeyRefusedError

SECRET = "sk-0123456789abcdef"
HERE = read_address("http://localhost:30000/v1")
ELSEWHERE = read_address("https://models.example.com/v1")
SERVICES = {preset.key_env: read_address(preset.base_url) for preset in PRESETS if preset.key_env}
ALL_SET = {name: f"sk-of-{name}" for name in [*SERVICES, OWN_VARIABLE] if name}


def test_no_way_to_show_it_shows_it() -> None:
    key = ApiKey(SECRET)
    shown = [repr(key), str(key), f"{key}", f"{key!s:>30}", f"{key:>30}", "%s %r" % (key, key)]  # noqa: UP031
    shown += [repr([key]), repr({"key": key}), format(key), "{}".format(key), ascii(key)]  # noqa: UP032
    for text in shown:
        assert "0123456789" not in text
        assert "ApiKey(***)" in text
    assert key.reveal() == SECRET
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps({"key": ApiKey(SECRET)}, protocol=protocol)
    assert SECRET not in str(caught.value)


def test_it_is_not_written_as_json() -> None:
    with pytest.raises(TypeError, match="not JSON serializable") as caught:
        json.dumps({"key": ApiKey(SECRET)})
    assert SECRET not in str(caught.value)


def test_a_copy_is_the_same_key() -> None:
    key = ApiKey(SECRET, variable="SOME_KEY")
    for other in (copy.copy(key), copy.deepcopy([key])[0]):
        assert other == key
        assert other.variable == "SOME_KEY"


def test_keys_are_compared_by_their_secret_and_with_nothing_else() -> None:
    assert ApiKey(SECRET) == ApiKey(f" {SECRET}\n")
    assert hash(ApiKey(SECRET)) == hash(ApiKey(SECRET))
    assert ApiKey(SECRET) != ApiKey(f"{SECRET}x")
    assert ApiKey(SECRET) != SECRET


def test_a_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", SECRET)
    key = ApiKey.from_env("SOME_KEY")
    assert (key.reveal(), key.variable) == (SECRET, "SOME_KEY")


@pytest.mark.parametrize(("value", "words"), [(None, "is not set"), ("", "is empty"), (" ", "is")])
def test_a_variable_without_a_key_is_named(
    value: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(InputError, match=f"SOME_KEY {words}"):
        ApiKey.from_env("SOME_KEY")


def test_a_key_is_asked_for_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def type_it(prompt: str) -> str:
        asked.append(prompt)
        return f"{SECRET}\n"

    monkeypatch.setattr(getpass, "getpass", type_it)
    assert ApiKey.ask("The key, please: ").reveal() == SECRET
    assert asked == ["The key, please: "]


REFUSED = {
    "empty": ("", "is empty"),
    "white space": (" \n", "is empty"),
    "Bearer": (f"Bearer {SECRET}", "Pass what follows that word"),
    "bearer": (f"bearer\t{SECRET}", "Pass what follows that word"),
    "whole header": (f"Authorization: Bearer {SECRET}", "Pass what follows that word"),
    "header without the word": (f"authorization:{SECRET}", "Pass what follows that word"),
    "quotes": (f'"{SECRET}"', "in quotes"),
    "single quotes": (f"'{SECRET}'", "in quotes"),
    "space inside": (f"{SECRET} x", "holds a space"),
    "line break inside": (f"{SECRET}\r\nX-Other: 1", "a line break"),
    "NUL": (f"{SECRET}\0", "a line break"),
    "Chinese": (f"{SECRET}密钥", "outside ASCII"),
    "no-break space": (f"{SECRET}\u00a0x", "outside ASCII"),
    "zero width": (f"\u200b{SECRET}", "outside ASCII"),
}


@pytest.mark.parametrize(("pasted", "words"), REFUSED.values(), ids=REFUSED)
def test_what_no_header_carries_is_refused_and_not_repeated(pasted: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        ApiKey(pasted)
    trace = caught.value.__traceback__
    assert trace is not None
    inner = caught.value.with_traceback(trace.tb_next)  # this function's own names aside
    told = traceback.TracebackException.from_exception(inner, capture_locals=True)
    assert "0123456789" not in "".join(told.format())


def test_a_key_of_another_type_is_refused() -> None:
    with pytest.raises(InputError, match="of type bytes"):
        ApiKey(SECRET.encode())  # type: ignore[arg-type]


@pytest.mark.parametrize("pasted", [f"{SECRET}\n", f"  {SECRET}", f"\t{SECRET}\r\n"])
def test_white_space_of_a_paste_is_taken_off_and_noted(pasted: str) -> None:
    key, note = find_key(pasted, HERE, environ={})
    assert key.reveal() == SECRET
    assert note == "took white space off the ends of the key"
    assert find_key(ApiKey(pasted), HERE, environ={}) == (key, note)
    assert ApiKey(SECRET).note == ""


@pytest.mark.parametrize("given", [SECRET, ApiKey(SECRET)])
def test_a_given_key_goes_before_the_environment(given: str | ApiKey) -> None:
    assert find_key(given, HERE, environ=ALL_SET) == (ApiKey(SECRET), "")


@pytest.mark.parametrize(("name", "address"), SERVICES.items(), ids=map(str, SERVICES))
@pytest.mark.parametrize("given", [None, ""])
def test_each_service_gets_its_own_key(name: str, address: Address, given: str | None) -> None:
    key, note = find_key(given, address, environ=ALL_SET)
    assert key.reveal() == ALL_SET[name]
    assert note == f"key from the environment variable {name}"
    assert (key.variable, usual_variable(key, address)) == (name, name)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost:30000/v1",
        "https://models.example.com/v1",
        "https://api.openai.com.example.org/v1",
        "https://example.org/api.openai.com/v1",
        "https://xapi.openai.com/v1",
        "https://openrouter.ai.example.org/api/v1",
    ],
)
def test_a_services_key_goes_to_no_other_host(base_url: str) -> None:
    address = read_address(base_url)
    services = {name: value for name, value in ALL_SET.items() if name != OWN_VARIABLE}
    assert services, "premise: there are keys that could go astray"
    assert find_key(None, address, environ=services) == (ApiKey(NO_KEY), "")
    key, _ = find_key(None, address, environ=ALL_SET)
    assert key.reveal() == ALL_SET[OWN_VARIABLE]


@pytest.mark.parametrize(("name", "address"), SERVICES.items(), ids=map(str, SERVICES))
def test_a_service_gets_no_other_key(name: str, address: Address) -> None:
    others = {other: value for other, value in ALL_SET.items() if other != name}
    key, _ = find_key(None, address, environ=others)
    assert key.is_none


def test_a_services_key_is_not_sent_unsealed() -> None:
    address = read_address("http://api.openai.com/v1")
    key, note = find_key(None, address, environ=ALL_SET)
    assert key.is_none
    assert note == "OPENAI_API_KEY is not sent, as http:// would show it on its way"


def test_the_process_environment_is_what_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OWN_VARIABLE, SECRET)
    assert find_key(None, HERE)[0] == ApiKey(SECRET)
    monkeypatch.delenv(OWN_VARIABLE)
    assert find_key(None, HERE)[0].is_none


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_none(value: str) -> None:
    key, note = find_key(None, ELSEWHERE, environ={OWN_VARIABLE: value})
    assert (key.reveal(), key.is_none, note) == ("EMPTY", True, "")


def test_a_variable_with_a_line_break_at_its_end_is_used_and_noted() -> None:
    key, note = find_key(None, HERE, environ={OWN_VARIABLE: f"{SECRET}\n"})
    assert key.reveal() == SECRET
    assert note.startswith(f"key from the environment variable {OWN_VARIABLE}; took white space")


ODD = "s3cret/with\"odd\\marks+&<'=%"
FORMS = {
    "plain": ODD,
    "JSON": json.dumps({"message": f"bad key {ODD}"}),
    "JSON with slashes escaped": json.dumps(ODD).replace("/", "\\/"),
    "JSON as Go writes it": json.dumps(ODD).replace("&", "\\u0026").replace("<", "\\u003c"),
    "URL": f"http://host/?key={quote(ODD, safe='')}",
    "path": f"http://host/{quote(ODD)}",
    "repr": repr({"key": ODD}),
    "HTML": f"<p>bad key {ODD.replace('&', '&amp;').replace('<', '&lt;')}</p>".replace(
        '"', "&quot;"
    ).replace("'", "&#x27;"),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_each_form_of_the_key_is_hidden(text: str) -> None:
    key = ApiKey(ODD)
    for shown in (scrub(text, key), scrub_bytes(text.encode(), key).decode()):
        assert "s3cret" not in shown
        assert "marks" not in shown
        assert shown.count("***") == 1


def test_a_reply_with_a_key_in_its_json_stays_json() -> None:
    body = json.dumps({"error": {"message": f"bad key {ODD}!"}}).encode()
    assert json.loads(scrub_bytes(body, ApiKey(ODD))) == {"error": {"message": "bad key ***!"}}


@pytest.mark.parametrize("secret", [NO_KEY, "a", "key", "12345"])
def test_what_is_no_secret_or_too_short_leaves_words_as_they_are(secret: str) -> None:
    text = "EMPTY input: a key of 12345 characters"
    assert scrub(text, ApiKey(secret)) == text
    assert scrub_bytes(text.encode(), ApiKey(secret)) == text.encode()


def test_bytes_without_the_key_are_not_copied() -> None:
    body = b"\xff\xfe no text at all" * 100
    assert scrub_bytes(body, ApiKey(SECRET)) is body


def test_a_key_that_a_server_repeats_in_escaped_form_is_not_shown() -> None:
    with FaultServer() as server:
        server.fault = f.says(401, {"error": {"message": f"{ODD} is no key of ours"}})
        with pytest.raises(KeyRefusedError, match=r"\*\*\* is no key of ours") as caught:
            connect(server.base_url, key=ODD)
        assert server.asked[-1].headers["authorization"] == f"Bearer {ODD}", "premise: it is sent"
    assert "s3cret" not in str(caught.value)
