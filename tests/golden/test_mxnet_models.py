"""Models that MXNet users trained, and what MXNet 1.9.1 computes with them."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import TensorType
from mxtrain.data.sources import REGISTRY as SOURCES
from mxtrain.formats import ndarray_list
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import load_symbol
from mxtrain.graph import topological
from mxtrain.passes import Options
from mxtrain.train.program import make_program

pytestmark = pytest.mark.data

DET1 = ("mtcnn/det1", "mtcnn/det1-0001.params", "mtcnn/det1-golden.npz")
MNIST_LENET = ("mnist-lenet-matlab/mnist-lenet-0", "mnist-lenet-matlab/mnist-lenet-0-0010.params",
               "mnist-lenet-matlab/mnist-lenet-0-golden.npz")  # fmt: skip
MATCHBOX_LENET = ("matchbox-lenet/lenet", "matchbox-lenet/lenet-0001.params", "matchbox-lenet/lenet-golden.npz")
MODELS = {"det1": DET1, "mnist-lenet": MNIST_LENET, "matchbox-lenet": MATCHBOX_LENET}


@pytest.fixture(params=["reference", "onednn"])
def device(request):
    if request.param == "reference":
        return REFERENCE
    if not onednn.available():
        pytest.skip("oneDNN is not installed")
    onednn.set_threads(2)
    return Device(threads=2)


def predictor(pack, model, device, shape):
    """The plan of prediction of a model for inputs of this shape."""
    symbol, params, _ = (pack / "mxnet" / "models" / part for part in MODELS[model])
    arguments, auxiliary = ndarray_list.split_params(ndarray_list.load(params))
    kinds = {**dict.fromkeys(arguments, "parameter"), **dict.fromkeys(auxiliary, "auxiliary")}
    path = symbol.with_name(f"{symbol.name}-symbol.json")
    heads = to_entries(load_symbol(path), kinds=kinds)
    types = {"data": TensorType(shape)}
    labels = [n.name for n in topological(heads) if n.op is None and n.kind == "input" and n.name != "data"]
    program = make_program(heads, {**types, **{n: TensorType(shape[:1]) for n in labels}}, device, Options(), ())
    program.store.load({**arguments, **auxiliary})
    return program.prediction(types)


@pytest.mark.parametrize("model", MODELS)
def test_the_outputs_are_those_of_mxnet(data_pack, model, device):
    golden = np.load(data_pack / "mxnet" / "models" / MODELS[model][2])
    data = golden["data"]
    assert np.array_equal(data.reshape(-1), ((np.arange(data.size) * 7919 % 256) / 255).astype(np.float32))
    plan = predictor(data_pack, model, device, data.shape)
    plan.inputs["data"][...] = data
    plan.run()
    outputs = [golden[f"out{i}"] for i in range(len(golden["names"]))]
    assert len(plan.outputs) == len(outputs)
    for ours, theirs in zip(plan.outputs, outputs, strict=True):
        # Probabilities near 0 differ by the rounding of the exponent before them.
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("model", "correct"), [("mnist-lenet", 0.99), ("matchbox-lenet", 0.98)])
def test_digits_are_recognised(data_pack, model, correct, device):
    # Over all 10,000 test images they are known to reach 0.9911 and 0.9779.
    source = SOURCES.get("idx")
    rows = source.open(source.params(folder="idx/mnist", split="test"), data_pack).read(np.arange(1000))
    (images,), (labels,) = rows.inputs.values(), rows.labels.values()
    plan = predictor(data_pack, model, device, (1000, 1, 28, 28))
    plan.inputs["data"][...] = np.asarray(images).reshape(-1, 1, 28, 28) / np.float32(255)
    plan.run()
    assert (plan.outputs[0].argmax(1) == labels).mean() >= correct
