from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import make_arena
from mxtrain.graph import apply, variable
from mxtrain.kvstore.reduce import cut, makers, overlapped
from mxtrain.passes import Options
from mxtrain.train.program import make_program
from tests.backends.cuda.fake import fake_device
from tests.kvstore.world import Threads, World

NAMES = ("weight0", "bias0", "weight1", "bias1", "weight2", "bias2")


def head():
    x = variable("data", None)
    for k, width in enumerate((16, 8, 4)):
        weight, bias = (variable(f"{n}{k}", None, "parameter") for n in ("weight", "bias"))
        x = apply(ops.get("fully_connected"), f"fc{k}", x, weight, bias, num_hidden=width)
        if k < 2:
            x = apply(ops.get("activation"), f"act{k}", x, act_type="tanh")
    return apply(ops.get("softmax_output"), "softmax", x, variable("label", None))


def program(rows, device=REFERENCE):
    types = {"data": TensorType((rows, 10)), "label": TensorType((rows,))}
    made = make_program((head(),), types, device, Options(), NAMES)
    rng = np.random.default_rng(5)
    for name, t in made.store.parameters.types.items():
        device.put(made.store.parameters[name], rng.standard_normal(t.shape).astype(np.float32) * 0.3)
    return made, types


def gradients(p, plan, device, data, labels):
    device.put(plan.inputs["data"], data)
    device.put(plan.inputs["label"], labels)
    plan.run()
    return {n: np.array(device.fetch(p.store.gradients[n])) for n in NAMES}


@pytest.fixture
def batch(rng):
    return rng.standard_normal((12, 10)).astype(np.float32), rng.integers(0, 4, 12).astype(np.float32)


def test_buckets_are_neighbours_from_the_end():
    arena = make_arena(
        {n: TensorType((s,)) for n, s in (("a", 100), ("b", 10), ("c", 300), ("d", 1), ("e", 2))}, REFERENCE
    )
    made = {"a": 9, "b": 8, "c": 5, "d": 4}
    buckets = cut(arena, made, smallest=600, largest=1500)
    assert [b.names for b in buckets] == [("c", "d", "e"), ("a", "b")]
    assert [b.ready for b in buckets] == [5, 9]
    assert sum(b.array.nbytes for b in buckets) == arena.buffer.nbytes
    arena["c"][...] = 3
    assert buckets[0].array[:300].tolist() == [3.0] * 300
    assert [b.names for b in cut(arena, made, smallest=1, largest=1)] == [("e",), ("d",), ("c",), ("b",), ("a",)]
    assert cut(arena, {}, 1 << 20)[0].ready == -1


def test_every_gradient_has_its_maker_in_backward_order():
    p, types = program(4)
    plan = p.training(types)
    made = makers(plan, p.store.gradients, REFERENCE)
    assert set(made) == set(NAMES)
    assert made["weight2"] < made["weight1"] < made["weight0"]


@pytest.mark.parametrize("smallest", [1, 400, 1 << 20])
def test_two_ranks_give_the_gradients_of_one_with_the_whole_batch(batch, smallest):
    data, labels = batch
    p, types = program(12)
    want = gradients(p, p.training(types), REFERENCE, data, labels)

    def body(comm):
        p, types = program(6)
        plan = overlapped(p.training(types), p.store.gradients, comm, smallest)
        mine = slice(comm.rank * 6, comm.rank * 6 + 6)
        found = gradients(p, plan, REFERENCE, data[mine], labels[mine])
        return found, [s.op for s in plan.steps], len(comm.log)

    results = World(2).run(body)
    for found, steps, calls in results:
        assert calls == {1: 6, 400: 2, 1 << 20: 1}[smallest] == steps.count("all_reduce") - 1
        if smallest == 1:
            backward = [k for k, s in enumerate(steps) if s.startswith("fully_connected_backward")]
            assert steps.index("all_reduce") < backward[-1], "the first sum waits for the end of the backward"
        for n in NAMES:
            np.testing.assert_allclose(found[n], want[n], atol=1e-6)
            np.testing.assert_array_equal(found[n], results[0][0][n])


def test_on_a_device_sums_run_on_a_stream_of_their_own(batch):
    data, labels = batch
    device = fake_device()
    p, types = program(12, device)
    alone = gradients(p, p.training(types), device, data, labels)
    comm = Threads(World(1), 0)
    plan = overlapped(p.training(types), p.store.gradients, comm, 1)
    cuda = device.runtime
    cuda.log.clear()
    again = gradients(p, plan, device, data, labels)
    assert all(stream == 8 for _, _, stream in comm.log) and len(comm.log) == 6
    marks = [(kind, stream) for kind, _, stream in cuda.log if kind in ("record", "wait")]
    # Each sum waits for the compute stream, and the compute stream at the end for the last of the sums.
    assert marks == [("record", None), ("wait", 8)] * 6 + [("record", 8), ("wait", None)]
    for n in NAMES:
        np.testing.assert_array_equal(again[n], alone[n])


def test_a_failed_rank_ends_the_step_of_the_others(batch):
    data, labels = batch

    def body(comm):
        if comm.rank:
            raise RuntimeError("gone")
        p, types = program(6)
        plan = overlapped(p.training(types), p.store.gradients, comm, 1)
        return gradients(p, plan, REFERENCE, data[:6], labels[:6])

    first, second = World(2).run(body)
    assert type(first).__name__ == "DistributedError" and isinstance(second, RuntimeError)
