"""logistic_regression_output: the sigmoid; its gradient is that of the binary cross-entropy with the label.

Shapes:
    data (N, D...), label (probabilities) as data, or (N,) where D is 1 -> output, as data

dx = (sigmoid(x) - label) grad_scale / D.

Source: MXNet's LogisticRegressionOutput.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.graph import Node, Recipe
from mxtrain.ops._activations import sigmoid
from mxtrain.ops._call import array_code
from mxtrain.ops._regression import regression


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    sigmoid(xp, ins[0], outs[0])


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's logistic."""
    t = node.types[0]
    if not onednn.available() or not onednn.supports(t) or t.layout.opaque or node.inputs[0].type != t:
        return None
    md = onednn.desc(t)
    pd = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, onednn.Algorithm.LOGISTIC, md, md, 0.0, 0.0)
    return None if pd is None else onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0})


def error(xp: Any, prediction: Any, label: Any) -> Any:
    """sigmoid(x) - label."""
    return prediction - label


def distance(xp: Any, data: Any, label: Any) -> Any:
    """-label log(sigmoid(x)) - (1 - label) log(1 - sigmoid(x)), from x, so that nothing overflows."""
    return xp.logaddexp(data, 0) - label * data


KERNELS = {**array_code(run, ((0, 0),)), "onednn": fast}
OP = regression("logistic_regression_output", "LogisticRegressionOutput", KERNELS, error, distance)
