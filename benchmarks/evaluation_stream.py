"""How an evaluation of 5,000 documents and 300 queries runs: time, memory, progress, cancel.

    python benchmarks/evaluation_stream.py                     # Markdown on the standard output
    python benchmarks/evaluation_stream.py --documents 500 --queries 50

Documents are three texts of the bundled samples joined, each document another three; a query is
one of the texts of the document that answers it. The memory of the ranking is what numpy and
Python hold at most while ranking (tracemalloc), measured in a run of its own on the same vectors.
Cancel latency is the time from a click in the midst of the documents, in a thread of its own, until
the evaluation has stopped.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import threading
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np

import workbench as wb
from workbench.contracts import Embedder, Progress, Retrieval, Source
from workbench.errors import Cancelled
from workbench.maths import normalize_rows
from workbench.maths.vectors import Matrix
from workbench.studies.evaluation import run_evaluation
from workbench.studies.evaluation.ranking import RANK_CELLS, Wanted, rank_corpus

CANCELS = [(share, delay) for share in (0.05, 0.1, 0.2) for delay in (0.01, 0.1, 0.23)]
"""When to cancel: after which share of the texts, and how many seconds later."""


def make_task(documents: int, queries: int) -> Retrieval:
    """The task described above, the same each time."""
    texts = list(dict.fromkeys(wb.samples("mixed")["text"]))
    generator = np.random.default_rng(0)
    threes: dict[tuple[int, ...], None] = {}
    while len(threes) < documents:
        threes[tuple(generator.choice(len(texts), 3, replace=False).tolist())] = None
    chosen = list(threes)
    asked = generator.choice(documents, queries, replace=False).tolist()
    return Retrieval(
        "stream",
        {f"q{at}": f"{texts[chosen[d][1]]} ({at})" for at, d in enumerate(asked)},
        {f"d{at}": " ".join(texts[p] for p in three) for at, three in enumerate(chosen)},
        {f"q{at}": {f"d{d}": 1.0} for at, d in enumerate(asked)},
        {},
        None,
        Source("made by the benchmark"),
    )


@dataclass
class Watch:
    """Progress calls, and the longest wait between two of them."""

    calls: int = 0
    longest: float = 0.0
    last: float = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.perf_counter()
        if self.calls:
            self.longest = max(self.longest, now - self.last)
        self.calls, self.last = self.calls + 1, now


def measure_run(embedder: Embedder, task: Retrieval) -> tuple[float, Watch]:
    """Seconds and progress of a whole evaluation."""
    watch = Watch()
    started = time.perf_counter()
    run_evaluation({"bundled": embedder}, [task], progress=watch)
    return time.perf_counter() - started, watch


def measure_ranking(
    task: Retrieval, queries: Matrix, corpus: Matrix, cells: int
) -> tuple[float, int]:
    """Seconds and peak bytes of ranking alone."""
    place = {document: at for at, document in enumerate(task.corpus)}
    wanted = [Wanted({place[d]: 1.0 for d in task.relevant[query]}) for query in task.queries]
    started = time.perf_counter()
    rank_corpus(queries, corpus, wanted, cells=cells)
    seconds = time.perf_counter() - started
    tracemalloc.start()
    rank_corpus(queries, corpus, wanted, cells=cells)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def measure_cancel(embedder: Embedder, task: Retrieval, share: float, delay: float) -> float:
    """Seconds from a click, ``delay`` after that share of the texts, until all has stopped.

    The clock starts when the click is due, so that a thread that wakes late counts too.
    """
    cancel, reached, at = threading.Event(), threading.Event(), [0.0]

    def press() -> None:
        reached.wait()
        time.sleep(max(0.0, at[0] - time.perf_counter()))
        cancel.set()

    def report(progress: Progress) -> None:
        if not reached.is_set() and progress.done >= share * progress.total:
            at[0] = time.perf_counter() + delay
            reached.set()

    thread = threading.Thread(target=press)
    thread.start()
    try:
        run_evaluation({"bundled": embedder}, [task], progress=report, cancel=cancel)
    except Cancelled:
        return time.perf_counter() - at[0]
    finally:
        reached.set()
        thread.join()
    raise SystemExit("the evaluation ended before it could be cancelled: ask for more documents")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=5_000)
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args()
    embedder, task = wb.load(), make_task(options.documents, options.queries)
    embedder.embed(["warm up"])
    lengths = [len(text) for text in task.corpus.values()]
    print(f"{options.documents:,} documents (median {statistics.median(lengths):.0f} characters), "
          f"{options.queries:,} queries; {platform.machine()}, Python {platform.python_version()}, "
          f"numpy {np.__version__}\n")  # fmt: skip
    cancels = [measure_cancel(embedder, task, *when) for when in CANCELS]
    seconds, watch = measure_run(embedder, task)
    whole = 4 * options.documents * options.queries
    print("| what | figure |\n|---|---|")
    print(f"| whole evaluation | {seconds:.1f} s |")
    print(f"| progress calls | {watch.calls:,}, at most {watch.longest:.2f} s apart |")
    queries = normalize_rows(embedder.embed(list(task.queries.values())))
    corpus = normalize_rows(embedder.embed(list(task.corpus.values())))
    for cells in (RANK_CELLS, 50_000):
        took, peak = measure_ranking(task, queries, corpus, cells)
        figures = f"{took:.2f} s, peak {peak / 2**20:.1f} MiB"
        print(f"| ranking, blocks of {cells:,} cosines | {figures} |")
    print(f"| the whole matrix as float32 alone | {whole / 2**20:.1f} MiB |")
    print(f"| cancel until stopped, {len(cancels)} times | median "
          f"{statistics.median(cancels):.2f} s, most {max(cancels):.2f} s |")  # fmt: skip


if __name__ == "__main__":
    main()
