"""adagrad against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.05, "wd": 0.05},
        [
            [0.32864472, 0.89888287, -0.56648189, -0.83122247, 0.76434141, 0.61230576],
            [0.53858042, -0.95449829, -0.27669206],
            [-0.97156572, 0.37327313, 0.86848921, -0.59962589, -0.75273275, 0.78570992],
        ],
    ),
    Case(
        {"lr": 0.05, "epsilon": 0.1, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.339737, 0.89425457, -0.57505894, -0.76515257, 0.76196015, 0.56807917],
            [0.5028497, -0.96191943, -0.25088084],
            [-0.95494628, 0.37678576, 0.86304057, -0.60063589, -0.71725953, 0.78002381],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    h = s["h"] = s.get("h", 0) + g * g
    return w - now.lr * (g / np.sqrt(h + p.epsilon) + now.wd * w)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("adagrad", case, formula)
