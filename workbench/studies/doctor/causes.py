"""What each wrong way of computing is called, what mends it, and where it is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from workbench.contracts import Variant

_EVERYWHERE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Cause:
    """One way in which vectors are known to go wrong.

    Attributes:
        word: For programs.
        says: The sentence before the numbers.
        mend: What to do, whatever the server.
        source: Where it is known from.
        mends: What to do on one server, by its short name.
    """

    word: str
    says: str
    mend: str
    source: str = ""
    mends: Mapping[str, str] = field(default_factory=lambda: _EVERYWHERE)

    def mend_on(self, engine: str | None) -> str:
        """What to do on a server; None: not recognised."""
        return self.mends.get(engine or "", self.mend)


_SPACE_MEND = (
    "Keep to it on both sides: texts of the index and queries have to go through the same server. "
    "Where the white space carries meaning (code), use another server."
)
_PROMPT_MEND = (
    "Take the prompt out of the server or the gateway (TEI: --default-prompt, "
    "--default-prompt-name; sentence-transformers: default_prompt_name), and put it before "
    "queries only, in the client."
)
_POOLING_MENDS = MappingProxyType(
    {
        "llamacpp": "Start llama.cpp with the model's own pooling (Qwen3-Embedding: --pooling "
        "last; MiniLM: --pooling mean), or convert the .gguf file again with it.",
        "vllm": "Start vLLM without --pooler-config, or with the model's own pooling_type; the "
        "model's directory needs modules.json and 1_Pooling/config.json.",
        "infinity": "Start infinity with --engine torch; its optimum engine knows mean and first "
        "token only. The model's directory needs modules.json and 1_Pooling/config.json.",
        "tei": "Start TEI with --pooling as the model wants it (Qwen3-Embedding: last-token).",
        "sglang": "Upgrade SGLang to 0.5.9 or later; before, it took the last token of every BERT.",
    }
)
_POOLING_MEND = (
    "Start the server with the model's own pooling (Qwen3-Embedding: the last token); the model's "
    "directory needs modules.json and 1_Pooling/config.json."
)
_POOLING_SOURCE = "llama.cpp issue 14543, infinity's optimum.py, sglang models/bert.py up to 0.5.8"


def _pooled(word: str, says: str) -> Cause:
    return Cause(word, says, _POOLING_MEND, _POOLING_SOURCE, _POOLING_MENDS)


END_MISSING = Cause(
    "end_token_missing",
    "The end token is missing",
    "Take the model's present revision, whose tokenizer appends <|endoftext|>; until then, append "
    "<|endoftext|> to every text in the client.",
    "QwenLM issues 54 and 122, llama.cpp issue 14234",
    MappingProxyType(
        {
            "llamacpp": "Convert the .gguf file again from the model's present revision, so that "
            "tokenizer.ggml.add_eos_token is true; until then, append <|endoftext|> to every text.",
            "ollama": "Pull the model again, from a .gguf file with add_eos_token; until then, "
            "append <|endoftext|> to every text.",
        }
    ),
)


def _cut_at(tokens: int) -> Cause:
    return Cause(
        "cut_silently",
        f"Texts are cut after {tokens} tokens, and nothing says so",
        "Raise the server's longest input, or split texts before they are sent.",
        "Ollama issue 14186, omlx issue 1687, sentence-transformers' max_seq_length",
    )


CAUSES: Mapping[Variant, Cause] = MappingProxyType(
    {
        "no_end": END_MISSING,
        "double_end": Cause(
            "end_token_doubled",
            "The end token is there twice",
            "Stop appending it in the client or the gateway: the tokenizer appends it already.",
            "lattice PR 143",
        ),
        "im_end": Cause(
            "chat_end_token",
            "Texts end with <|im_end|> in the place of <|endoftext|>",
            "Append <|endoftext|>, or nothing where the tokenizer appends it; tokenizer.eos_token "
            "is not the token that is pooled.",
            "QwenLM issue 122, sentence-transformers issue 3563",
        ),
        "no_special": Cause(
            "special_tokens_missing",
            "The special tokens around a text are missing",
            "Send texts, not token ids, and let the server add the special tokens.",
            "Transformers: add_special_tokens",
        ),
        "mean": _pooled("mean_pooling", "The mean of all tokens is taken"),
        "cls": _pooled("cls_pooling", "The first token's vector is taken"),
        "last": _pooled("last_pooling", "The last token's vector is taken"),
        "bidirectional": Cause(
            "causal_mask_missing",
            "Every token sees those after it: the causal mask is missing",
            "Upgrade the server (TEI: 1.7.4 or later); its attention does not suit the model.",
            "TEI issues 642, 650 and 668",
        ),
        "rope_base": Cause(
            "rope_base",
            "Positions are turned by another base (10,000) than the model's",
            "Write rope_theta where this server looks for it: at the top of config.json, from "
            "where transformers 5 moves it into rope_parameters when it saves a model.",
            "the model saved again by transformers 5",
            MappingProxyType(
                {
                    "llamacpp": "Convert the .gguf file again, so that its rope.freq_base is the "
                    "model's (Qwen3-Embedding: 1,000,000), or start llama.cpp with "
                    "--rope-freq-base."
                }
            ),
        ),
        "query_prompt": Cause(
            "query_prompt_added",
            "The query prompt is put before every text, documents too",
            _PROMPT_MEND,
            "TEI's --default-prompt applies to every route; xinference issue 3751",
        ),
        "query_prompt_twice": Cause(
            "query_prompt_twice",
            "The query prompt is put before every text twice",
            _PROMPT_MEND,
            "TEI's --default-prompt applies to every route; xinference issue 3751",
        ),
        "chat_template": Cause(
            "chat_template",
            "Texts are put into the chat template",
            'Send plain strings as "input", not messages; take the template out of the gateway.',
            "QwenLM issue 156, omlx issue 1817",
        ),
        "stripped": Cause(
            "whitespace_stripped",
            "White space at the ends of texts is taken off",
            _SPACE_MEND,
            "infinity strips every text; the model's own recipe does not",
        ),
        "newlines_to_spaces": Cause(
            "newlines_to_spaces",
            "Line breaks are replaced by spaces",
            "Switch it off in the client (LangChain: strip_new_lines=False) or the gateway; code "
            "loses its meaning by it.",
            "LangChain's OpenAIEmbeddings and old OpenAI examples did so",
        ),
        "lowercased": Cause(
            "lowercased",
            "Texts are made lower case",
            "Switch it off: the model reads capitals, and was trained with them.",
            "do_lower_case in a tokenizer's configuration",
        ),
        "cut_64": _cut_at(64),
        "cut_128": _cut_at(128),
        "cut_256": _cut_at(256),
        "int8": Cause(
            "quantised_8bit",
            "The weights are rounded to 8 bits",
            "Nothing, where that was chosen; an index made with full weights keeps nearly all of "
            "its order. Serve BF16 or F16 for the model's own vectors.",
            "Q8_0 in ggml; compared with the same rounding here",
            MappingProxyType({"ollama": "Pull a tag in fp16 for the model's own vectors."}),
        ),
        "int4": Cause(
            "quantised_4bit",
            "The weights are rounded to 4 bits",
            "Serve the model in BF16, F16 or 8 bits, or make the whole index with this server.",
            "Q4_0 in ggml; compared with the same rounding here",
            MappingProxyType(
                {"ollama": "Pull a tag in fp16 or q8_0: the default tag is of 4 bits (Q4_K_M)."}
            ),
        ),
    }
)
"""By variant."""

ANOTHER_MODEL = Cause(
    "another_model",
    "These are another model's vectors",
    "Look at which weights the server was started with; vectors of two models are never "
    "comparable, so an index of the one must not be asked with the other.",
)
UNKNOWN_RECIPE = Cause(
    "unknown_recipe",
    "None of the known wrong recipes gives these vectors, and the right one does not either",
    "Compare the server's tokens, prompts, pooling and precision with the model's card; another "
    "prompt before every text looks like this as well.",
)
NOISE = Cause(
    "noise",
    "The recipe is right, but something disturbs every vector more than half precision does",
    "Look for quantised weights (4 bits, fp8), and for compression on the way.",
)
REVERSED = Cause(
    "order_reversed",
    "The vectors come in the reverse order",
    "Whatever stands between has to keep `data` and `index` as the server sent them.",
)
PERMUTED = Cause(
    "order_permuted",
    "The vectors are right, and each is another text's",
    "Whatever stands between has to keep `data` and `index` as the server sent them; a cache with "
    "wrong keys does this too.",
)
SLICED = Cause(
    "sliced",
    "The vectors are cut to their first components",
    "Take the width off the server or the gateway, or make the whole index at that width, each "
    "vector normalised again.",
    "Matryoshka vectors, Qwen3-Embedding model card",
)
WIDER = Cause(
    "reference_narrower",
    "What it is held against was cut; the first components agree",
    "Hold it against vectors of the full width, or ask it for that width by `dimensions`.",
)
