from __future__ import annotations

import dataclasses

import pytest

from mxtrain import symbol as sym
from mxtrain.backends import cuda
from mxtrain.base.types import TensorType
from mxtrain.graph import Recipe
from mxtrain.passes import infer_types
from mxtrain.symbol.compose import settled
from tests.backends.cuda.fake import fake_device


def test_it_is_a_gpu_on_which_nothing_runs():
    device = cuda.planned_device(3)
    assert (device.name, device.kernels, device.threads) == ("gpu:0", ("cuda", "reference"), 3)
    assert cuda.is_planned(device) and not cuda.is_planned(fake_device())


def test_nobody_times_anything():
    tuning = cuda.cuda_of(cuda.planned_device()).tuning
    assert tuning.choose("key", ["first", "second"], lambda name: pytest.fail("timed")) == "first" and not tuning.used


def test_libraries_are_asked_and_not_opened():
    device = cuda.planned_device()
    assert cuda.matmul(device, cuda.Product(1, 4, 4, 4, False, False, "float32", "float32")) is None
    assert cuda.cuda_of(device).asked == {"cuBLASLt"}


def tanh():
    """A typed node."""
    x = sym.variable("x")
    (head,) = infer_types(settled(sym.tanh(x, name="t").entries), {"x": TensorType((2, 3))}).outputs
    return head.node


def kernel(library):
    """A kernel that asks for a library."""

    def choose(node, device):
        if library:
            cuda.cuda_of(device).asked.add(library)

    return choose


@pytest.mark.parametrize(
    ("library", "name"), [("cuDNN", "cuda:cuDNN"), (None, "reference")], ids=["a library", "no library"]
)
def test_what_a_library_was_asked_for_is_taken_to_be_its_own(library, name):
    node = tanh()
    node = dataclasses.replace(node, op=dataclasses.replace(node.op, kernels={"cuda": kernel(library)}))
    recipe = Recipe(lambda ins, outs, scratch: None)
    found = cuda.assumed({node: recipe}, cuda.planned_device())[node]
    assert (found.name, found.capturable) == (name, library is not None)


def test_what_needs_no_library_stays_as_it_is():
    node = tanh()
    recipe = Recipe(lambda ins, outs, scratch: None, "cuda:own", capturable=True)
    assert cuda.assumed({node: recipe}, cuda.planned_device()) == {node: recipe}
