"""Random graphs: no pass and no memory strategy changes a result, beyond what rounding in another order may."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import pytest

from mxtrain import ops, passes
from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.graph import Graph
from mxtrain.ops import _chain
from mxtrain.passes import Options, compile_graph, for_prediction, memory, recompute_segments
from tests.contract.memory_plan import problems
from tests.contract.operators import gpu
from tests.contract.random_graphs import compiled_net, random_net, random_values, start

FAST = Device(kernels=("onednn", "reference"))
BARE = Options(fuse=False, cse=False, hoist=False, strategy="none")
STRATEGIES = ("none", "inplace", "co-share", "both", "recompute")
SEEDS = range(60)
FEW = range(100, 115)

EXACT = 1e-12
"""Of the largest result, in float64: fused structures sum in another order."""
SINGLE = 4e-5
"""In float32 a gradient may be the small difference of sums as large as the largest result."""
NARROW = 32 * 2.0**-8
"""A dozen operators that each round to 8 bits, forward and backward."""

needs_onednn = pytest.mark.skipif(not onednn.available(), reason="oneDNN is not installed")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """These tensors are too small to share out: threads would only wait for each other."""
    onednn.set_threads(1)
    yield
    onednn.set_threads(os.cpu_count() or 1)


def results(compiled, device, seed, net, fill=0):
    """What two runs in a row leave behind, the second on other inputs and the parameters that the first left."""
    session = start(compiled, device, random_values(net, seed), fill)
    first, second = session.run(random_values(net, seed)), session.run(random_values(net, seed + 1000))
    return {f"{k} of run {i}": v for i, run in enumerate((first, second)) for k, v in run.items()}


@cache
def bare(seed, size=24, smooth=False):
    """Results of the plainest compilation in float64."""
    net = random_net(seed, size=size, smooth=smooth)
    return results(compiled_net(net, REFERENCE, BARE), REFERENCE, seed, net)


def check_equal(got, want):
    different = [k for k in want if not np.array_equal(got[k], want[k], equal_nan=True)]
    assert got.keys() == want.keys() and not different


def check_close(got, want, tolerance):
    """Within `tolerance` of the largest norm: small ones are differences of large ones."""
    assert got.keys() == want.keys()
    norms = {k: float(np.linalg.norm(np.asarray(v, np.float64))) for k, v in want.items()}
    scale = max(norms.values())
    wrong = {k: e for k in want if not (e := float(np.linalg.norm(got[k] - want[k]))) <= tolerance * scale}
    assert not wrong


def compiled_prediction(net, device, options):
    """A net's prediction graph with kernels and memory."""
    g = for_prediction(Graph(net.heads).check(), options=options)
    return compile_graph(g, device, vocabulary=ops.vocabulary(), options=options)


@pytest.mark.parametrize("seed", SEEDS)
def test_passes_and_strategies_change_no_bit(seed):
    net, want = random_net(seed), bare(seed)
    variants = [Options(fuse=False, strategy=s) for s in STRATEGIES]
    for options in (*variants, Options(fuse=False, cse=False), Options(fuse=False, hoist=False)):
        compiled = compiled_net(net, REFERENCE, options)
        assert problems(compiled) == []
        check_equal(results(compiled, REFERENCE, seed, net), want)


@pytest.fixture
def eager(monkeypatch):
    """Random nodes of the forward run again, whether that saves anything or not; how many is noted."""
    counts = []

    def some(forward, segments):
        rng = np.random.default_rng(len(forward.line))
        return {n for n in forward.line if rng.random() < 0.8}

    def recompute_most(*args, **named):
        made = recompute_segments(*args, **named | {"measure": lambda r: 1 / (1 + len(r.again))})
        counts.append(len(made.again))
        return made

    monkeypatch.setattr("mxtrain.passes.recompute._dropped", some)
    monkeypatch.setattr("mxtrain.passes.recompute.MOST", float("inf"))
    monkeypatch.setattr(passes, "recompute_segments", recompute_most)
    return counts


