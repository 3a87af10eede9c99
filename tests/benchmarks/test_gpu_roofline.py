"""The arithmetic of the roofline: the totals of ResNet-50 v1.5, counted another way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mxtrain import ops
from mxtrain.passes import infer_types
from mxtrain.train.bench import find_net
from mxtrain.train.check import input_types
from mxtrain.train.net import read_net

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def roofline(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import gpu_roofline

    yield gpu_roofline
    for name in ("gpu_roofline", "report"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def graph():
    config, tree, where = find_net("resnet", ["depth=50", "version=1.5"])
    heads = read_net(tree, where)
    return infer_types(heads, input_types(config, tree, where, heads, 1))


def test_the_walk_counts_what_the_net_has(roofline, graph):
    t = roofline.totals(roofline.resnet50())
    convs = [n for n in graph.nodes if n.op is ops.get("convolution")]
    assert len(convs) == len(roofline.resnet50()) == 53
    assert t.read == sum(n.inputs[0].type.size for n in convs)
    assert t.written == sum(n.types[0].size for n in convs)
    assert t.parameters == sum(n.types[0].size for n in graph.nodes if n.kind == "parameter")
    flops = sum(n.op.flops(n) for n in graph.nodes if n.op in (ops.get("convolution"), ops.get("fully_connected")))
    assert 2 * t.macs == pytest.approx(flops, rel=1e-3)


def test_published_totals(roofline):
    t = roofline.totals(roofline.resnet50())
    assert t.macs / 1e9 == pytest.approx(4.089, abs=1e-3)
    assert roofline.operations(t) / 1e9 == pytest.approx(24.30, abs=0.01)
    assert [round(n / 1e6, 1) for n in roofline.moved(t).values()] == [474.5, 345.3, 281.7, 130.4]


def test_the_bounds_at_the_machine_of_reference(roofline):
    assert [round(rate, -1) for _, rate in roofline.bounds(256).values()] == [8180, 10840, 12910, 23670]
    assert roofline.seconds_of_convs(roofline.resnet50(), 4.3e12, 790e12) * 1e6 == pytest.approx(41.7, abs=0.1)


def test_a_faster_memory_helps_what_moves_much(roofline):
    slow, fast = (list(roofline.bounds(256, bandwidth).values()) for bandwidth in (2e12, 4e12))
    assert all(b > a for (_, a), (_, b) in zip(slow, fast, strict=True))
    # Nothing fused is bound by bytes: twice the bandwidth is nearly twice as fast.
    assert fast[0][1] / slow[0][1] > 1.8
