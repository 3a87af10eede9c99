"""Three training steps of a net on a GPU, call by call, and a fourth between profiler marks: what NVIDIA's profiler is
pointed at for the kernels, bytes and registers of one step.

    ncu --profile-from-start off --clock-control none --csv \
        --metrics gpu__time_duration.sum,dram__bytes.sum,launch__registers_per_thread \
        python benchmarks/gpu_profile.py resnet 256 bf16 depth=50 version=1.5
"""

from __future__ import annotations

import sys

from mxtrain.backends import cuda
from mxtrain.train.bench import find_net, make_bare


def main(net: str, batch: str, precision: str, *keys: str) -> None:
    import cupy

    bare = make_bare(*find_net(net, ["device=gpu", f"precision={precision}", *keys]), batch=int(batch))
    for done in range(3):
        bare.step(done)
    cuda.cuda_of(bare.program.device).synchronize()
    cupy.cuda.profiler.start()
    bare.step(3)
    cuda.cuda_of(bare.program.device).synchronize()
    cupy.cuda.profiler.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
