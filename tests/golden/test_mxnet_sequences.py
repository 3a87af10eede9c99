"""Operators of sequences and arrays compute what MXNet 1.9.1 computes: make_mxnet_sequences.py made the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE, Device
from mxtrain.formats.mxnet_names import our_name
from mxtrain.formats.symbol_json import parse_symbol
from mxtrain.symbol.symbol import loads

FILE = Path(__file__).with_name("mxnet_sequences.npz")
TOLERANCE = 2e-5
"""Of the largest number of an array."""


def read():
    """case -> kind -> name -> array; the symbol's text as it is."""
    cases = {}
    with np.load(FILE) as file:
        for key in file.files:
            name, kind, *rest = key.split("/", 2)
            part = cases.setdefault(name, {"in": {}, "out": {}, "dy": {}, "grad": {}})
            if kind == "symbol":
                part[kind] = str(file[key])
            else:
                part[kind][rest[0]] = file[key]
    return cases


CASES = read()


def check_close(got, want, what):
    assert got.shape == want.shape, f"{what}: {got.shape}, MXNet has {want.shape}"
    atol = TOLERANCE * max(float(np.abs(np.nan_to_num(want)).max(initial=0)), 1e-3)
    np.testing.assert_allclose(got, want, rtol=0, atol=atol, err_msg=what)


@pytest.mark.parametrize("device", [REFERENCE, Device(threads=2)], ids=["reference", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_mxnets(name, device):
    case = CASES[name]
    # Read, written and read again.
    symbol = loads(loads(case["symbol"]).tojson())
    run = symbol.bind(device, **{n: a.shape for n, a in case["in"].items()})
    for n, a in case["in"].items():
        run.arg_dict[n][...] = a
    outputs = run.forward()
    assert len(outputs) == len(case["out"])
    for i, y in enumerate(outputs):
        check_close(y, case["out"][str(i)], f"output {i}")
    if not case["dy"]:
        return
    outputs = run.forward(is_train=True)
    run.backward([case["dy"][str(i)].astype(y.dtype) for i, y in enumerate(outputs)])
    for n, d in case["grad"].items():
        check_close(run.grad_dict.get(n, np.zeros_like(d)), d, f"gradient of {n}")


def test_a_number_that_is_off_is_noticed():
    want = np.array([1.0, 100.0])
    check_close(want + 1e-3, want, "near")
    with pytest.raises(AssertionError, match="far"):
        check_close(want + 1e-2, want, "far")


def test_the_operators_are_many():
    used = {our_name(n.op) for case in CASES.values() for n in parse_symbol(case["symbol"]).nodes if n.op != "null"}
    assert len(used) > 70 and used <= set(ops.REGISTRY.names())
