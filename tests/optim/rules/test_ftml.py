"""ftml against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"wd": 0.05},
        [
            [0.3777363, 0.86908579, -0.6034447, -0.73026681, 0.78822702, 0.52241433],
            [0.44765946, -0.9515335, -0.19962198],
            [-0.96093071, 0.39926556, 0.85765231, -0.62046987, -0.70589995, 0.80070257],
        ],
        dense=("d",),
    ),
    Case(
        {"lr": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.32997388, 0.88427079, -0.57168651, -0.80790162, 0.7651549, 0.59917754],
            [0.52058721, -0.95571178, -0.26750019],
            [-0.96345657, 0.37377158, 0.86096555, -0.60223937, -0.7070384, 0.78759819],
        ],
        dense=("d",),
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g + now.wd * w)
    v = s["v"] = p.beta2 * s.get("v", 0) + (1 - p.beta2) * g * g
    d = (1 - p.beta1**now.t) / now.lr * (np.sqrt(v / (1 - p.beta2**now.t)) + p.epsilon)
    z = s["z"] = p.beta1 * s.get("z", 0) + (1 - p.beta1) * g - (d - p.beta1 * s.get("d", 0)) * w
    s["d"] = d
    return -z / d


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("ftml", case, formula)
