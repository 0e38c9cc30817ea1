"""How far each wrong way of computing takes a vector, measured: writes the doctor's bands.json.

    python benchmarks/calibrate_doctor.py                  # all models, some minutes
    python benchmarks/calibrate_doctor.py --only bundled --out FILE

All-MiniLM-L6-v2 and random Qwen3-Embedding models of several seeds and sizes, over the texts that
every examination asks for. A server is imitated by the same weights with other numbers: bfloat16
and float16, alone, in a batch and by another kernel; attention over float16; weights rounded
to blocks of 8 and 4 bits, and the inputs of each layer rounded as well, as ggml does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from tests.embedders.tiny_qwen3 import Shape, build_qwen3  # noqa: E402
from workbench.contracts import Variant  # noqa: E402
from workbench.embedders import WeightsReference, load  # noqa: E402
from workbench.embedders.local import LocalEmbedder, VariantMaker  # noqa: E402
from workbench.embedders.local.changed import (  # noqa: E402
    BLOCK,
    Numbers,
    changed_model,
    round_8bit,
)
from workbench.embedders.local.pooling import pool_states  # noqa: E402
from workbench.maths import normalize_rows  # noqa: E402
from workbench.studies.doctor.bands import BANDS_FILE, Band, Bands  # noqa: E402
from workbench.studies.doctor.drift import distances  # noqa: E402
from workbench.studies.doctor.texts import TEXTS  # noqa: E402

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Vectors: TypeAlias = NDArray[np.float32]
Distances: TypeAlias = NDArray[np.float64]
Rounded: TypeAlias = "Callable[[PreTrainedModel], AbstractContextManager[None]]"

SHAPES: Mapping[str, Shape] = {
    "64 wide, 2 layers": Shape(),
    "64 wide, 6 layers": Shape(layers=6, head_dim=16),
    "128 wide, 4 layers": Shape(hidden=128, layers=4, heads=8, inner=256),
    "256 wide, 3 layers": Shape(hidden=256, layers=3, heads=8, head_dim=32, inner=512),
}
SEEDS = (0, 1, 2)
EDITS = ("stripped", "newlines_to_spaces", "lowercased", "cut_64", "cut_128", "cut_256")
ROUNDED = ("bf16", "int8", "int4")
VOTE = 0.8
"""Votes of texts for 8 bits: nearer to the rounded reference by this factor."""
TINY = 1e-7
"""Root mean square that float32 cannot tell from none."""

REPORTED_HALF = 2e-3
"""1 - cosine of half precision on a GPU as others report it: vllm issue 34910 counts 4 to 22 of
1,024 signs that differ, and a share p of flipped signs means an angle of pi * p."""


@dataclass(frozen=True)
class Measured:
    """One model.

    Attributes:
        apart: By what was compared with the right vectors, (n,) 1 - cosine each.
        votes: By imitated server, the share of texts that vote for 8 bits.
        leads: By variant, the second best's root mean square over the right one's.
    """

    apart: Mapping[str, Distances]
    votes: Mapping[str, float]
    leads: Mapping[str, float]


def measure(embedder: LocalEmbedder, texts: Sequence[str] = TEXTS) -> Measured:
    """All figures of one model."""
    reference = WeightsReference(embedder)
    wanted = {name: reference.vectors(texts, name) for name in reference.variants}
    right = wanted["right"]
    apart: dict[str, Distances] = {
        name: distances(vectors, right) for name, vectors in wanted.items()
    }
    served = imitate_servers(embedder, texts, right)
    apart |= {name: distances(vectors, right) for name, vectors in served.items()}
    votes = {name: vote_for_8bit(vectors, wanted) for name, vectors in served.items()}
    return Measured(apart, votes, measure_leads(embedder, texts, wanted))


def imitate_servers(
    embedder: LocalEmbedder, texts: Sequence[str], right: Vectors
) -> dict[str, Vectors]:
    """What sound servers with other numbers would answer, by a name each."""
    maker = VariantMaker(embedder.info, embedder.require_loaded())
    halves: dict[str, Numbers] = {"half": "bf16", "fp16": "fp16"}
    served = {
        "same, shuffled": embed_shuffled(embedder, texts),
        "same, other kernel": embed_batch(embedder, texts, "float32", kernel="eager"),
        "same, attention in half": embed_batch(
            embedder, texts, "float32", rounded=rounded_attention
        ),
    }
    for name, numbers in halves.items():
        served[f"{name}, alone"] = maker.vectors(texts, numbers=numbers)
        served[f"{name}, in a batch"] = embed_batch(embedder, texts, numbers)
        served[f"{name}, other kernel"] = embed_batch(embedder, texts, numbers, kernel="eager")
    blocks: tuple[Numbers, ...] = ("int8", "int4")
    for numbers in blocks:
        served[f"{numbers}_served"] = embed_batch(embedder, texts, numbers, rounded=rounded_inputs)
    return served


def embed_shuffled(embedder: LocalEmbedder, texts: Sequence[str]) -> Vectors:
    """The embedder's own vectors, in batches of another composition."""
    order = np.random.default_rng(0).permutation(len(texts))
    vectors = np.empty((len(texts), embedder.info.native_dim), np.float32)
    for part in np.array_split(order, 3):
        made = embedder.embed([texts[place] for place in part], prompt="")
        vectors[part] = normalize_rows(made.vectors)
    return vectors


