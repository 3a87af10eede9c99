"""nadam against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "wd": 0.05},
        [
            [0.36459887, 0.87863761, -0.59400272, -0.76010895, 0.78258711, 0.54885876],
            [0.46667263, -0.9595831, -0.21467468],
            [-0.96791106, 0.39671808, 0.8654871, -0.61950451, -0.71601897, 0.80136013],
        ],
    ),
    Case(
        {
            "lr": 0.05,
            "beta1": 0.5,
            "beta2": 0.9,
            "epsilon": 0.01,
            "schedule_decay": 0.1,
            "wd": 0.1,
            "clip_gradient": 0.3,
        },
        [
            [0.31936225, 0.91053849, -0.57249618, -0.84766793, 0.77363139, 0.6335746],
            [0.54398501, -0.98910594, -0.28439534],
            [-0.9789474, 0.37339261, 0.87698001, -0.60695511, -0.72473025, 0.79643774],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g + now.wd * w)
    m = s["m"] = p.beta1 * s.get("m", 0) + (1 - p.beta1) * g
    v = s["v"] = p.beta2 * s.get("v", 0) + (1 - p.beta2) * g * g
    momenta = [p.beta1 * (1 - 0.5 * 0.96 ** (t * p.schedule_decay)) for t in range(now.t + 2)]
    # MXNet multiplies its product once for each of the three arrays.
    past = np.prod(momenta[1 : now.t]) ** 3 * momenta[now.t] ** (now.position + 1)
    bar = (1 - momenta[now.t]) * g / (1 - past) + momenta[now.t + 1] * m / (1 - past * momenta[now.t + 1])
    return w - now.lr * bar / (np.sqrt(v / (1 - p.beta2**now.t)) + p.epsilon)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("nadam", case, formula)
