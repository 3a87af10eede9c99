"""rmsprop against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "wd": 0.05},
        [
            [0.3169533, 0.91607469, -0.5603711, -0.87205356, 0.76329428, 0.64702237],
            [0.56833464, -0.95955396, -0.30157936],
            [-0.978504, 0.36826462, 0.87886959, -0.59738684, -0.77536547, 0.78571516],
        ],
    ),
    Case(
        {"lr": 0.02, "gamma1": 0.7, "epsilon": 0.1, "wd": 0.1, "clip_gradient": 0.3, "clip_weights": 0.8},
        [
            [0.36798874, 0.79274642, -0.60021204, -0.73641139, 0.78970736, 0.53794694],
            [0.46665764, -0.80000001, -0.21699303],
            [-0.79727006, 0.39367723, 0.79632813, -0.61774588, -0.70634168, 0.80000001],
        ],
    ),
    Case(
        {
            "lr": 0.02,
            "gamma1": 0.7,
            "gamma2": 0.6,
            "epsilon": 0.1,
            "centered": True,
            "wd": 0.1,
            "clip_gradient": 0.3,
            "clip_weights": 0.8,
        },
        [
            [0.32411557, 0.80000001, -0.56611085, -0.78023404, 0.76314473, 0.59616882],
            [0.53016609, -0.80000001, -0.27742463],
            [-0.80000001, 0.37080505, 0.80000001, -0.59930885, -0.72475642, 0.78558087],
        ],
    ),
    Case(
        {"lr": 0.005, "centered": True},
        [
            [0.29254106, 0.89404941, -0.53368521, -0.86933523, 0.73491222, 0.65349376],
            [0.57525992, -0.92128301, -0.31574395],
            [-0.970891, 0.35734734, 0.87054604, -0.58644724, -0.77538866, 0.77511108],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g + now.wd * w)
    n = s["n"] = p.gamma1 * s.get("n", 0) + (1 - p.gamma1) * g * g
    if p.centered:
        a = s["a"] = p.gamma1 * s.get("a", 0) + (1 - p.gamma1) * g
        step = s["d"] = p.gamma2 * s.get("d", 0) - now.lr * g / np.sqrt(n - a * a + p.epsilon)
    else:
        step = -now.lr * g / np.sqrt(n + p.epsilon)
    bound = np.inf if p.clip_weights is None else p.clip_weights
    return np.clip(w + step, -bound, bound)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("rmsprop", case, formula)
