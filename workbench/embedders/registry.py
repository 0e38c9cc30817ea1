"""Models the workbench knows by name, each with the recipe its authors published.

Where a figure could not be established it is None. Revisions are pinned, so that the same name
gives the same vectors next year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from workbench.contracts import Pooling
from workbench.embedders.recipe import Recipe

QWEN3_QUERY = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
QWEN3_TEMPLATE = "Instruct: {task}\nQuery:"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class ModelCard:
    """One known model.

    Attributes:
        name: Hub id.
        revision: Pinned commit.
        weights_bytes: Size of the weights, which is nearly all of a download; rounded where only
            the hub's rounded listing is known.
        parameters: Numbers in the weights.
        dim: Native width of the vectors.
        max_tokens: Longest input the authors configured.
        pooling: How token states become one vector.
        normalize: Vectors have unit L2 norm.
        languages: Language codes, or "many".
        licence: As the authors state it.
        source: Where the recipe was read.
        aliases: Short names that ``load`` takes.
        prompts: Named prompts.
        default_prompt: Name of the one applied when none is asked for.
        instruction_template: Where an instruction goes.
        matryoshka: (smallest, largest) width trained for.
        caveat: What a person should know before choosing it.
    """

    name: str
    revision: str | None
    weights_bytes: int | None
    parameters: int | None
    dim: int
    max_tokens: int
    pooling: Pooling
    normalize: bool
    languages: tuple[str, ...]
    licence: str
    source: str
    aliases: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    instruction_template: str | None = None
    matryoshka: tuple[int, int] | None = None
    caveat: str = ""

    @property
    def recipe(self) -> Recipe:
        """The part of the card that makes vectors."""
        return Recipe(
            pooling=self.pooling,
            normalize=self.normalize,
            max_tokens=self.max_tokens,
            prompts=self.prompts,
            default_prompt=self.default_prompt,
            instruction_template=self.instruction_template,
            matryoshka=self.matryoshka,
        )


def _qwen3(
    size: str, revision: str, weights: int, parameters: int, dim: int, max_tokens: int
) -> ModelCard:
    return ModelCard(
        name=f"Qwen/Qwen3-Embedding-{size}",
        revision=revision,
        weights_bytes=weights,
        parameters=parameters,
        dim=dim,
        max_tokens=max_tokens,
        pooling="last_token",
        normalize=True,
        languages=("many", "zh", "en", "code"),
        licence="Apache-2.0",
        source="model card, modules.json, 1_Pooling/config.json; technical report, section 2",
        aliases=(f"qwen3-{size.lower()}", f"qwen3-embedding-{size.lower()}"),
        prompts={"query": QWEN3_QUERY, "document": ""},
        instruction_template=QWEN3_TEMPLATE,
        matryoshka=(32, dim),
    )


CARDS: tuple[ModelCard, ...] = (
    _qwen3(
        "0.6B",
        "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3",
        weights=1_191_586_416,
        parameters=595_776_512,
        dim=1024,
        max_tokens=32_768,
    ),
    _qwen3(
        "4B",
        "5cf2132abc99cad020ac570b19d031efec650f2b",
        weights=8_043_548_672,
        parameters=4_021_774_336,
        dim=2560,
        max_tokens=40_960,
    ),
    _qwen3(
        "8B",
        "1d8ad4ca9b3dd8059ad90a75d4983776a23d44af",
        weights=15_134_590_976,
        parameters=7_567_295_488,
        dim=4096,
        max_tokens=40_960,
    ),
    ModelCard(
        name="BAAI/bge-small-zh-v1.5",
        revision="7999e1d3359715c523056ef9478215996d62a620",
        weights_bytes=95_800_000,
        parameters=24_000_000,
        dim=512,
        max_tokens=512,
        pooling="cls",
        normalize=True,
        languages=("zh",),
        licence="MIT",
        source="1_Pooling/config.json; model card (normalised in each of its examples)",
        aliases=("bge-small-zh",),
        prompts={"query": "为这个句子生成表示以用于检索相关文章：", "document": ""},
    ),
    ModelCard(
        name="BAAI/bge-m3",
        revision="5617a9f61b028005a4858fdac845db406aefb181",
        weights_bytes=2_270_000_000,
        parameters=568_000_000,
        dim=1024,
        max_tokens=8192,
        pooling="cls",
        normalize=True,
        languages=("many", "zh", "en"),
        licence="MIT",
        source="1_Pooling/config.json and modules.json; the dense vectors only",
        caveat=(
            "its main revision held pytorch_model.bin and no model.safetensors when last seen; "
            "the plan of a download says so before a byte moves"
        ),
    ),
    ModelCard(
        name="shibing624/text2vec-base-chinese",
        revision="183bb99aa7af74355fb58d16edf8c13ae7c5433e",
        weights_bytes=409_000_000,
        parameters=102_000_000,
        dim=768,
        max_tokens=128,
        pooling="mean",
        normalize=False,
        languages=("zh",),
        licence="Apache-2.0",
        source="1_Pooling/config.json, modules.json without a Normalize module",
        aliases=("text2vec",),
    ),
    ModelCard(
        name="moka-ai/m3e-base",
        revision="764b537a0e50e5c7d64db883f2d2e051cbe3c64c",
        weights_bytes=409_000_000,
        parameters=102_000_000,
        dim=768,
        max_tokens=512,
        pooling="mean",
        normalize=False,
        languages=("zh", "en"),
        licence="research use only, see its model card",
        source="1_Pooling/config.json, modules.json without a Normalize module",
        aliases=("m3e",),
    ),
    ModelCard(
        name="intfloat/multilingual-e5-small",
        revision="614241f622f53c4eeff9890bdc4f31cfecc418b3",
        weights_bytes=471_000_000,
        parameters=118_000_000,
        dim=384,
        max_tokens=512,
        pooling="mean",
        normalize=True,
        languages=("many", "zh", "en"),
        licence="MIT",
        source="1_Pooling/config.json, modules.json; model card on its two prefixes",
        aliases=("e5-small",),
        prompts={"query": "query: ", "document": "passage: "},
        default_prompt="query",
        caveat="its authors want a prefix before every text; 'query: ' where nothing is retrieved",
    ),
    ModelCard(
        name=MINILM,
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        weights_bytes=90_868_376,
        parameters=22_713_216,
        dim=384,
        max_tokens=256,
        pooling="mean",
        normalize=True,
        languages=("en",),
        licence="Apache-2.0",
        source="1_Pooling/config.json, modules.json, sentence_bert_config.json",
        aliases=("minilm", "all-minilm-l6-v2"),
        caveat="English only: Chinese falls apart into single characters, most of them unknown",
    ),
)


def find_card(name: str) -> ModelCard | None:
    """The card of a hub id, an alias or the last part of a hub id, in any case."""
    wanted = name.casefold()
    for card in CARDS:
        names = (card.name, card.name.split("/")[-1], *card.aliases)
        if wanted in {known.casefold() for known in names}:
            return card
    return None


def known_names() -> tuple[str, ...]:
    """Everything ``load`` takes besides a directory and a hub id that is not listed here."""
    aliases = [card.aliases[0] if card.aliases else card.name for card in CARDS]
    return ("bundled", "lexical", *aliases)


def near_names(name: str) -> list[str]:
    """Known names spelt much like ``name``, at most three."""
    spellings: dict[str, str] = {"bundled": "bundled", "lexical": "lexical"}
    for card in CARDS:
        for known in (card.name, card.name.split("/")[-1], *card.aliases):
            spellings[known.casefold()] = known
    found = get_close_matches(name.casefold(), spellings, n=3, cutoff=0.6)
    return [spellings[match] for match in found]
