"""mae_regression_output: the data itself; its gradient is that of the absolute distance from the label.

Shapes:
    data (N, D...), label as data, or (N,) where D is 1 -> output, as data

dx = sign(x - label) grad_scale / D.

Source: MXNet's MAERegressionOutput.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._call import view
from mxtrain.ops._regression import regression


def error(xp: Any, prediction: Any, label: Any) -> Any:
    """sign(x - label)."""
    return xp.sign(prediction - label)


def distance(xp: Any, data: Any, label: Any) -> Any:
    """|x - label|."""
    return xp.abs(data - label)


OP = regression("mae_regression_output", "MAERegressionOutput", {"reference": view()}, error, distance)
