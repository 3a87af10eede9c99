"""nag against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"momentum": 0.9, "wd": 0.01},
        [
            [0.3434059, 0.9069652, -0.57772511, -0.75881147, 0.77332371, 0.55912405],
            [0.48667559, -0.95262271, -0.24149063],
            [-0.97482628, 0.38222945, 0.87669927, -0.60782146, -0.72012776, 0.79356241],
        ],
    ),
    Case(
        {"momentum": 0.5, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.37875092, 0.86683011, -0.60370696, -0.71375173, 0.78695536, 0.51227701],
            [0.44198436, -0.95538294, -0.19530874],
            [-0.95597386, 0.39843774, 0.85386467, -0.61860979, -0.69542742, 0.79749578],
        ],
    ),
    Case(
        {"wd": 0.1},
        [
            [0.38040155, 0.87200522, -0.60571688, -0.7166248, 0.79045165, 0.51253521],
            [0.44040501, -0.95618993, -0.19431998],
            [-0.96055734, 0.39995748, 0.85785735, -0.62069422, -0.69796669, 0.80071765],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g) + now.wd * w
    m = s["m"] = p.momentum * s.get("m", 0) + g * now.lr
    return w - (now.lr * g + p.momentum * m)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("nag", case, formula)
