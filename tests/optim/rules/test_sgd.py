"""sgd against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"momentum": 0.9, "wd": 0.01},
        [
            [0.34634951, 0.89839184, -0.57846171, -0.75004661, 0.77180374, 0.55075508],
            [0.47841179, -0.94803637, -0.23441181],
            [-0.97102255, 0.38368937, 0.872518, -0.60820478, -0.71584797, 0.79284179],
        ],
    ),
    Case(
        {"wd": 0.1, "clip_gradient": 0.3},
        [
            [0.38415101, 0.86481929, -0.60818344, -0.70974064, 0.79084021, 0.50647932],
            [0.43443745, -0.95437503, -0.18848002],
            [-0.95737559, 0.40179724, 0.85425061, -0.62187767, -0.6945408, 0.80080712],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g) + now.wd * w
    if not p.momentum:
        return w - now.lr * g
    m = s["m"] = p.momentum * s.get("m", 0) - now.lr * g
    return w + m


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("sgd", case, formula)
