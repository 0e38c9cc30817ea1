"""How long from a click in the Explorer to matrix and map, and what travels to the browser.

    python benchmarks/explorer_latency.py                       # Markdown on the standard output
    python benchmarks/explorer_latency.py --runs 5 --sizes 200
    python benchmarks/explorer_latency.py --browser             # adds what the page needs to paint

Every run is a process of its own, so that "first" has nothing imported, loaded or compiled. The
runs of all sizes alternate, so that a busy minute of the machine falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.panels.explorer import Explorer

SIZES = (10, 200, 2_000)
PREFIX = {"choice": "own", "own": "Say what this is about: "}
STEPS = {
    "first": "`wb.explore(texts)` in a fresh process",
    "other texts": "Embed with other texts",
    "toggle": "Embed with an instruction",
    "back": "the instruction off again",
}
MARKS = ("matrix", "first map", "UMAP", "percentiles")
PARTS = {
    "import workbench": "import workbench",
    "import torch, transformers": "import torch, transformers",
    "load the bundled model": "import workbench as wb; wb.load()",
    "load, and embed one text": "import workbench as wb; wb.load().embed(['apple'])",
    "import umap": "import umap",
    "first UMAP map of 200 points": (
        "import numpy, workbench as wb; "
        "wb.project(numpy.random.default_rng(0).normal(size=(200, 8)))"
    ),
    "import plotly and draw a matrix": (
        "import numpy; from workbench.figures import matrix_figure; "
        "matrix_figure(numpy.eye(10), list('abcdefghij')).to_plotly_json()"
    ),
}
VERSIONS = ("torch", "transformers", "umap-learn", "numba", "plotly", "ipywidgets", "anywidget")
REPO = Path(__file__).resolve().parents[1]


def make_texts(count: int, mark: str) -> list[str]:
    """The texts of the mixed sample, over and over, numbered so that no two are equal."""
    from workbench import samples

    known = samples("mixed")["text"].tolist()
    return [f"{known[at % len(known)]} {mark}{at}" for at in range(count)]


# ---- in a process of its own ------------------------------------------------------------------


class Watch:
    """Notes when each part of a panel changes and what is sent for it."""

    def __init__(self, panel: Explorer) -> None:
        self.panel = panel
        self.marks: dict[str, float] = {}
        self.sent: defaultdict[str, int] = defaultdict(int)
        self.begun = time.perf_counter()
        panel.observe(self._note, ("matrix", "map", "percentiles"))
        panel.comm.send = self._count  # in place of a page

    def begin(self, at: float | None = None) -> None:
        """Forget all; the click is now, or was ``at``."""
        self.marks, self.sent = {}, defaultdict(int)
        self.begun = time.perf_counter() if at is None else at

    def _note(self, change: Mapping[str, Any]) -> None:
        now, name = time.perf_counter() - self.begun, change["name"]
        if name == "map":
            self.marks.setdefault("first map", now)
            if change["new"]["method"] == "umap" and self.marks["first map"] != now:
                self.marks["UMAP"] = now
        else:
            self.marks.setdefault(name, now)

    def _count(
        self, data: Mapping[str, Any], buffers: Sequence[Any] | None = None, **_: object
    ) -> None:
        for name, value in data.get("state", {}).items():
            self.sent[name] += len(json.dumps(value)) + len(name) + 4
        paths = [path[0] for path in data.get("buffer_paths", [])]
        for name, buffer in zip(paths, buffers or [], strict=False):
            self.sent[name] += memoryview(buffer).nbytes


def measure_panel(count: int) -> dict[str, Any]:
    """The steps of ``STEPS`` with that many texts: seconds to each of ``MARKS``, bytes a part."""
    import workbench as wb

    first, other = make_texts(count, "a"), make_texts(count, "b")
    begun = time.perf_counter()
    panel = wb.explore(first)
    watch = Watch(panel)
    watch.begun = begun
    steps = {"first": read(panel, watch)}
    for name, text, prompt in (
        ("other texts", "\n".join(text.replace("\n", " ") for text in other), None),
        ("toggle", None, PREFIX),
        ("back", None, {"choice": "none", "own": ""}),
    ):
        if text is not None:
            panel.set_state({"text": text})
        message = {
            "do": "embed",
            "text": panel.text,
            "mode": "lines",
            "column": "",
            "spec": "bundled",
        }
        watch.begin()
        panel._handle_custom_msg(message | {"prompt": prompt or {"choice": "none", "own": ""}}, [])
        steps[name] = read(panel, watch)
    return steps


def read(panel: Explorer, watch: Watch) -> dict[str, Any]:
    assert panel.wait(300)
    assert panel.status["phase"] == "done", panel.status
    return {"seconds": dict(watch.marks), "bytes": dict(watch.sent)}


# ---- the other side -----------------------------------------------------------------------------


def run_child(*arguments: str) -> Any:  # noqa: ANN401  (whatever ``answer`` gave)
    """The answer of this file run in a fresh process."""
    command = [sys.executable, __file__, "--child", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPO)
    if answer.returncode:
        raise SystemExit(f"{command} failed:\n{answer.stderr}")
    return json.loads(answer.stdout.splitlines()[-1])


def answer(what: str) -> object:
    """What a fresh process measures: a number of texts, a name of ``PARTS``, or "bytes"."""
    if what.isdigit():
        return measure_panel(int(what))
    if what == "bytes":
        from workbench.panels import assets

        text = assets.script() + assets.style()
        return {"script and style": len(text.encode()), "plotly.js": len(assets.packed_plotly())}
    begun = time.perf_counter()
    exec(compile(PARTS[what], "<part>", "exec"), {})
    return time.perf_counter() - begun


def spread(values: Sequence[float]) -> str:
    """Median and range in seconds."""
    if not values:
        return "–"
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def machine() -> str:
    """Processor, cores and versions, on a line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    used = ", ".join(f"{package} {version(package)}" for package in VERSIONS)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, {used}"