@pytest.mark.parametrize("seed", SEEDS)
def test_recomputing_changes_no_bit(seed, eager):
    net, want = random_net(seed, size=40), bare(seed, 40)
    compiled = compiled_net(net, REFERENCE, Options(fuse=False, strategy="recompute"))
    assert problems(compiled) == [] and sum(eager) > 0
    check_equal(results(compiled, REFERENCE, seed, net), want)


@needs_onednn
@pytest.mark.parametrize("seed", FEW)
def test_recomputing_with_fast_kernels_changes_no_bit(seed, eager):
    net = random_net(seed, "float32", size=40)
    want = results(compiled_net(net, FAST, Options(strategy="none")), FAST, seed, net)
    compiled = compiled_net(net, FAST, Options(strategy="recompute"))
    assert problems(compiled) == [] and sum(eager) > 0
    check_equal(results(compiled, FAST, seed, net), want)


@pytest.mark.parametrize("seed", SEEDS)
def test_fusion_changes_nothing_but_rounding(seed):
    net = random_net(seed)
    plain = results(compiled_net(net, REFERENCE, Options(strategy="none")), REFERENCE, seed, net)
    check_close(plain, bare(seed), EXACT)
    for strategy in STRATEGIES[1:]:
        compiled = compiled_net(net, REFERENCE, Options(strategy=strategy))
        assert problems(compiled) == []
        check_equal(results(compiled, REFERENCE, seed, net), plain)


