"""Steps of a net on a GPU by mxtrain, from data that lies there; one line of JSON.

python gpu_ours.py NET BATCH PRECISION graph|eager WARMUP WINDOWS STEPS [KEY=VALUE...]
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import numpy as np

from mxtrain.backends import cuda
from mxtrain.executor.profile import time_calls
from mxtrain.train.bench import Bare, find_net, make_bare


def body_of(bare: Bare) -> Any:
    assert bare.updater is not None
    updater = bare.updater

    def body() -> None:
        bare.plan.run()
        updater.run()

    return body


def main(net: str, batch: int, precision: str, kind: str, counts: list[int], keys: list[str]) -> None:
    warm_up, windows, steps = counts
    begun = perf_counter()
    record, tree, where = find_net(net, ["device=gpu", f"precision={precision}", *keys])
    bare = make_bare(record, tree, where, batch=batch)
    assert bare.updater is not None
    device, gpu = bare.program.device, cuda.cuda_of(bare.program.device)
    bare.updater.prepare(0, bare.rows)
    bare.program.store.numbers.send()
    said: list[str] = []
    lacking = sorted({s.op for p in (bare.plan, *bare.updater.plans) for s in p.uncapturable})
    step = body_of(bare)
    if kind == "graph" and not lacking:
        store = bare.program.store
        arenas = {"parameters": store.parameters, "auxiliaries": store.auxiliaries, **store.states}
        state = {n: a.buffer.view(np.float32) for n, a in arenas.items() if a.types}
        step = cuda.Captured(gpu, step, state, said.append).run
    losses = []
    for k in range(warm_up):
        step()
        if k < 20:
            losses.append(sum(float(device.fetch(a)) for a in bare.plan.losses.values()) / bare.rows)
    gpu.synchronize()
    ready = perf_counter() - begun
    times, walls, host = [], [], []
    for _ in range(windows):
        first, last = gpu.new_event(), gpu.new_event()
        start = perf_counter()
        first.record()
        for _ in range(steps):
            step()
        host.append((perf_counter() - start) / steps)
        last.record()
        last.synchronize()
        walls.append((perf_counter() - start) / steps)
        times.append(last.since(first) / 1e3 / steps)
    calls = [
        {"op": c.op, "kernel": c.kernel, "seconds": c.seconds, "bytes": c.work.nbytes, "flops": c.work.flops}
        for c in time_calls(bare.plan, bare.update_plan, 3)
    ]
    props = gpu.properties
    print(
        json.dumps({
            "seconds": times, "wall": walls, "host": host, "ready": ready, "losses": losses,
            "peak": gpu.held_memory(), "eager": lacking, "said": said, "calls": calls,
            "choices": gpu.tuning.used, "version": {"gpu": props.name, "driver": props.driver},
        })
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:2], int(sys.argv[2]), *sys.argv[3:5], [int(n) for n in sys.argv[5:8]], sys.argv[8:])