def embed_batch(
    embedder: LocalEmbedder,
    texts: Sequence[str],
    numbers: Numbers,
    *,
    kernel: str = "sdpa",
    rounded: Rounded | None = None,
) -> Vectors:
    """All texts in one padded pass, with other numbers."""
    import torch

    loaded = embedder.require_loaded()
    maker = VariantMaker(embedder.info, loaded)
    rows = [maker.rows.whole(text) for text in texts]
    width = max(len(row) for row in rows)
    ids = torch.tensor([[*row, *[loaded.pad_id] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    assert embedder.info.pooling is not None
    with changed_model(loaded.model, numbers) as model, torch.inference_mode():
        before = model.config._attn_implementation
        model.set_attn_implementation(kernel)
        try:
            with nullcontext() if rounded is None else rounded(model):
                states = model(input_ids=ids, attention_mask=mask).last_hidden_state
        finally:
            model.set_attn_implementation(before)
    return normalize_rows(pool_states(states, mask, embedder.info.pooling).numpy())


@contextmanager
def rounded_inputs(model: PreTrainedModel) -> Iterator[None]:
    """Each linear layer given its inputs as 8 bits in blocks, as ggml's products of Q8_0 do."""
    import torch

    def round_input(_: object, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        values, *rest = given
        if values.shape[-1] % BLOCK:
            return given
        return (round_8bit(values.reshape(-1, BLOCK)).reshape(values.shape), *rest)

    hooks = [
        module.register_forward_pre_hook(round_input)
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def rounded_attention(model: PreTrainedModel) -> Iterator[None]:
    """Queries, keys and values as float16, as llama.cpp multiplies them."""
    import torch

    def round_output(_: object, __: object, made: torch.Tensor) -> torch.Tensor:
        return made.half().to(made.dtype)

    hooks = [
        module.register_forward_hook(round_output)
        for name, module in model.named_modules()
        if name.endswith((".q_norm", ".k_norm", ".v_proj", ".query", ".key", ".value"))
    ]
    assert len(hooks) == 3 * int(model.config.num_hidden_layers)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def vote_for_8bit(served: Vectors, wanted: Mapping[Variant, Vectors]) -> float:
    """Share of texts that lie clearly nearer to the reference with 8 bits than to the right."""
    to_right, to_half, to_8bit = (
        distances(served, wanted[name]) for name in ("right", "bf16", "int8")
    )
    return float((to_8bit < VOTE * np.minimum(to_right, to_half)).mean())


def measure_leads(
    embedder: LocalEmbedder, texts: Sequence[str], wanted: Mapping[Variant, Vectors]
) -> dict[str, float]:
    """Each wrong recipe served in bfloat16: how far behind the second best recipe is."""
    maker = VariantMaker(embedder.info, embedder.require_loaded())
    recipes = [name for name in wanted if name not in (*EDITS, *ROUNDED)]
    leads: dict[str, float] = {}
    for name in recipes:
        if name == "rope_base":
            continue  # it is a change of numbers itself
        served = maker.vectors(texts, name, numbers="bf16")
        spreads = {other: spread(distances(served, wanted[other])) for other in recipes}
        leads[name] = min(spreads[other] for other in recipes if other != name) / spreads[name]
    return leads


def spread(apart: Distances) -> float:
    """Root mean square."""
    return max(float(np.sqrt(np.mean(apart**2))), TINY)


def summarise(models: Sequence[Measured]) -> Bands:
    """The bands over all models."""

    def band(chosen: Callable[[str], bool]) -> Band:
        found = [[d for name, d in one.apart.items() if chosen(name)] for one in models]
        each = [np.concatenate(some) for some in found if some]
        whole = np.concatenate(each)
        worst = min(float(some.max()) for some in each)
        return Band(*(float(f"{value:.3g}") for value in
                      (whole.min(), np.median(whole), whole.max(), worst)))  # fmt: skip

    names = list(dict.fromkeys(name for one in models for name in one.apart))
    wrong = [n for n in names if "," not in n and "_served" not in n and n not in ROUNDED]
    variants = {n: band(lambda name, n=n: name == n) for n in wrong if n != "right"}  # type: ignore[misc]
    servers = [(n, share) for one in models for n, share in one.votes.items()]
    return Bands(
        same=band(lambda name: name.startswith("same,")),
        half=band(lambda name: name.startswith("half,")),
        fp16=band(lambda name: name.startswith("fp16,")),
        int8=band(lambda name: name == "int8"),
        int8_served=band(lambda name: name == "int8_served"),
        int4=band(lambda name: name == "int4"),
        int4_served=band(lambda name: name == "int4_served"),
        variants=variants,
        wrong=min(b.least_worst for n, b in variants.items() if n not in EDITS),
        int8_votes=min(share for n, share in servers if n == "int8_served"),
        half_votes=max(share for n, share in servers if n.startswith(("half,", "fp16,"))),
        reported_half=REPORTED_HALF,
        lead=float(f"{min(lead for one in models for lead in one.leads.values()):.3g}"),
    )


def find_models(only: str | None, folder: Path) -> Iterator[tuple[str, LocalEmbedder]]:
    """Name and embedder of each model whose name holds ``only``."""
    if only is None or only in "bundled":
        bundled = load("bundled", dtype="float32", device="cpu")
        assert isinstance(bundled, LocalEmbedder)
        yield "bundled", bundled
    for shape, sizes in SHAPES.items():
        for seed in SEEDS:
            name = f"Qwen3, {shape}, seed {seed}"
            if only is None or only in name:
                made = build_qwen3(folder / name, seed=seed, shape=sizes)
                embedder = load(made, dtype="float32", device="cpu")
                assert isinstance(embedder, LocalEmbedder)
                yield name, embedder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="models whose name holds this")
    parser.add_argument("--out", type=Path, default=BANDS_FILE)
    asked = parser.parse_args()
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, embedder in find_models(asked.only, Path(folder)):
            measured[name] = measure(embedder)
            report(name, measured[name])
            embedder.unload()
    bands = summarise(list(measured.values()))
    content = {
        "comment": (
            "1 - cosine to the right vectors in float32, over the doctor's texts. Written by "
            "python benchmarks/calibrate_doctor.py; what each field is stands in bands.py."
        ),
        "models": list(measured),
        "texts": len(TEXTS),
        "bands": asdict(bands),
    }
    asked.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(asdict(bands), indent=1))


def report(name: str, one: Measured) -> None:
    """Print what a person wants to compare."""
    print(f"\n{name}")
    for what, apart in one.apart.items():
        vote = f"  votes for 8 bits {one.votes[what]:.2f}" if what in one.votes else ""
        lead = f"  lead {one.leads[what]:.3g}" if what in one.leads else ""
        print(
            f"  {what:22} min {apart.min():.2e} median {np.median(apart):.2e} "
            f"max {apart.max():.2e}{vote}{lead}",
            flush=True,
        )


if __name__ == "__main__":
    main()