@needs_onednn
@pytest.mark.parametrize("fuse", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize("seed", FEW)
def test_fast_kernels_agree_with_the_reference(seed, fuse):
    net = random_net(seed, "float32")
    want = results(compiled_net(net, FAST, Options(fuse=fuse, strategy="none")), FAST, seed, net)
    check_close(want, bare(seed), SINGLE)
    for strategy in STRATEGIES[1:]:
        compiled = compiled_net(net, FAST, Options(fuse=fuse, strategy=strategy))
        assert problems(compiled) == []
        check_equal(results(compiled, FAST, seed, net), want)


@pytest.mark.parametrize("fuse", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize("seed", FEW)
def test_a_gpus_kernels_agree_with_the_reference(seed, fuse):
    net = random_net(seed, "float32")
    compiled = compiled_net(net, gpu(), Options(fuse=fuse))
    assert problems(compiled) == []
    check_close(results(compiled, gpu(), seed, net), bare(seed), SINGLE)


@pytest.mark.parametrize(
    "device", [REFERENCE, pytest.param(FAST, marks=needs_onednn), gpu()], ids=["reference", "onednn", "gpu"]
)
@pytest.mark.parametrize("seed", FEW)
def test_a_narrow_precision_stays_near(seed, device):
    net = random_net(seed, "float32", size=14, smooth=True)
    compiled = compiled_net(net, device, Options(precision="bfloat16"))
    assert problems(compiled) == []
    assert any("bfloat16" in (t.dtype for t in n.types) for n in compiled.graph.nodes)
    check_close(results(compiled, device, seed, net), bare(seed, 14, True), NARROW)


@pytest.mark.parametrize("device", [REFERENCE, pytest.param(FAST, marks=needs_onednn)], ids=["reference", "onednn"])
@pytest.mark.parametrize("seed", FEW)
def test_prediction_is_the_same_with_everything_folded(seed, device):
    def outputs(dtype, on, options):
        net = random_net(seed, dtype)
        compiled = compiled_prediction(net, on, options)
        assert problems(compiled) == []
        session = start(compiled, on, random_values(net, seed))
        return {k: v for k, v in session.run(random_values(net, seed)).items() if k.startswith("output")}

    exact = outputs("float64", REFERENCE, BARE)
    check_close(outputs("float64", REFERENCE, Options()), exact, EXACT)
    check_close(outputs("float32", device, Options()), exact, SINGLE)


@pytest.mark.parametrize("device", [REFERENCE, pytest.param(FAST, marks=needs_onednn)], ids=["reference", "onednn"])
@pytest.mark.parametrize("seed", FEW)
def test_a_plan_used_before_is_as_good_as_a_new_one(seed, device, rng):
    net = random_net(seed, "float32")
    compiled = compiled_net(net, device, Options())
    used = start(compiled, device, random_values(net, seed))
    used.run(random_values(net, seed))
    for name in net.wrt:
        used.arrays[name] += rng.standard_normal(used.arrays[name].shape).astype(np.float32)
    fresh = start(compiled, device, used.arrays)
    inputs = random_values(net, seed + 1)
    check_equal(used.run(inputs), fresh.run(inputs))


@pytest.mark.parametrize("device", [REFERENCE, pytest.param(FAST, marks=needs_onednn)], ids=["reference", "onednn"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_memory_held_before_changes_no_bit(device, precision, strategy, rng):
    """0xFF is NaN in every type of float, 0x3F a common number: neither may reach a result, as zeros may not."""
    for seed in rng.integers(1 << 31, size=4).tolist():
        net = random_net(seed, "float32", *((24, False) if precision == "float32" else (14, True)))
        options = Options(precision=precision, strategy=strategy, fuse=bool(rng.integers(2)))
        training, prediction = compiled_net(net, device, options), compiled_prediction(net, device, options)
        for compiled in (training, prediction):
            # What float16 cannot hold is infinite.
            with np.errstate(all="ignore" if precision == "float16" else None):
                clean, *filled = (results(compiled, device, seed, net, fill) for fill in (0, 0xFF, 0x3F))
            for found in filled:
                check_equal(found, clean)


def inplace_without_counting(self, n, recipe, e, taken):
    """In place over any input, whoever reads it later."""
    for i, o in recipe.inplace:
        b = self.buffers.get(n.inputs[i])
        if o == e.index and b is not None and b.place is None and id(b) not in taken and b.nbytes >= e.type.nbytes:
            return b
    return None


def lives_one_step_less(offsets):
    def broken(buffers, share):
        for b in buffers:
            b.last = max(b.first, b.last - 1)
        return offsets(buffers, share)

    return broken


def caught(seeds, fuse):
    """(seeds whose plan the checker refuses, seeds whose results differ)."""
    refused, different = set(), set()
    for seed in seeds:
        net = random_net(seed)
        compiled = compiled_net(net, REFERENCE, Options(fuse=fuse))
        if problems(compiled):
            refused.add(seed)
        got, want = results(compiled, REFERENCE, seed, net), bare(seed)
        if any(not np.allclose(got[k], want[k], rtol=1e-6, atol=1e-9, equal_nan=True) for k in want):
            different.add(seed)
    return refused, different


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
class TestPlantedBugs:
    """What these tests are for: each of these bugs must be seen, in the plan and in the results."""

    @pytest.fixture(autouse=True)
    def right(self):
        """What results should be is kept by the process: it must be known before a bug is planted."""
        for seed in range(30):
            bare(seed)

    def test_nothing_is_seen_where_nothing_is_wrong(self):
        assert caught(range(10), True) == (set(), set())

    def test_writing_over_what_is_read_later(self, monkeypatch):
        monkeypatch.setattr(memory._Planner, "_inplace", inplace_without_counting)
        refused, different = caught(range(10), False)
        assert len(refused) >= 5 and len(different) >= 5

    def test_a_life_one_step_too_short(self, monkeypatch):
        monkeypatch.setattr(memory, "_offsets", lives_one_step_less(memory._offsets))
        refused, different = caught(range(10), False)
        assert len(refused) >= 5 and len(different) >= 5

    def test_a_chain_that_does_not_see_its_output_over_its_input(self, monkeypatch):
        monkeypatch.setattr(_chain, "address", id)
        assert caught(range(30), True)[1]

    def test_a_chain_whose_temporaries_live_too_short(self, monkeypatch):
        last_reads = _chain.last_reads
        monkeypatch.setattr(_chain, "last_reads", lambda p: [k - 1 for k in last_reads(p)])
        assert caught(range(30), True)[1]
