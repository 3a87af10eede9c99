"""Operators of vision models compute what MXNet 1.9.1 computes (make_mxnet_vision.py made the numbers)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE, Device
from mxtrain.symbol.symbol import load

FILE = Path(__file__).with_name("mxnet_vision.npz")
NAMES = sorted({k.split("/")[0] for k in np.load(FILE).files})


@pytest.fixture(scope="module")
def stored():
    """kind -> ``{name: array}`` of a case."""
    with np.load(FILE) as file:
        arrays = dict(file)

    def part(name, kind):
        start = f"{name}/{kind}/"
        return {k.removeprefix(start): a for k, a in arrays.items() if k.startswith(start)}

    return lambda name, kind: str(arrays[f"{name}/symbol"]) if kind == "symbol" else part(name, kind)


def close(got, want, what):
    assert got.shape == want.shape, what
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5 * max(np.abs(want).max(), 1e-3), err_msg=what)


@pytest.mark.parametrize("device", [REFERENCE, Device(threads=2)], ids=["reference", "fast"])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_mxnets(name, device, stored, tmp_path):
    path = tmp_path / f"{name}-symbol.json"
    path.write_text(stored(name, "symbol"), encoding="utf-8")
    inputs, outputs, dys, gradients = (stored(name, k) for k in ("in", "out", "dy", "grad"))
    symbol = load(path)
    # Written and read again it is the same.
    symbol.save(path)
    symbol = load(path)
    run = symbol.bind(device, **{n: a.shape for n, a in inputs.items()})
    for n, a in inputs.items():
        (run.arg_dict if n in run.arg_dict else run.aux_dict)[n][...] = a
    found = run.forward()
    assert len(found) == len(outputs)
    for i, a in outputs.items():
        close(found[int(i)], a, f"output {i}")
    if not dys:
        return
    run.forward(is_train=True)
    run.backward([dys[str(i)] for i in range(len(dys))])
    for n, a in gradients.items():
        close(run.grad_dict.get(n, np.zeros_like(a)), a, f"gradient of {n}")
