"""What is to be said of how a server treats long texts."""

from __future__ import annotations

from workbench.contracts import Answer, Finding, Status
from workbench.studies.doctor.caching import suspect_cache
from workbench.studies.doctor.company import find_own, has_one_vector
from workbench.studies.doctor.cutting import (
    find_cut,
    find_failure,
    find_limit,
    find_longest,
    find_refusal,
)
from workbench.studies.doctor.drift import name_answer
from workbench.studies.doctor.endings import judge_end
from workbench.studies.doctor.evidence import Evidence
from workbench.studies.doctor.lengths import find_model_length

USUAL_CHUNK = 512
"""Tokens of the chunks that are commonly indexed: what is cut below spoils most of them."""
_NEAR = 0.9
"""A limit of this share of the model's length is the model's own: servers keep a few tokens."""
_RAISE = {
    "llamacpp": "Start llama-server with --ctx-size, --batch-size and --ubatch-size all as long as "
    "the longest text.",
    "vllm": "Start vLLM with a larger --max-model-len.",
    "sglang": "Start SGLang with a larger --context-length.",
    "tei": "Start TEI with a larger --max-batch-tokens, and with --auto-truncate false to be told.",
    "ollama": "Raise num_ctx in the Modelfile, and send truncate: false to be told.",
    "infinity": "Raise max_seq_length in the model's sentence_bert_config.json.",
}
_SPLIT = "Until then split texts before they are sent."
_LIMITS = "llama.cpp issue 12836, ollama issue 14186, TEI pull request 829"


def judge_length(evidence: Evidence) -> Finding:
    """The finding of the probe "truncation"."""
    failure = find_failure(evidence)
    longest = find_longest(evidence)
    if not evidence.cuts or (not longest and failure is None and find_refusal(evidence) is None):
        return Finding("truncation", "unknown", "No long text was asked for")
    if failure is not None:
        return _name_failure(evidence, *failure)
    found = find_cut(evidence)
    if found is not None:
        return _name_cut(evidence, *found)
    refusal = find_refusal(evidence)
    if refusal is not None:
        return _name_refusal(evidence, refusal)
    return _name_whole(evidence, longest)


def _name_failure(evidence: Evidence, tokens: int, answer: Answer) -> Finding:
    """A long text that came as NaN, or ended in an error or in nothing."""
    line = (f"a text of about {tokens:,} tokens: {name_answer(answer)}",)
    numbers = {"tokens": tokens}
    if answer.outcome in ("vectors", "reply"):
        return Finding(
            "truncation",
            "fail",
            f"Texts of about {tokens:,} tokens have no usable vector",
            "long_texts_unusable",
            "Compute in bfloat16 or float32 instead of float16, or upgrade the server.",
            "Qwen3-Embedding issue 164, ollama issue 15582, llama.cpp issue 26044",
            line,
            numbers,
        )
    if answer.kind == "busy":
        says = f"The server was too busy for a text of about {tokens:,} tokens"
        return Finding("truncation", "unknown", says, evidence=line, numbers=numbers)
    late = answer.kind == "timeout"
    known = find_model_length(evidence) or evidence.opening.max_tokens
    status: Status = "fail" if known is not None and tokens <= known and not late else "warn"
    return Finding(
        "truncation",
        status,
        f"A text of about {tokens:,} tokens "
        + ("is not answered in time" if late else "ends in an error"),
        "long_texts_time_out" if late else "long_texts_fail",
        "Read the server's log of this moment, and split texts before they are sent. Nothing "
        "longer was asked for.",
        "vllm issue 29496" if late else "llama.cpp issue 12836",
        line,
        numbers,
    )


