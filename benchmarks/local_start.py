"""From nothing to the first vector: what imports, loading and the first pass take, and memory.

    python benchmarks/local_start.py bundled
    python benchmarks/local_start.py full --dtype bfloat16 --turns 3

Every figure is of a process of its own; ours and those of sentence-transformers take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
CLOCK = """
import json, re, sys, time
started = time.perf_counter()
marks = {}
def mark(name):
    marks[name] = time.perf_counter() - started
"""
PEAK = """
found = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
marks["peak, GB"] = int(found[1]) / 1e6
print(json.dumps(marks))
"""
OURS = """
import workbench as wb
mark("import workbench")
import torch
mark("torch")
import transformers
from transformers import AutoModel, AutoTokenizer
mark("transformers")
embedder = wb.load(MODEL, dtype=DTYPE)
mark("loaded")
embedder.embed(["apple"])
mark("first vector")
"""
THEIRS = """
import torch
mark("torch")
from sentence_transformers import SentenceTransformer
mark("import sentence_transformers")
model = SentenceTransformer(MODEL, device="cpu", local_files_only=True,
                            model_kwargs={"dtype": getattr(torch, DTYPE)})
mark("loaded")
model.encode(["apple"], show_progress_bar=False)
mark("first vector")
"""


def run(code: str, model: str, dtype: str) -> dict[str, float]:
    """Marks of one process: seconds since its first line, and its peak memory."""
    head = f"MODEL, DTYPE = {model!r}, {dtype!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", CLOCK + head + code + PEAK],
        check=True, capture_output=True, text=True, cwd=REPO,
    )  # fmt: skip
    marks: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return marks


def main() -> None:
    """Parse the command line, measure in turn, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("model", nargs="?", default="bundled")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    directory = options.model
    if directory == "bundled":
        sys.path.insert(0, str(REPO))
        from workbench.embedders import bundled

        directory = str(bundled.require_bundled()[0])
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(options.turns):
        found["the workbench"].append(run(OURS, options.model, options.dtype))
        found["sentence-transformers"].append(run(THEIRS, directory, options.dtype))
    print(f"{options.model}, {options.dtype}, {options.turns} processes each, in turn:\n")
    for who, runs in found.items():
        for name in runs[0]:
            values = sorted(marks[name] for marks in runs)
            middle = statistics.median(values)
            print(f"| {who} | {name} | {middle:.2f} ({values[0]:.2f}–{values[-1]:.2f}) |")


if __name__ == "__main__":
    main()