def latency_table(found: Mapping[int, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    yield f"| texts | step | {' | '.join(MARKS)} |"
    yield "|---|---|" + "---|" * len(MARKS)
    for count, runs in found.items():
        for step, words in STEPS.items():
            seconds = [run[step]["seconds"] for run in runs]
            cells = [spread([s[mark] for s in seconds if mark in s]) for mark in MARKS]
            yield f"| {count:,} | {words} | {' | '.join(cells)} |"


def bytes_table(found: Mapping[int, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    parts = ("matrix", "map", "table", "changes", "percentiles", "options", "status")
    yield f"| texts | step | {' | '.join(parts)} | all |"
    yield "|---|---|" + "---|" * (len(parts) + 1)
    for count, runs in found.items():
        for step, words in STEPS.items():
            sent = [run[step]["bytes"] for run in runs]
            cells = [statistics.median(s.get(part, 0) for s in sent) / 1e3 for part in parts]
            whole = statistics.median(sum(s.values()) for s in sent) / 1e3
            shown = " | ".join(f"{cell:,.0f}" for cell in (*cells, whole))
            yield f"| {count:,} | {words} | {shown} |"


def part_table(found: Mapping[str, Sequence[float]]) -> Iterator[str]:
    yield "| in a fresh process | seconds |"
    yield "|---|---|"
    for name, seconds in found.items():
        yield f"| {name} | {spread(seconds)} |"


def report(
    runs: int, sizes: Sequence[int], measure_page: Callable[[], Iterator[str]] | None
) -> str:
    panels: dict[int, list[Any]] = {count: [] for count in sizes}
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for _ in range(runs):
        for count in sizes:
            panels[count].append(run_child(str(count)))
        for name in PARTS:
            parts[name].append(run_child(name))
    once = " and ".join(
        f"{size / 1e3:,.0f} kB of {name}" for name, size in run_child("bytes").items()
    )
    lines = [
        f"{machine()}. Median (range) of {runs} processes.",
        "",
        "Seconds from the click until the part is on its way to the browser:",
        "",
        *latency_table(panels),
        "",
        "kB sent for each part, JSON and buffers together:",
        "",
        *bytes_table(panels),
        "",
        f"Once a page: {once}.",
        "",
        *part_table(parts),
    ]
    if measure_page is not None:
        lines += ["", *measure_page()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3, help="processes for each number")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="texts")
    parser.add_argument("--browser", action="store_true", help="paint in a real JupyterLab as well")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child is not None:
        print(json.dumps(answer(asked.child)))
        return
    page = None
    if asked.browser:
        sys.path.insert(0, str(REPO))
        from benchmarks.explorer_page import measure_page

        def page() -> Iterator[str]:
            return measure_page(asked.sizes, make_texts)

    print(report(asked.runs, asked.sizes, page))


if __name__ == "__main__":
    main()
