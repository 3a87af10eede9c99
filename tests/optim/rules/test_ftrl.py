"""ftrl against its formula in float64 and MXNet's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.optimizers import Case, check_rule

CASES = [
    Case(
        {"wd": 0.05},
        [
            [0.076433726, 0.080102086, -0.14201723, -0.066439472, 0.19452271, 0.088320166],
            [0.086043231, -0.22614585, -0.057141587],
            [-0.13034497, 0.08628431, 0.056538511, -0.14695416, -0.05066929, 0.19362016],
        ],
    ),
    Case(
        {"lr": 0.3, "lamda1": 0.2, "beta": 0.5, "wd": 0.1, "clip_gradient": 0.3},
        [
            [0.020113697, 0.12070233, -0.080709554, -0.12659264, 0.13133463, 0.16081579],
            [0.14891954, -0.21756211, -0.082404323],
            [-0.19823588, 0.045212355, 0.091773763, -0.10390942, -0.095927812, 0.14577897],
        ],
    ),
]


def clipped(p, g):
    return g if p.clip_gradient is None else np.clip(g, -p.clip_gradient, p.clip_gradient)


def formula(p, w, g, s, now):
    g = clipped(p, g)
    old, z = s.get("n", 0), s.get("z", 0)
    n = s["n"] = old + g * g
    z = s["z"] = z + g - (np.sqrt(n) - np.sqrt(old)) * w / now.lr
    shrunk = np.sign(z) * p.lamda1 - z
    return np.where(np.abs(z) > p.lamda1, shrunk / ((p.beta + np.sqrt(n)) / now.lr + now.wd), 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("ftrl", case, formula)
