"""Takes steps of a net of torch_zoo.py in PyTorch, when it is told to (worker.py).

torch-env/bin/python torch_step.py NET BATCH train|infer fp32|bf16 eager|channels_last|compile THREADS SHAPE
"""

from __future__ import annotations

import sys

import torch
from torch import nn
from torch_zoo import NETS
from worker import serve


def main(net: str, batch: int, mode: str, precision: str, kind: str, shape: list[int]) -> None:
    torch.manual_seed(0)
    model, x = NETS[net](), torch.randn(batch, *shape)
    if kind != "eager":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    run = torch.compile(model) if kind == "compile" else model
    narrow = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
    if mode == "infer":
        model.eval()

        @torch.inference_mode()
        def step() -> None:
            with narrow:
                run(x)

    else:
        y = torch.randint(0, 10, (batch,))
        optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4, foreach=True)

        def step() -> None:
            optimizer.zero_grad(set_to_none=True)
            with narrow:
                loss = nn.functional.cross_entropy(run(x), y)
            loss.backward()
            optimizer.step()

    serve(step)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[6]))
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:6], [int(n) for n in sys.argv[7].split(",")])
