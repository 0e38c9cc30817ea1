"""Run llama.cpp's own server out of the xllamacpp wheel, with the options of ``llama-server``.

A script for the interpreter that has xllamacpp; it needs nothing else, the workbench included.
The key may come from LLAMA_API_KEY, which shows it to nobody.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading


def parse(argv: list[str]) -> argparse.Namespace:
    """The options, a small part of those of ``llama-server``."""
    parser = argparse.ArgumentParser(prog="llama_runner.py", description=__doc__)
    parser.add_argument("--model", "-m", required=True)
    parser.add_argument("--alias", default="")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--pooling", choices=("none", "mean", "cls", "last", "rank"))
    parser.add_argument("--ctx-size", "-c", type=int, default=2048)
    parser.add_argument("--batch-size", "-b", type=int, default=0)
    parser.add_argument("--ubatch-size", "-ub", type=int, default=0)
    parser.add_argument("--threads", "-t", type=int, default=1)
    parser.add_argument("--parallel", "-np", type=int, default=1)
    parser.add_argument("--api-key", default=os.environ.get("LLAMA_API_KEY", ""))
    parser.add_argument("--embeddings", action="store_true", help="always so")
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    """Serve until a signal ends it."""
    options = parse(argv)
    # by name: it belongs to the interpreter that runs this, and is no part of the workbench
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.hostnames = [options.host]
    params.port = options.port
    params.embedding = True
    params.warmup = False
    params.n_ctx = options.ctx_size
    params.n_batch = options.batch_size or options.ctx_size
    params.n_ubatch = options.ubatch_size or options.ctx_size
    params.n_parallel = options.parallel
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    if options.alias:
        params.model_alias = {options.alias}
    if options.pooling:
        name = f"LLAMA_POOLING_TYPE_{options.pooling.upper()}"
        params.pooling_type = getattr(xllamacpp.llama_pooling_type, name)
    if options.api_key:
        params.api_keys = [options.api_key]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)  # noqa: T201  (a log is its output)
    ended.wait()
    sys.stdout.flush()
    os._exit(0)  # its threads have nothing to save, and freeing them can hang


if __name__ == "__main__":
    main(sys.argv[1:])
