"""One line from all findings: what is wrong first, then what is open, then what is to be known."""

from __future__ import annotations

import pytest

from workbench.contracts import Answer, Ask, Attempt, Finding, Opening
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.verdict import reach_verdict

URL = "http://127.0.0.1:8000/v1"
EVIDENCE = Evidence(
    Opening(
        URL,
        URL,
        (Attempt(URL, Answer(Ask(("apple",)), "vectors")),),
        "tiny",
        label="vLLM 0.32.0",
    )
)
SOUND = Finding("parity", "ok", "All 16 texts agree")
WARNED = Finding("dimensions", "warn", "`dimensions` is ignored", "dimensions_ignored", "Cut them.")
LIMITED = Finding("limits", "unknown", "Nothing was asked")
OPEN = Finding("parity", "unknown", "Nothing is at hand", "nothing_to_compare", "Pass weights.")
WRONG = Finding("parity", "fail", "The end token is missing", "end_token_missing", "Convert it.")
VARIES = Finding("repeat", "fail", "Two answers", "two_clusters", "Upgrade.")


def test_a_sound_endpoint_is_named_with_what_says_so() -> None:
    verdict = reach_verdict(EVIDENCE, [SOUND, LIMITED], ())
    assert (verdict.status, verdict.cause) == ("ok", "")
    assert verdict.says == f"vLLM 0.32.0 at {URL} serves tiny. All 16 texts agree."


def test_the_first_that_is_wrong_is_named_with_its_mend_and_the_others_after_it() -> None:
    verdict = reach_verdict(EVIDENCE, [WARNED, VARIES, WRONG], ())
    assert (verdict.status, verdict.cause) == ("fail", "two_clusters")
    assert verdict.says == "Two answers. Upgrade. Also: end_token_missing."


def test_what_nobody_could_compare_goes_before_a_warning() -> None:
    verdict = reach_verdict(EVIDENCE, [OPEN, WARNED], ())
    assert (verdict.status, verdict.cause) == ("unknown", "nothing_to_compare")


def test_a_limit_that_nobody_asked_for_is_no_doubt_about_the_model() -> None:
    assert reach_verdict(EVIDENCE, [SOUND, LIMITED], ()).status == "ok"


@pytest.mark.parametrize(("accepted", "status"), [((), "warn"), (("dimensions",), "ok")])
def test_a_warning_counts_unless_it_is_known(accepted: tuple[str, ...], status: str) -> None:
    verdict = reach_verdict(EVIDENCE, [SOUND, WARNED], accepted)
    assert verdict.status == status
    assert ("to know" in verdict.says) == (status == "warn")


def test_what_is_wrong_cannot_be_accepted() -> None:
    assert reach_verdict(EVIDENCE, [WRONG], ("parity",)).status == "fail"


@pytest.mark.parametrize(
    ("symptom", "found", "named"),
    [
        ("texts_alike", "cls_pooling", "cls_pooling"),
        ("cache", "another_model", "another_model"),
        ("texts_alike", "another_model", "texts_alike"),
        ("cache", "unknown_recipe", "cache"),
    ],
)
def test_what_parity_explains_comes_after_it(symptom: str, found: str, named: str) -> None:
    alike = Finding("vectors", "fail", "Two texts share a vector", symptom)
    parity = Finding("parity", "fail", "Something else is wrong", found)
    assert reach_verdict(EVIDENCE, [alike, VARIES, parity], ()).cause == named


def test_what_parity_warns_of_is_said_once() -> None:
    stripped = Finding("parity", "warn", "White space is stripped", "whitespace_stripped")
    verdict = reach_verdict(EVIDENCE, [stripped, WARNED], ())
    assert verdict.says.count("White space is stripped") == 1
    assert verdict.says.endswith("One thing to know: `dimensions` is ignored.")
    assert reach_verdict(EVIDENCE, [stripped], ()).says.endswith("White space is stripped.")


def test_of_vectors_that_no_recipe_gives_the_token_counts_say_why() -> None:
    counts = Finding("tokens", "warn", "It counts 19 more", "query_prompt_added", "Turn it off.")
    unknown = Finding("parity", "fail", "No recipe fits", "unknown_recipe", "Compare.")
    verdict = reach_verdict(EVIDENCE, [counts, unknown], ())
    assert (verdict.status, verdict.cause) == ("fail", "query_prompt_added")
    assert verdict.says == "It counts 19 more. No recipe fits. Turn it off."
    assert reach_verdict(EVIDENCE, [counts, WRONG], ()).cause == "end_token_missing"
