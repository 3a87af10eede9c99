"""signum against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"lr": 0.02, "momentum": 0.8, "wd": 0.05, "wd_lh": 0.1, "clip_gradient": 0.4},
        [
            [0.32614732, 0.89610744, -0.54736906, -0.78012002, 0.74789751, 0.57675487],
            [0.50334513, -0.94455755, -0.26029891],
            [-0.95520747, 0.37344503, 0.87158287, -0.59256637, -0.73116589, 0.78084654],
        ],
    ),
    Case(
        {"lr": 0.02, "momentum": 0.0, "wd": 0.05},
        [
            [0.3475613, 0.87954825, -0.6096307, -0.76305538, 0.79090387, 0.55887419],
            [0.46700004, -0.95200002, -0.22199997],
            [-0.96516746, 0.38344002, 0.86158288, -0.62254137, -0.7211659, 0.80082649],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    if not p.momentum:
        return (1 - now.lr * now.wd) * w - now.lr * np.sign(g)
    m = s["m"] = p.momentum * s.get("m", 0) + (1 - p.momentum) * (g + now.wd * w)
    return (1 - now.lr * p.wd_lh) * w - now.lr * np.sign(m)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("signum", case, formula)
