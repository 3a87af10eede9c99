"""What every update rule must obey. A new rule gets all of it by listing CASES in its test file.

CASES = [Case({"momentum": 0.9}, [[0.346, ...], [0.478, ...], [-0.971, ...]])]

@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_rule("sgd", case, formula)

The numbers of a case are the weights that MXNet 1.9.1 has after five updates of the arrays below, its learning rate
halved after the third (FactorScheduler(3, 0.5)), lr_mult 0.5 and wd_mult 2 for the last array, rescale_grad 0.5.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mxtrain import ops, optim
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType
from mxtrain.executor import Plan, add_state, bind, make_store
from mxtrain.passes import Options, compile_graph

SHAPES = {"a_weight": (6,), "a_bias": (3,), "b_weight": (2, 3)}
RESCALE, UPDATES, TOLERANCE, MXNET_TOLERANCE = 0.5, 5, 5e-7, 1.5e-5
DEVICE = Device(threads=1)


@dataclass(frozen=True)
class Case:
    """One way to use a rule.

    Args:
        params: as a user writes them.
        mxnet: weights after five updates by MXNet 1.9.1, array by array.
        takes_lr: False for a rule that in MXNet heeds neither learning rate nor lr_mult: both are 1 then.
        dense: states that are not zero in the gaps between arrays.
    """

    params: Mapping[str, Any]
    mxnet: Sequence[Sequence[float]]
    takes_lr: bool = True
    dense: tuple[str, ...] = ()

    @property
    def lr_mult(self) -> float:
        """Of the last array."""
        return 0.5 if self.takes_lr else 1.0

    def __str__(self) -> str:
        return ",".join(f"{k}={v}" for k, v in self.params.items())


class Now(NamedTuple):
    """What a formula may need beside arrays."""

    t: int
    lr: float
    previous_lr: float
    wd: float
    name: str
    position: int


Formula = Callable[[Any, np.ndarray, np.ndarray, dict[str, np.ndarray], Now], np.ndarray]
"""``(params, weight, rescaled gradient, states, now) -> new weight``, in float64; changes the states."""


def sample(name: str, t: int) -> np.ndarray:
    """The weight (t = 0) or the gradient of update t, the same numbers that MXNet was given."""
    k = list(SHAPES).index(name)
    i = np.arange(np.prod(SHAPES[name]))
    wave = np.sin(1.7 * i + 2.3 * k + 0.9 * t + 0.4) * (1.5 if t else 1.0)
    return np.round(wave, 3).astype(np.float32).reshape(SHAPES[name])


def rate(params: Any, case: Case, t: int) -> float:
    """The learning rate of update t."""
    return params.lr * (0.5 if case.takes_lr and t > 3 else 1.0)


def by_formula(params: Any, case: Case, formula: Formula, decays: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The weights after the updates, in float64."""
    result = {}
    for position, name in enumerate(SHAPES):
        lr_mult, wd_mult = (case.lr_mult, 2.0) if name == "b_weight" else (1.0, float(name.endswith(decays)))
        w, states = sample(name, 0).astype(np.float64), {}
        for t in range(1, UPDATES + 1):
            lr, before = rate(params, case, t) * lr_mult, rate(params, case, max(t - 1, 1)) * lr_mult
            now = Now(t, lr, before, params.wd * wd_mult, name, position)
            w = formula(params, w, sample(name, t).astype(np.float64) * RESCALE, states, now)
        result[name] = w
    return result


def check_rule(name: str, case: Case, formula: Formula) -> None:
    """All of the contract for one case."""
    optimizer = optim.get(name)
    params = optimizer.params(**case.params)
    parameters = [optim.Parameter(n, TensorType(s)) for n, s in SHAPES.items()]
    last = optim.Multiplier(match="b_*", lr_mult=case.lr_mult, wd_mult=2.0)
    groups = optim.make_groups(parameters, [last], optimizer.decays)
    store = make_store(DEVICE, groups.types, {}, {})
    add_state(store, optimizer.state_names(params))
    graph = optim.update_graph(optimizer, params, groups)
    compiled = compile_graph(graph, DEVICE, vocabulary=ops.vocabulary(), options=Options())
    slots = optim.slots_of(optimizer, groups)
    plan = bind(compiled, DEVICE, optim.storage_of_slots(store, slots))
    write = optim.scalar_writer(optimizer, params, groups, store)
    store.scalar("rescale_grad")[...] = RESCALE
    for n in SHAPES:
        store.parameters[n][...] = sample(n, 0)
    for t in range(1, UPDATES + 1):
        for n in SHAPES:
            store.gradients[n][...] = sample(n, t)
        write(t, rate(params, case, t), rate(params, case, max(t - 1, 1)))
        peak = traced(plan)
        assert peak < 4096, f"a run allocates {peak} bytes"
    exact = by_formula(params, case, formula, optimizer.decays)
    for n, numbers in zip(SHAPES, case.mxnet, strict=True):
        close(store.parameters[n], exact[n], TOLERANCE, f"{n} by the formula")
        close(store.parameters[n], np.reshape(numbers, SHAPES[n]), MXNET_TOLERANCE, f"{n} by MXNet")
    for arena in (store.parameters, *(a for n, a in store.states.items() if n not in case.dense)):
        assert_gaps_are_zero(arena)
    assert not compiled.memory.copies, "an update is not in place"


def traced(plan: Plan) -> int:
    """Peak of what one run allocates, in bytes."""
    tracemalloc.start()
    try:
        plan.run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def close(got: np.ndarray, want: np.ndarray, tolerance: float, what: str) -> None:
    """The largest difference, over the largest magnitude."""
    error = np.abs(got - want).max() / np.abs(want).max()
    assert error <= tolerance, f"{what}: differs by {error:.2e} of its largest"


def assert_gaps_are_zero(arena: Any) -> None:
    """Bytes between arrays are zero."""
    used = np.zeros(arena.buffer.size, bool)
    for n, t in arena.types.items():
        used[arena.offsets[n] : arena.offsets[n] + t.nbytes] = True
    assert not arena.buffer[~used].any()
