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
FACTOR = {"fp32": 1e-3, "bf16": 0.1, "fp16": 0.1}


def step(name, keys, device, precision):
    """Losses and gradients of one step."""
    keys = [*keys, f"device={device}", f"precision={precision if device != 'cpu' else 'fp32'}"]
    bare = make_bare(*find_net(name, keys), batch=2)
    store, fetch = bare.program.store, bare.program.device.fetch
    store.numbers.send()
    bare.plan.run()
    scale = float(fetch(store.scalars["loss_scale"])) if precision == "fp16" and device != "cpu" else 1.0
    grads = {n: fetch(store.gradients[n]).astype(np.float64) / scale for n in store.gradients.types}
    return {n: float(fetch(a)) for n, a in bare.plan.losses.items()}, grads


@pytest.mark.parametrize("precision", FACTOR)
@pytest.mark.parametrize("name", NETS)
def test_a_step_is_that_of_the_host(name, precision):
    (loss, grads), (wanted, expected) = (step(name, NETS[name], d, precision) for d in ("gpu", "cpu"))
    assert loss == pytest.approx(wanted, rel=FACTOR[precision])
    for n, g in expected.items():
        # One norm for each array: single elements of long sums differ by their rounding.
        error = np.linalg.norm(grads[n] - g)
        assert error <= FACTOR[precision] * 5 * np.linalg.norm(g) + 1e-6, n
