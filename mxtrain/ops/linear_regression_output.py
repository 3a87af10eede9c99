"""linear_regression_output: the data itself; its gradient is that of half the squared distance from the label.

Shapes:
    data (N, D...), label as data, or (N,) where D is 1 -> output, as data

dx = (x - label) grad_scale / D.

Source: MXNet's LinearRegressionOutput.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._call import view
from mxtrain.ops._regression import regression


def error(xp: Any, prediction: Any, label: Any) -> Any:
    """x - label."""
    return prediction - label


def distance(xp: Any, data: Any, label: Any) -> Any:
    """(x - label)^2 / 2."""
    return 0.5 * (data - label) ** 2


OP = regression("linear_regression_output", "LinearRegressionOutput", {"reference": view()}, error, distance)
