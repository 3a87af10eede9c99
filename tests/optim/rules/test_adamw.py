"""adamw against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "wd": 0.05},
        [
            [0.33072215, 0.88102114, -0.559843, -0.77090895, 0.74982917, 0.56834781],
            [0.49631321, -0.9255352, -0.24931039],
            [-0.9599303, 0.37522522, 0.86262172, -0.597902, -0.72520512, 0.78061098],
        ],
    ),
    Case(
        {"lr": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.28836298, 0.90837407, -0.53426182, -0.84327173, 0.72770166, 0.63760072],
            [0.56998175, -0.93835968, -0.31158787],
            [-0.95829743, 0.35140112, 0.87051791, -0.58055943, -0.75642842, 0.76291925],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    m = s["m"] = p.beta1 * s.get("m", 0) + (1 - p.beta1) * g
    v = s["v"] = p.beta2 * s.get("v", 0) + (1 - p.beta2) * g * g
    correction = np.sqrt(1 - p.beta2**now.t) / (1 - p.beta1**now.t)
    return w - now.lr * (correction * m / (np.sqrt(v) + p.epsilon) + now.wd * w)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("adamw", case, formula)
