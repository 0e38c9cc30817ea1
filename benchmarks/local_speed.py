"""The local embedder against sentence-transformers and others, in turn, in one process.

    python benchmarks/local_speed.py --make full            # the 0.6B architecture, random weights
    python benchmarks/local_speed.py full --corpus short --dtype float32
    python benchmarks/local_speed.py full --corpus passages --dtype bfloat16 --peers card
    python benchmarks/local_speed.py bundled --corpus mixed --peers sentence-transformers onnx
    python benchmarks/local_speed.py full --texts mine.txt  # your own, one a line

The model is a directory or "bundled". Throughput does not depend on what the weights are; numerics
are compared on the same weights. A turn is one pass of the peer and one of ours, so that a slow
minute of the machine falls on both. Prints lines of a Markdown table. The peers "onnx" and
"openvino" want `pip install onnx onnxruntime openvino`, "flash" wants flash-attn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.local_peers import PEERS, Encode, Vectors, best_batch
from benchmarks.local_texts import CORPORA, make_corpus, prompts_of

DEFAULT_BATCH = 32
COMPARED = 48
MATRIX_ROWS = 2_048
NEAREST = 10


@dataclass
class Ours:
    """The workbench's embedder as a thing to time."""

    embedder: Any

    def encode(self, texts: Sequence[str], prompts: Sequence[str]) -> Vectors:
        """(prompts · n, dim): each prompt over all texts."""
        return np.concatenate(
            [self.embedder.embed(texts, prompt=prefix).vectors for prefix in prompts]
        )

    def count(self, texts: Sequence[str], prompts: Sequence[str]) -> tuple[int, float]:
        """Tokens of that, and floating point operations of its matrix products."""
        done = 0.0

        def add(layer: Any, args: Any) -> None:  # noqa: ANN401  (as torch has it)
            nonlocal done
            done += 2.0 * args[0].numel() * layer.out_features  # args: (1, rows, in_features)

        linears = self.embedder.require_loaded().linears
        hooks = [layer.register_forward_pre_hook(add) for layer in linears]
        tokens = sum(int(self.embedder.embed(texts, prompt=p).tokens.sum()) for p in prompts)
        for hook in hooks:
            hook.remove()
        return tokens, done

    def matrix_rate(self) -> float:
        """Operations a second of its own layers, one after the other, at many rows."""
        import torch

        loaded = self.embedder.require_loaded()
        linears, model = loaded.linears, loaded.model
        count = MATRIX_ROWS if model.device.type == "cpu" else loaded.token_budget
        rows = {
            layer.in_features: torch.randn(count, layer.in_features).to(model.device, model.dtype)
            for layer in linears
        }
        with torch.inference_mode():
            _wait(model.device)
            started = time.perf_counter()
            for layer in linears:
                layer(rows[layer.in_features])
            _wait(model.device)
            seconds = time.perf_counter() - started
        size = sum(layer.in_features * layer.out_features for layer in linears)
        return float(2.0 * count * size / seconds)


def _wait(device: Any) -> None:  # noqa: ANN401  (as torch has it)
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(options: argparse.Namespace) -> None:
    """One line of the table for each peer."""
    import workbench as wb

    texts = (
        Path(options.texts).read_text(encoding="utf-8").splitlines()
        if options.texts
        else make_corpus(options.corpus, options.count)
    )
    prompts = prompts_of(options.corpus)
    ours = Ours(
        wb.load(options.model, dtype=options.dtype, device=options.device, compile=options.compile)
    )
    print(*(f"- {note}" for note in ours.embedder.info.notes), sep="\n")
    tokens, products = ours.count(texts, prompts)
    print(f"- {len(texts)} texts, {tokens:,} tokens over {len(prompts)} prompts")
    exact = None
    if options.dtype != "float32":
        exact = Ours(wb.load(options.model, dtype="float32", device=options.device))
    for name in options.peers:
        peer = PEERS[name](_directory(options.model), options.dtype, options.device)
        best = options.batch or best_batch(peer, texts, prompts[0], options.device)
        for batch in dict.fromkeys((best, DEFAULT_BATCH) if options.default else (best,)):
            _compare(
                ours,
                peer,
                texts,
                prompts,
                name=name,
                batch=batch,
                turns=options.turns,
                products=products,
            )
        _numerics(ours, peer, exact, texts[: options.compared], prompts, batch=best)


