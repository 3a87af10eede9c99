"""A step as one captured graph beside the same step call by call, on a device that is a fake."""

from __future__ import annotations

import pytest

from tests.backends.cuda.fake import FakeGraph


def noted(devices, made):
    """What prepares a library's calls, so that they are noted down while the last device's stream captures."""

    def call(*args, **more):
        function, native = made(*args, **more)
        return lambda: devices[-1].do(lambda: function(*native)), ()

    return call


def fit_both_ways(bench, **changes):
    """Train with the graph and call by call, to the same bits; (the run with the graph, how often it was launched)."""
    launched, launch = [], FakeGraph.launch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeGraph, "launch", lambda self: launched.append(self) or launch(self))
        graph, calls = (bench.fit(device="gpu", cuda_graph=on, deterministic=True, **changes) for on in (True, False))
    for suffix in (".params", ".state"):
        assert graph.file(suffix) == calls.file(suffix)
    assert graph.lines("epoch") == calls.lines("epoch")
    return graph, len(launched)
