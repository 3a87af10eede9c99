from __future__ import annotations

import gc

import numpy as np
import pytest

from mxtrain.backends.cuda.cudnn import Refused, cudnn_of, scalar
from mxtrain.backends.cuda.cudnn_graph import Function, Graph, Reduce, made
from mxtrain.base.errors import BackendUnavailable
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler

SHAPE, STEPS = (2, 1, 3, 4), (12, 12, 4, 1)
ROWS, ROW_STEPS = (2, 1, 3, 1), (3, 3, 1, 1)


def drawn(device):
    """The graph of the largest of 2 x in each row."""
    g = Graph(cudnn_of(device))
    x, factor = g.tensor(SHAPE, STEPS), g.tensor((1,) * 4, (1,) * 4, value=True)
    twice = g.pointwise(Function.MUL, g.tensor(SHAPE, STEPS, virtual=True), x, factor)
    return g, x, factor, g.reduce(Reduce.MAX, g.tensor(ROWS, ROW_STEPS), twice)


def buffer(device, values):
    array = device.zeros(values.nbytes).view(np.float32).reshape(values.shape)
    device.put(array, values)
    return array


@needs_compiler
def test_a_graph_runs_with_what_it_is_given(rng):
    device = fake_device()
    values = rng.standard_normal(SHAPE).astype(np.float32)
    with fake_cudnn() as fake:
        g, x, factor, y = drawn(device)
        configs = g.configs(deterministic=False)
        assert list(configs) == ["0/2", "1/1", "2/3"]
        assert g.plan("0/2", configs["0/2"]) is None
        plan = g.plan("1/1", configs["1/1"])
        assert plan.workspace == 512
        a, out, space, two = buffer(device, values), device.zeros(24), device.zeros(1024), scalar(2.0)
        from ctypes import addressof

        where = device.address(space)
        given = {x.number: device.address(a), factor.number: addressof(two), y.number: device.address(out)}
        function, args = plan.call(given, where + -where % 256)
        del g, configs, plan
        gc.collect()
        assert function(*args) == 0 and fake.log[-1] == "graph of 2, engine 1"
        np.testing.assert_array_equal(device.fetch(out).view(np.float32), 2 * values.max(axis=-1).reshape(-1))


@needs_compiler
def test_engines_whose_bits_change_are_left_out():
    with fake_cudnn():
        assert list(drawn(fake_device())[0].configs(deterministic=True)) == ["0/2", "1/1"]


@needs_compiler
def test_descriptors_are_freed():
    with fake_cudnn() as fake:
        device = fake_device()
        cudnn_of(device)
        gc.collect()  # of tests before this one
        before = fake.living
        g = drawn(device)[0]
        plans = [g.plan(n, c) for n, c in g.configs(deterministic=False).items()]
        assert fake.living > before and any(plans)
        del g, plans
        gc.collect()
        assert fake.living == before


@needs_compiler
def test_statuses_are_explained():
    with fake_cudnn() as fake:
        device = fake_device()
        dnn = cudnn_of(device)
        with pytest.raises(BackendUnavailable, match=r"^cudnnBackendSetAttribute: CUDNN_STATUS_BAD_PARAM \(2000\)"):
            made(dnn, 17, (902, "descriptors", []))
        fake.fail("cudnnBackendFinalize", 3001)
        with pytest.raises(Refused, match="3001"):
            drawn(device)[0].configs(deterministic=False)
