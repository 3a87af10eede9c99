"""adadelta against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"wd": 0.05},
        [
            [0.30408481, 0.68990302, -0.48159471, -0.57558179, 0.62706447, 0.40794459],
            [0.44939157, -0.96888554, -0.19613451],
            [-0.59079194, 0.24490514, 0.5242399, -0.37916532, -0.43348226, 0.48885244],
        ],
        takes_lr=False,
    ),
    Case(
        {"rho": 0.5, "epsilon": 0.01, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.31541175, 0.68777382, -0.5769639, -0.6532402, 0.73660821, 0.49221379],
            [0.69358104, -1.2445076, -0.30596149],
            [-0.53102916, 0.27561036, 0.39889312, -0.45493612, -0.37500992, 0.55104637],
        ],
        takes_lr=False,
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    a = s["a"] = p.rho * s.get("a", 0) + (1 - p.rho) * g * g
    delta = np.sqrt(s.get("d", 0) + p.epsilon) / np.sqrt(a + p.epsilon) * g
    s["d"] = p.rho * s.get("d", 0) + (1 - p.rho) * delta * delta
    return w - now.lr * (delta + now.wd * w)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("adadelta", case, formula)
