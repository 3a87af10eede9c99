"""lamb against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "wd": 0.05},
        [
            [0.34552351, 0.88959152, -0.5754897, -0.76339382, 0.76595974, 0.55880761],
            [0.48007438, -0.94209814, -0.2317505],
            [-0.96753967, 0.37846619, 0.86999309, -0.60218102, -0.72624266, 0.78593689],
        ],
    ),
    Case(
        {
            "lr": 0.02,
            "beta1": 0.5,
            "beta2": 0.9,
            "epsilon": 0.01,
            "lower_bound": 1.2,
            "upper_bound": 1.5,
            "bias_correction": False,
            "wd": 0.1,
            "clip_gradient": 0.3,
        },
        [
            [0.36319825, 0.8827523, -0.59538889, -0.75119692, 0.78211379, 0.54408252],
            [0.47535932, -0.9553299, -0.22354925],
            [-0.96472973, 0.39092913, 0.86513209, -0.61555964, -0.71664673, 0.79661077],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    m = s["m"] = p.beta1 * s.get("m", 0) + (1 - p.beta1) * g
    v = s["v"] = p.beta2 * s.get("v", 0) + (1 - p.beta2) * g * g
    if p.bias_correction:
        m, v = m / (1 - p.beta1**now.t), v / (1 - p.beta2**now.t)
    step = m / (np.sqrt(v) + p.epsilon) + now.wd * w
    size = np.linalg.norm(w)
    size = max(size, p.lower_bound or 0)
    size = min(size, p.upper_bound or np.inf)
    return w - now.lr * size / np.linalg.norm(step) * step


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("lamb", case, formula)