def _name_cut(evidence: Evidence, low: int, high: int) -> Finding:
    """A server that cuts and says nothing."""
    if has_one_vector(find_own(evidence.alone)):
        says = "Nothing can be said of long texts: all texts have one vector"
        return Finding("truncation", "unknown", says)
    if suspect_cache(evidence) is not None:
        says = "Nothing can be said of long texts: a cache takes texts that begin alike for one"
        return Finding("truncation", "unknown", says)
    model = find_model_length(evidence)
    lines = [
        f"texts that differ after {high:,} tokens only have one vector, after {low:,} two",
    ]
    if model is not None:
        lines.append(f"the model takes {model:,} tokens")
    lines.append(f"tokens are counted by {evidence.counted_by or 'nobody'}")
    end = judge_end(evidence, low, high)
    if end is not None:
        lines.append(end.says)
    own = model is not None and high >= _NEAR * model
    kept = f"{model:,} tokens" if own else f"{_between(evidence, low, high)} tokens"
    numbers = {"low": low, "high": high, **({} if model is None else {"model": model})}
    cause, mend = ("cut_silently", "Split texts before they are sent.")
    status: Status = "warn"
    says = f"What is longer than {kept} is cut without a word"
    if high <= 2:
        cause, status = "first_token_only", "fail"
        says = "Only the first token of a text counts: all that begin alike have one vector"
        mend = "Set the pooling that the model was trained with (llama.cpp: --pooling last)."
    elif end is not None and end.lost:
        cause = "end_token_lost_by_cut"
        says += ", and the end token with it: such vectors are not the model's"
        mend = "Split texts before they are sent, or let the tokenizer cut, which keeps the end."
    elif model is not None and not own:
        mend = _mend(evidence)
        status = "fail" if high < USUAL_CHUNK else "warn"
        says += f", where the model takes {model:,}"
    elif own:
        says += ", which is the model's own limit"
    return Finding("truncation", status, says, cause, mend, _LIMITS, tuple(lines), numbers)


def _between(evidence: Evidence, low: int, high: int) -> str:
    """Where a limit lies, as closely as it is known and by whom."""
    where = f"{high:,}" if high - low <= max(1, high // 100) else f"{low:,} to {high:,}"
    return where if evidence.counted_by == "the reference" else f"about {where}"


def _mend(evidence: Evidence) -> str:
    raising = _RAISE.get(evidence.opening.engine or "", "Raise the server's limit of tokens.")
    return f"{raising} {_SPLIT}"


def _name_refusal(evidence: Evidence, refusal: Answer) -> Finding:
    low, high = find_limit(evidence)
    limit = refusal.limit or low
    model = find_model_length(evidence)
    exact = refusal.limit is not None
    where = f"{limit:,} tokens" if exact else f"{_between(evidence, low, high)} tokens"
    lines = [f"the longest text that was taken has about {low:,} tokens", name_answer(refusal)]
    numbers = {"limit": limit, **({} if model is None else {"model": model})}
    if model is not None:
        lines.append(f"the model takes {model:,} tokens")
    if model is None or limit >= _NEAR * model:
        says = f"Texts above {where} are refused"
        says += "" if model is None else ", which is the model's own limit"
        return Finding("truncation", "ok", says, evidence=tuple(lines), numbers=numbers)
    return Finding(
        "truncation",
        "warn",
        f"Texts above {where} are refused, where the model takes {model:,}",
        "context_too_small",
        _mend(evidence),
        _LIMITS,
        tuple(lines),
        numbers,
    )


def _name_whole(evidence: Evidence, longest: int) -> Finding:
    model, stated = find_model_length(evidence), evidence.opening.max_tokens
    lines = [f"the last quarter of a text of about {longest:,} tokens still changes its vector"]
    numbers = {"longest": longest}
    slow = max(max(cut.short.seconds, cut.long.seconds) for cut in evidence.cuts)
    lines.append(f"the slowest of them took {slow:.1f} s")
    if stated is not None:
        lines.append(f"the server says that it takes {stated:,} tokens")
    if model is not None and stated is not None and stated < _NEAR * model:
        return Finding(
            "truncation",
            "warn",
            f"The server says that it takes {stated:,} tokens, where the model takes {model:,}",
            "context_too_small",
            _mend(evidence),
            _LIMITS,
            tuple(lines),
            {**numbers, "limit": stated, "model": model},
        )
    says = f"Nothing is cut up to about {longest:,} tokens; longer texts were not asked for"
    return Finding("truncation", "ok", says, evidence=tuple(lines), numbers=numbers)
