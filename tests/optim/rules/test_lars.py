"""lars against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.5, "momentum": 0.9, "eta": 0.1, "wd": 0.05},
        [
            [0.19861667, 0.99150735, -0.45467871, -0.87509036, 0.68021286, 0.6993646],
            [2.3528688, -0.76031131, -2.1564143],
            [-0.98871702, 0.29396078, 0.91333896, -0.52900857, -0.77708811, 0.72944552],
        ],
    ),
    Case(
        {
            "lr": 0.5,
            "momentum": 0.9,
            "eta": 0.1,
            "epsilon": 0.2,
            "wd": 0.05,
            "momentum_correction": False,
            "clip_gradient": 0.3,
        },
        [
            [0.28308997, 0.91690576, -0.52652425, -0.80013651, 0.72258973, 0.63070005],
            [1.8826776, -0.85426641, -1.546715],
            [-0.95485133, 0.3404749, 0.87202442, -0.56718957, -0.73479819, 0.74978054],
        ],
    ),
    Case(
        {"lr": 0.5, "eta": 0.1},
        [
            [0.3493019, 0.94050878, -0.59225798, -0.78861785, 0.79552799, 0.58318847],
            [1.09725, -1.1615, -0.79799998],
            [-0.99638379, 0.38059238, 0.89868766, -0.61184508, -0.74107802, 0.80298889],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    lr = now.lr
    if now.name.endswith("weight"):
        size = np.linalg.norm(w)
        lr *= p.eta * size / (np.linalg.norm(g) + now.wd * size + p.epsilon)
    change = now.lr / now.previous_lr if p.momentum_correction else 1
    m = s["m"] = p.momentum * change * s.get("m", 0) - lr * (clipped(p, g) + now.wd * w)
    return w + m


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("lars", case, formula)