def _compare(
    ours: Ours,
    peer: Encode,
    texts: Sequence[str],
    prompts: Sequence[str],
    *,
    name: str,
    batch: int,
    turns: int,
    products: float,
) -> None:
    times, rates = [], []
    for _ in range(turns):
        started = time.perf_counter()
        for prefix in prompts:
            peer(texts, prefix, batch)
        theirs = time.perf_counter() - started
        rate = ours.matrix_rate()
        started = time.perf_counter()
        ours.encode(texts, prompts)
        times.append((theirs, time.perf_counter() - started))
        rates.append((rate + ours.matrix_rate()) / 2)
    ratios = sorted(theirs / own for theirs, own in times)
    theirs, own = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"| {name}, batch {batch} | {theirs:.1f} s | {own:.1f} s | {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f}–{ratios[-1]:.2f}) of {turns} turns |",
        flush=True,
    )
    shares = [products / own / rate for (_, own), rate in zip(times, rates, strict=True)]
    print(
        f"- matrix rate {statistics.median(rates) / 1e9:.0f} GFLOP/s; a pass reaches "
        f"{statistics.median(shares):.0%} ({min(shares):.0%}–{max(shares):.0%}) of it; at all "
        f"of it the ratio would be {theirs * statistics.median(rates) / products:.2f}"
    )


def _numerics(
    ours: Ours,
    peer: Encode,
    exact: Ours | None,
    texts: Sequence[str],
    prompts: Sequence[str],
    *,
    batch: int,
) -> None:
    own, theirs = (
        ours.encode(texts, prompts),
        np.concatenate([peer(texts, prefix, batch) for prefix in prompts]),
    )
    print(f"- 1 − smallest cosine, ours to the peer's, {len(own)} rows: {_apart(own, theirs):.1e}")
    alone = np.concatenate([ours.encode([text], prompts[:1]) for text in texts[:16]])
    apart = np.abs(alone - own[: len(alone)]).max()
    print(f"- alone against in a batch, largest difference: {apart:.1e}")
    if exact is not None:
        right = exact.encode(texts, prompts)
        print(
            f"- drift from float32, 1 − smallest (mean) cosine: ours {_apart(own, right):.1e} "
            f"({_apart(own, right, mean=True):.1e}), peer {_apart(theirs, right):.1e} "
            f"({_apart(theirs, right, mean=True):.1e})"
        )
        moved, kept = _neighbours_kept(own, right)
        print(
            f"- cosines between texts: at most {moved:.4f} from float32's; {kept:.1%} of the "
            f"{NEAREST} nearest are the same"
        )


def _apart(a: Vectors, b: Vectors, *, mean: bool = False) -> float:
    left, right = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines = (left * right).sum(axis=1) / norms
    return float(1 - (cosines.mean() if mean else cosines.min()))


def _neighbours_kept(own: Vectors, right: Vectors) -> tuple[float, float]:
    """Largest change of a cosine between two texts, and the share of nearest texts that stay."""
    found, true = (
        a.astype(np.float64) @ a.T - 2 * np.eye(len(a)) for a in (own, right)
    )  # (n, n), a text never its own neighbour
    near = [np.argsort(-cosines, axis=1)[:, :NEAREST] for cosines in (found, true)]
    kept = [len({*a} & {*b}) / NEAREST for a, b in zip(*near, strict=True)]
    return float(np.abs(found - true).max()), float(np.mean(kept))


def _directory(model: str) -> Path:
    from workbench.embedders import bundled

    return bundled.require_bundled()[0] if model == "bundled" else Path(model)


def _make_full(out: Path) -> None:
    from tests.embedders.tiny_qwen3 import FULL_SIZE, build_qwen3, rebuild_real_tokenizer

    out.mkdir(parents=True, exist_ok=True)
    tokenizer = rebuild_real_tokenizer(out.parent / f"{out.name}-tokenizer")
    build_qwen3(out, seed=7, shape=FULL_SIZE, tokenizer=tokenizer, dtype="bfloat16")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", nargs="?", default="bundled")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compile", action="store_true", help="ours by torch's compiler")
    parser.add_argument("--corpus", default="short", choices=CORPORA)
    parser.add_argument("--count", type=int, default=0, help="texts; 0: as many as the page says")
    parser.add_argument("--texts", help="a file with a text a line")
    parser.add_argument("--peers", nargs="+", default=["sentence-transformers"], choices=[*PEERS])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--batch", type=int, default=0, help="of the peer; 0: its best")
    parser.add_argument("--default", action="store_true", help="its default batch size as well")
    parser.add_argument("--compared", type=int, default=COMPARED, help="texts for the numerics")
    parser.add_argument("--make", help="write the 0.6B architecture with random weights there")
    options = parser.parse_args()
    if options.make:
        _make_full(Path(options.make))
    else:
        measure(options)


if __name__ == "__main__":
    main()
