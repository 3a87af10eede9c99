"""Plans of the real cuDNN for a GPU that is not there: it compiles kernels, and a stand-in for the driver takes them.

A process of its own, as the stand-in would be taken for a driver: ``python -m tests.backends.cuda.deviceless DRIVER
COMPUTE_CAPABILITY DTYPE`` prints names and workspaces of the plans of each graph as JSON.
"""

from __future__ import annotations

import ctypes as c
import json
import sys
from typing import Any

from mxtrain.backends.cuda import cudnn
from mxtrain.backends.cuda.cudnn_attention import Problem, describe_backward, describe_forward
from mxtrain.backends.cuda.cudnn_graph import Plan, properties
from mxtrain.backends.cuda.libraries import CUDNN
from mxtrain.backends.cuda.library import find

PROBLEMS = ((64, 6, 197, 197, 64, 64), (2, 1, 50, 77, 40, 24))
"""ViT-small's, and one with no round number."""


def device(sm: int) -> str:
    """Properties as cuDNN writes them, of a GPU that is otherwise an H100."""
    threads = {"maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "maxCtasPerSM": 32, "warpSize": 32}
    memory = {"maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448, "l2CacheSize": 52428800}
    memory |= {"reservedSharedMemoryPerBlock": 1024, "totalGlobalMem": 85 * 10**9, "memClockRateKHz": 2619000}
    registers = {"regsPerBlock": 65536, "maxRegistersPerSM": 65536}
    grid = {"maxGridSize": [2**31 - 1, 65535, 65535], "maxBlockSize": [1024, 1024, 64]}
    rest = {"deviceVer": sm, "driverVer": 13000, "cudaDeviceId": 0, "multiProcessorCount": 132, "pciDeviceId": 0}
    rest |= {"isTccDriver": 0, "supportCoopLaunch": 1, "smClockRateKHz": 1980000}
    return json.dumps({**threads, **memory, **registers, **grid, **rest, "deviceName": "none"})


def main(driver: str, sm: str, dtype: str) -> None:
    """Print what plans there are."""
    c.CDLL(driver, mode=c.RTLD_GLOBAL)
    found = find(CUDNN)
    assert found is not None
    dnn = cudnn.Cudnn.__new__(cudnn.Cudnn)
    dnn.lib, dnn.handle = cudnn.bind(found.handle, cudnn.CUDNN_TABLE), c.c_void_p()
    at = properties(dnn, device(int(sm)))
    said: list[dict[str, Any]] = []
    for sizes in PROBLEMS:
        p = Problem(*sizes, dtype, 0.125)
        graphs = {
            "forward": describe_forward(dnn, p, stats=True, properties=at),
            "prediction": describe_forward(dnn, p, stats=False, properties=at),
            "backward, summed": describe_backward(dnn, p, summed=True, properties=at),
            "backward, fixed": describe_backward(dnn, p, summed=False, properties=at),
        }
        for name, described in graphs.items():
            configs = described.graph.configs(deterministic=True)
            plans: list[Plan | None] = [described.graph.plan(n, config) for n, config in configs.items()]
            usable = {p.name: p.workspace for p in plans if p is not None}
            said.append({"sizes": sizes, "graph": name, "engines": len(configs), "plans": usable})
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
