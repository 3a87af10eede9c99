"""The nets of configs/nets against plain PyTorch, and their fast kernels against the reference kernels.

    python benchmarks/compare_torch.py --torch torch-env/bin/python
    python benchmarks/compare_torch.py --nets vit resnet --batch 1

Both sides get the same random weights (torch_zoo.py) and compute the layer before the softmax in float32. Errors are
the largest difference over the largest value. `reference` compares oneDNN with the reference kernels on a small image
and needs no peer: it takes every net. Ends with status 1 if an error is above 1e-4.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from mxtrain.base.device import REFERENCE, Device
from mxtrain.config.load import loads
from mxtrain.symbol.build import build_net
from mxtrain.symbol.executor import Executor
from mxtrain.symbol.symbol import Symbol

HERE = Path(__file__).parent
CONFIGS = HERE.parent / "configs"
FAST = Device(threads=2)
LIMIT = 1e-4
GRAY = ("mlp", "lenet", "conv2bn", "digits")
FULL = {"inception-v3": 299, "inception-v4": 299, "inception-resnet-v2": 299, "overfeat": 231, "digits": 8, "mlp": 28,
        "lenet": 28, "conv2bn": 28, "resnet-cifar": 32, "wide-resnet": 32}  # fmt: skip
SMALL = {"inception-v3": 107, "inception-v4": 107, "inception-resnet-v2": 107, "overfeat": 127, "digits": 8, "mlp": 28,
         "lenet": 28, "conv2bn": 28, "wide-resnet": 16, "resnet-cifar": 16, "alexnet": 95}  # fmt: skip
OPTIONS = {"mobilenet-v3": ", size: small"}


def net(name: str, image: int) -> Symbol:
    """Up to the layer before the softmax."""
    more = OPTIONS.get(name, "") + (f", image: {image}" if name == "vit" else "")
    whole = build_net(loads(f"net: {{file: {name}{more}}}\n", "net.yaml").at(("net",)), search=(CONFIGS,))
    return Symbol((whole.entries[0].node.inputs[0],))


def arrays(executor: Executor, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights with which numbers stay near 1 however deep the net."""
    made = {}
    for name, a in (executor.arg_dict | executor.aux_dict).items():
        x = rng.standard_normal(a.shape, np.float32)
        if name.endswith("weight"):
            x *= (2 / np.prod(a.shape[1:])) ** 0.5
        elif name.endswith(("gamma", "moving_var")):
            x = rng.uniform(0.1, 0.7, a.shape).astype(np.float32) + name.endswith("var") * np.float32(0.5)
        elif name != "data":
            x *= 0.1
        made[name] = x
    return made


def forward(symbol: Symbol, values: dict[str, np.ndarray], device: Device) -> np.ndarray:
    executor = symbol.bind(device, "null", data=values["data"].shape)
    executor.copy_params_from(
        {k: v for k, v in values.items() if k in executor.arg_dict},
        {k: v for k, v in values.items() if k in executor.aux_dict},
    )
    return np.array(executor.forward()[0])


def sampled(symbol: Symbol, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return arrays(symbol.bind(FAST, "null", data=shape), np.random.default_rng(0))


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


def peer(python: str, *args: str) -> str:
    """What torch_zoo.py prints."""
    command = [python, str(HERE / "peers" / "torch_zoo.py"), *args]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def against_torch(name: str, python: str, batch: int) -> float:
    size = FULL.get(name, 224)
    symbol = net(name, size)
    values = sampled(symbol, (batch, 1 if name in GRAY else 3, size, size))
    parameters = [n for n in symbol.list_arguments() if n != "data"]
    statistics = symbol.list_auxiliary_states()
    packed = {f"p{i}": values[n] for i, n in enumerate(parameters)}
    packed |= {f"s{i}": values[n] for i, n in enumerate(statistics)}
    packed |= {"names_p": np.array(parameters, str), "names_s": np.array(statistics, str), "data": values["data"]}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(source, allow_pickle=False, **packed)
        peer(python, name, str(source), str(target))
        theirs = np.load(target)["logits"]
    return error(forward(symbol, values, FAST), theirs)


def against_reference(name: str) -> float:
    size = SMALL.get(name, 64)
    symbol = net(name, size)
    values = sampled(symbol, (2, 1 if name in GRAY else 3, size, size))
    return error(forward(symbol, values, FAST), forward(symbol, values, REFERENCE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python that has torch")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--nets", nargs="*", help="default: all")
    args = parser.parse_args()
    names = args.nets or sorted(path.stem for path in (CONFIGS / "nets").glob("*.yaml"))
    known = peer(args.torch).split() if args.torch else []
    worst = 0.0
    print("| net | parameters | PyTorch | reference |\n|---|---|---|---|")
    for name in names:
        found = [against_torch(name, args.torch, args.batch)] if name in known else []
        reference = against_reference(name)
        worst = max(worst, reference, *found)
        size = FULL.get(name, 224)
        shape = (1, 1 if name in GRAY else 3, size, size)
        counted = net(name, size).typed(data=shape).nodes
        count = sum(n.types[0].size for n in counted if n.kind == "parameter")
        cell = f"{found[0]:.1e}" if found else "-"
        print(f"| {name} | {count:,} | {cell} | {reference:.1e} |", flush=True)
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
