"""Steps of a net on a GPU by PyTorch, channels last, from data that lies there; one line of JSON.

torch-env/bin/python gpu_torch.py NET BATCH PRECISION eager|compile WARMUP WINDOWS STEPS SHAPE CLASSES
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

import torch
from torch import nn
from torch_zoo import NETS, Transformer


def build(net: str) -> nn.Module:
    if net == "vit-small":
        return Transformer(384, 12)
    if net == "inception-v3":
        from torchvision.models import inception_v3  # the zoo has none

        return inception_v3(weights=None, aux_logits=False, init_weights=False)
    return NETS[net]()


def main(net: str, batch: int, precision: str, kind: str, counts: list[int], shape: list[int]) -> None:
    warm_up, windows, steps, classes = counts
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    begun = perf_counter()
    layout = torch.channels_last if len(shape) == 3 else torch.contiguous_format
    model = build(net).cuda().to(memory_format=layout)
    x = torch.randn(batch, *shape, device="cuda").to(memory_format=layout)
    y = torch.randint(0, classes, (batch,), device="cuda")
    optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4, fused=True)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    scaler = torch.amp.GradScaler("cuda", enabled=precision == "fp16")
    run = torch.compile(model, mode="max-autotune") if kind == "compile" else model

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=dtype or torch.bfloat16, enabled=dtype is not None):
            loss = nn.functional.cross_entropy(run(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss

    losses = []
    for k in range(warm_up):
        loss = step()
        if k < 20:
            losses.append(float(loss))
    torch.cuda.synchronize()
    ready = perf_counter() - begun
    times, walls, host = [], [], []
    for _ in range(windows):
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start = perf_counter()
        first.record()
        for _ in range(steps):
            step()
        host.append((perf_counter() - start) / steps)
        last.record()
        last.synchronize()
        walls.append((perf_counter() - start) / steps)
        times.append(first.elapsed_time(last) / 1e3 / steps)
    version = {"torch": torch.__version__, "cudnn": torch.backends.cudnn.version()}
    peak = torch.cuda.max_memory_reserved()
    print(
        json.dumps({
            "seconds": times, "wall": walls, "host": host, "ready": ready, "losses": losses, "peak": peak,
            "version": version,
        })
    )  # fmt: skip


if __name__ == "__main__":
    main(
        sys.argv[1], int(sys.argv[2]), *sys.argv[3:5], [int(n) for n in (*sys.argv[5:8], sys.argv[9])],
        [int(n) for n in sys.argv[8].split(",")],
    )  # fmt: skip
