"""MXNet 1.9.1's own training runs, number by number, from its symbol, its initial parameters and the same images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mxtrain import optim
from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import TensorType
from mxtrain.data.augment import REGISTRY as AUGMENTERS
from mxtrain.data.iterator import DataIter, Options, first_image
from mxtrain.data.pipeline import Step, prepare
from mxtrain.data.sources import REGISTRY as SOURCES
from mxtrain.formats import ndarray_list
from mxtrain.formats.states import load_states
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import load_symbol
from mxtrain.optim.schedules import Span
from mxtrain.passes import Options as Compilation
from mxtrain.passes import infer_types
from mxtrain.train.feeder import Feeder
from mxtrain.train.program import make_program, variables
from mxtrain.train.updater import Rule, Updater

pytestmark = pytest.mark.data

RUNS = ("mlp-sgd", "mlp-sgdm", "mlp-adam", "lenet-bn-sgdm")
BATCH, STEPS = 64, 20
TYPES = {"data": TensorType((BATCH, 1, 28, 28)), "softmax_label": TensorType((BATCH,))}
NAMES = {"learning_rate": "lr", "momentum": "momentum", "wd": "wd"}
STATES = {"sgd": ("momentum",), "adam": ("mean", "variance")}


@pytest.fixture(scope="module", params=["reference", "onednn"])
def device(request):
    if request.param == "reference":
        return REFERENCE
    if not onednn.available():
        pytest.skip("oneDNN is not installed")
    onednn.set_threads(2)
    return Device(threads=2)


class Replay:
    """One of the runs on our side, trained as the product trains."""

    def __init__(self, pack, name, device, precision="float32"):
        self.folder, self.name = pack / "mxnet" / "golden-train", name
        self.log = json.loads(self.read("log.json").read_text())
        heads = to_entries(load_symbol(self.read("symbol.json")))
        g = infer_types(heads, TYPES)
        self.order = list(variables(g, "parameter"))
        given = [optim.Parameter(n, v.types[0], v.attrs) for n, v in variables(g, "parameter").items()]
        rule = optim.get(self.log["optimizer"])
        params = rule.params(**{NAMES[k]: v for k, v in self.log["optimizer_params"].items()})
        groups = optim.make_groups(given, (), rule.decays)
        self.program = make_program(heads, TYPES, device, Compilation(precision=precision), list(groups.types))
        self.store = self.program.store
        self.updater = Updater(Rule(rule, params, None, Span(STEPS, STEPS)), groups, self.store)
        self.store.load({**self.arrays("0000.params")[0], **self.arrays("0000.params")[1]})
        self.batches = mnist(pack)
        self.feeder = Feeder(self.batches.finish, {}, {"label": "softmax_label"})

    def read(self, rest) -> Path:
        return self.folder / f"{self.name}-{rest}"

    def arrays(self, rest):
        return ndarray_list.split_params(ndarray_list.load(self.read(rest)))

    def train(self):
        """Mean cross-entropy of every step; the gradients of the first step stay in `first`."""
        losses = []
        plan = self.program.training(TYPES)
        with self.batches.epoch(0) as batches:
            for step, batch in zip(range(STEPS), batches, strict=False):
                self.feeder.feed(plan, batch)
                plan.run()
                (loss,) = plan.losses.values()
                losses.append(float(loss) / BATCH)
                if step == 0:
                    self.first = {n: self.store.gradients[n].copy() for n in self.store.gradients.types}
                self.updater.update(step, BATCH)
        return losses

    def evaluate(self):
        """The outputs for the first batch."""
        plan = self.program.prediction({"data": TYPES["data"]})
        with self.batches.epoch(0) as batches:
            self.feeder.feed(plan, next(batches))
        plan.run()
        return plan.outputs[0].copy()


def mnist(pack):
    """The training images in file order, divided by 255."""
    source = SOURCES.get("idx")
    images = source.open(source.params(folder="idx/mnist", split="train"), pack)
    normalize = Step("normalize", AUGMENTERS.get("normalize").params(std=255))
    return DataIter(images, prepare([normalize], first_image(images), training=True),
                    Options(batch_size=BATCH, shuffle=False))  # fmt: skip


def distance(ours, theirs):
    """Largest difference over the largest magnitude."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.fixture(scope="module", params=RUNS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def trained(data_pack, name, device):
    """A run of 20 steps, and the loss of each."""
    run = Replay(data_pack, name, device)
    return run, run.train()


def test_the_first_gradient(trained):
    run, _ = trained
    gradients, _ = run.arrays("grad1.params")
    assert set(gradients) == set(run.first)
    assert max(distance(run.first[n], g) for n, g in gradients.items()) < 3e-5


def test_the_loss_of_every_step(trained):
    run, losses = trained
    assert np.abs(np.subtract(losses, [step["ce"] for step in run.log["log"]])).max() < 1e-5


def test_the_parameters_in_the_end(trained):
    run, _ = trained
    arguments, auxiliary = run.arrays("0001.params")
    assert set(arguments) == set(run.store.parameters.types)
    assert set(auxiliary) == set(run.store.auxiliaries.types)
    assert max(distance(run.store.storage(n), a) for n, a in {**arguments, **auxiliary}.items()) < 1e-4


def test_the_outputs_of_the_evaluation(trained):
    run, _ = trained
    assert distance(run.evaluate(), np.load(run.read("eval64.npy"))) < 1e-5


def test_the_optimizer_states(trained):
    run, _ = trained
    states = load_states(run.read("0001.states"))
    assert sorted(states) == list(range(len(run.order)))
    for index, state in states.items():
        arrays = state if isinstance(state, tuple) else () if state is None else (state,)
        names = STATES[run.log["optimizer"]][: len(arrays)]
        assert names == tuple(run.store.states)
        for kind, theirs in zip(names, arrays, strict=True):
            assert distance(run.store.states[kind][run.order[index]], theirs) < 1e-4


def test_bfloat16_follows_the_same_course(data_pack, name, device):
    # 8 bits of precision: 2**-8 in one forward pass; what 20 steps with momentum make of it is only bounded loosely.
    run = Replay(data_pack, name, device, "bfloat16")
    losses, theirs = np.array(run.train()), np.array([step["ce"] for step in run.log["log"]])
    off = np.abs(losses / theirs - 1)
    assert off[0] < 2**-8
    assert off.max() < 0.05
    assert losses[-1] < 0.8 * losses[0]
    assert run.store.parameters[run.order[0]].dtype == np.float32
