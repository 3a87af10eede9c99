"""adam against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "wd": 0.05},
        [
            [0.33135927, 0.88095361, -0.56052649, -0.77210742, 0.75018549, 0.56958187],
            [0.49631321, -0.9255352, -0.24931039],
            [-0.95799804, 0.3759073, 0.86234391, -0.59862608, -0.72625923, 0.78100622],
        ],
    ),
    Case(
        {"lr": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.29063424, 0.90424043, -0.53826123, -0.82973748, 0.73985332, 0.64453548],
            [0.56998169, -0.93835968, -0.31158784],
            [-0.96418709, 0.35381687, 0.86727756, -0.58440661, -0.72760558, 0.77317953],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g + now.wd * w)
    m = s["m"] = p.beta1 * s.get("m", 0) + (1 - p.beta1) * g
    v = s["v"] = p.beta2 * s.get("v", 0) + (1 - p.beta2) * g * g
    lr = now.lr * np.sqrt(1 - p.beta2**now.t) / (1 - p.beta1**now.t)
    return w - lr * m / (np.sqrt(v) + p.epsilon)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("adam", case, formula)
