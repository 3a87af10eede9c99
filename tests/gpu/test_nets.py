"""Twenty nets on a GPU against the host: one training step from the same parameters and data."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.train.bench import find_net, make_bare

NETS = {
    "mlp": [], "lenet": [], "conv2bn": [], "digits": [], "resnet-cifar": ["depth=20"], "alexnet": [], "googlenet": [],
    "inception-bn": [], "inception-v3": [], "mobilenet-v1": [], "mobilenet-v2": [], "mobilenet-v3": [],
    "resnet": ["depth=18"], "resnet-v2": [], "resnext": [], "se-resnet": [], "shufflenet-v2": [], "squeezenet": [],
    "vgg": [], "vit": ["size=tiny"], "densenet": [], "efficientnet-b0": [],
}  # fmt: skip
ROUNDING = {"fp32": 2.0**-24, "bf16": 2.0**-9, "fp16": 2.0**-12}
SHAKE, TIMES = 16, 10
FLOOR = {"fp32": 0.05, "bf16": 0.1, "fp16": 0.05}
"""Of an array's norm: an activation near zero that falls on its other side moves a gradient by one of its terms. With
four images that is much: arrays of densenet differ by 2.7 % in float32."""


def step(name, keys, device, precision, shaken=None):
    """Losses and gradients of one step; `shaken`: of parameters and data that are off by as much as rounding."""
    bare = make_bare(*find_net(name, [*keys, f"device={device}", f"precision={precision}"]), batch=4)
    store, fetch = bare.program.store, bare.program.device.fetch
    if precision == "fp16":
        store.numbers.host("loss_scale")[...] = 64.0
    if shaken:
        rng = np.random.default_rng(0)
        for a in (*(store.parameters[k] for k in store.parameters.types), bare.plan.inputs["data"]):
            a *= (1 + shaken * rng.uniform(-1, 1, a.shape)).astype(a.dtype)
    store.numbers.send()
    bare.plan.run()
    scale = 64.0 if precision == "fp16" else 1.0
    grads = {n: fetch(store.gradients[n]).astype(np.float64) / scale for n in store.gradients.types}
    return {n: float(fetch(a)) for n, a in bare.plan.losses.items()}, grads


@pytest.mark.parametrize("precision", ROUNDING)
@pytest.mark.parametrize("name", NETS)
def test_a_step_is_that_of_the_host(name, precision):
    loss, grads = step(name, NETS[name], "gpu", precision)
    wanted, expected = step(name, NETS[name], "cpu", "fp32")
    # How far rounding carries depends on the net, by orders of magnitude: the net itself says how far.
    near, shaken = step(name, NETS[name], "cpu", "fp32", SHAKE * ROUNDING[precision])
    for n, value in wanted.items():
        assert abs(loss[n] - value) <= TIMES * abs(near[n] - value) + FLOOR[precision] * abs(value), n
    largest = max(float(np.linalg.norm(g)) for g in expected.values())
    wrong = {}
    for n, g in expected.items():
        # One norm for each array: single elements of long sums differ by their rounding.
        error, moved, norm = np.linalg.norm(grads[n] - g), np.linalg.norm(shaken[n] - g), np.linalg.norm(g)
        if not error <= TIMES * moved + FLOOR[precision] * norm + ROUNDING[precision] * largest:
            wrong[n] = (float(error), float(moved), float(norm))
    assert not wrong
