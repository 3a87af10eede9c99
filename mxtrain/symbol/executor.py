"""Executor: MXNet's forward and backward over arrays that anybody may change in between.

Two plans run over one set of arrays: prediction (``forward(is_train=False)``) and training. The training plan computes
outputs, gradients of the loss heads and new auxiliary states at once, so ``forward(is_train=True)`` does all the work
and ``backward()`` only hands the gradients out. ``backward(out_grads)`` runs a third plan, which computes the outputs
again, from the arrays as they are then, and lets the gradients given flow back from them.

Nothing is kept between runs (no packed weights): training loops use mxtrain.executor's plans, which keep what they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError, ShapeError, UsageError
from mxtrain.base.types import PartialType, TensorType, view
from mxtrain.executor import Plan
from mxtrain.executor import bind as bind_plan
from mxtrain.graph import Graph, Node, unique, variable
from mxtrain.passes import Options, compile_graph, for_prediction, for_training, gradient
from mxtrain.passes.fuse import fuse_structures
from mxtrain.passes.simplify import expand
from mxtrain.symbol.compose import RANDOM_STATE, nearest, substitute

Request = Literal["write", "add", "null"]
GradReq = Request | Mapping[str, Request]
REQUESTS = ("write", "add", "null")
# Arrays may change between any two runs, so nothing that depends on them is kept.
OPTIONS = Options(hoist=False)


class _Training(NamedTuple):
    """A plan with gradients behind its outputs.

    Args:
        plan: what runs.
        gradients: names of the variables whose gradients follow the outputs, in order.
        seeds: arrays of the gradients that flow into the outputs.
    """

    plan: Plan
    gradients: tuple[str, ...]
    seeds: tuple[Any, ...] = ()


@dataclass
class Executor:
    """A net bound to arrays. What is in the arrays when something runs is what counts.

    Args:
        graph: typed; no variable of it belongs to a plan.
        device: where it runs.
        requests: what backward does to each gradient.
        arg_dict: inputs and parameters by name.
        aux_dict: auxiliary states by name.
        state_dict: other states by name (the key of random operators).
        grad_dict: gradients by name, of the arguments whose request is not ``null``.
        outputs: what the last forward computed. The arrays stay the same, their contents change.
    """

    graph: Graph
    device: Device
    requests: Mapping[str, Request]
    arg_dict: dict[str, Any]
    aux_dict: dict[str, Any]
    state_dict: dict[str, Any]
    grad_dict: dict[str, Any]
    outputs: list[Any]
    _trained: bool = field(default=False, repr=False)

    def forward(self, is_train: bool = False, **inputs: Any) -> list[Any]:
        """Compute the outputs.

        Args:
            is_train: as in training: batch statistics, noise, new auxiliary states; backward may follow.
            inputs: copied into the arguments of these names first.

        Raises:
            ConfigError: for a name that no argument has; ShapeError for an array of another shape.
        """
        for name, value in inputs.items():
            _fill(self.arg_dict, name, value, "argument")
        plan = self._training.plan if is_train else self._prediction
        if RANDOM_STATE in self.state_dict:
            # A new draw for every forward; the backward after it draws the same again.
            self.state_dict[RANDOM_STATE][2] += np.uint32(1)
        plan.run()
        for mine, computed in zip(self.outputs, plan.outputs, strict=False):
            mine[...] = computed
        self._trained = is_train
        return self.outputs

    def backward(self, out_grads: Sequence[Any] | None = None) -> None:
        """Put the gradients into `grad_dict`.

        Args:
            out_grads: gradients flowing into the outputs, one per output. Loss heads do not ask for theirs. None: the
                gradients of the loss heads alone.

        Raises:
            UsageError: without a forward(is_train=True) before, or with nothing to differentiate.
        """
        if not self._trained:
            raise UsageError("backward() needs forward(is_train=True) before it")
        training = self._training
        if out_grads is not None:
            training = self._seeded
            if len(out_grads) != len(training.seeds):
                raise UsageError(f"out_grads must be one array per output: {len(training.seeds)}, got {len(out_grads)}")
            for seed in training.seeds:
                seed[...] = 0
            for i, (seed, value) in enumerate(zip(training.seeds, out_grads, strict=True)):
                # Outputs that are one entry have one seed: what flows into them adds up.
                seed += _fitting(value, seed, f"out_grads[{i}]")
            training.plan.run()
        elif self.grad_dict and not any(e.node.op is not None and e.node.op.loss for e in self.graph.outputs):
            names = ", ".join(e.name for e in self.graph.outputs)
            raise UsageError(f"none of the outputs ({names}) is a loss: backward needs out_grads, one array per output")
        found = dict(zip(training.gradients, training.plan.outputs[len(self.outputs) :], strict=True))
        for name, mine in self.grad_dict.items():
            if self.requests[name] == "add":
                mine += found.get(name, 0)
            else:
                mine[...] = found.get(name, 0)

    def seed(self, seed: int) -> None:
        """Begin the draws of random operators anew, by this seed. Without it the seed is 0."""
        if RANDOM_STATE in self.state_dict:
            self.state_dict[RANDOM_STATE][...] = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, 0, 0, 0)

    def copy_params_from(self, arguments: Mapping[str, Any], auxiliaries: Mapping[str, Any] | None = None) -> None:
        """Copy arrays in by name. Errors as `forward`."""
        for name, value in arguments.items():
            _fill(self.arg_dict, name, value, "argument")
        for name, value in (auxiliaries or {}).items():
            _fill(self.aux_dict, name, value, "auxiliary state")

    @cached_property
    def _prediction(self) -> Plan:
        return self._bind(for_prediction(self.graph, options=OPTIONS), {})

    @cached_property
    def _training(self) -> _Training:
        g, found = for_training(self.graph, list(self.grad_dict), vocabulary=ops.vocabulary(), options=OPTIONS)
        return _Training(self._bind(g, {}), tuple(found))

    @cached_property
    def _seeded(self) -> _Training:
        """No updates: the forward before has made them."""
        g = fuse_structures(expand(self.graph), training=True)
        fresh = unique(n.name for n in g.nodes)
        seeds = {e: variable(fresh(f"{e.name}_out_grad"), e.type, "state") for e in g.outputs}
        arrays = {seed.node.name: _array(seed.type, self.device) for seed in seeds.values()}
        g, found = gradient(g, list(self.grad_dict), vocabulary=ops.vocabulary(), seeds=seeds)
        each = tuple(arrays[seeds[e].node.name] for e in g.outputs[: len(self.outputs)])
        return _Training(self._bind(g.check(), arrays), tuple(found), each)

    def _bind(self, g: Graph, more: Mapping[str, Any]) -> Plan:
        arrays = {**self.arg_dict, **self.aux_dict, **self.state_dict, **more}
        compiled = compile_graph(g, self.device, vocabulary=ops.vocabulary(), options=OPTIONS)
        return bind_plan(compiled, self.device, arrays.__getitem__)


def bind(graph: Graph, device: Device | str = "cpu", grad_req: GradReq = "write") -> Executor:
    """An executor of a typed graph, with arrays of zeros.

    Raises:
        ConfigError: for a device or grad_req that cannot be.
        ShapeError: naming every variable that would hold no elements.
    """
    if isinstance(device, str):
        if device != "cpu":
            raise ConfigError(f"no device {device!r}; there are: 'cpu', and any mxtrain.base.device.Device")
        device = Device()
    variables = {n.name: n for n in graph.nodes if n.op is None}
    if empty := [f"{name!r} {n.types[0]}" for name, n in variables.items() if n.types[0].size == 0]:
        raise ShapeError(f"every size must be at least 1, got {', '.join(empty)}")
    arguments = [name for name, n in variables.items() if n.kind in ("input", "parameter")]
    requests = _requests(grad_req, arguments)
    arrays = {name: _array(n.types[0], device) for name, n in variables.items() if n.kind != "constant"}
    for name, n in variables.items():
        if n.kind == "state" and n.value is not None:
            arrays[name][...] = n.value

    def of(*kinds: str) -> dict[str, Any]:
        return {name: arrays[name] for name, n in variables.items() if n.kind in kinds}

    # An input of a plan belongs to it; these belong to the executor, and all its plans read them.
    shared: dict[Node, Node] = {n: replace(n, kind="state") for n in variables.values() if n.kind == "input"}
    return Executor(
        Graph(substitute(graph.outputs, shared)).check(),
        device,
        requests,
        of("input", "parameter"),
        of("auxiliary"),
        of("state"),
        {name: _array(variables[name].types[0], device) for name in arguments if requests[name] != "null"},
        [_array(e.type, device) for e in graph.outputs],
    )


def _requests(grad_req: GradReq, arguments: Sequence[str]) -> dict[str, Request]:
    if isinstance(grad_req, str):
        grad_req = dict.fromkeys(arguments, grad_req)
    problems = [
        f"grad_req: no argument {name!r}{nearest(name, arguments)}" for name in grad_req if name not in arguments
    ]
    problems += [
        f"grad_req of {name!r} must be {', '.join(REQUESTS)}, got {request!r}"
        for name, request in grad_req.items()
        if request not in REQUESTS
    ]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return {name: grad_req.get(name, "null") for name in arguments}


def _array(t: TensorType, device: Device) -> Any:
    return view(device.zeros(max(t.nbytes, 1)), t)


def _fill(arrays: Mapping[str, Any], name: str, value: Any, what: str) -> None:
    if name not in arrays:
        raise ConfigError(f"no {what} {name!r}{nearest(name, list(arrays))}")
    arrays[name][...] = _fitting(value, arrays[name], f"{what} {name!r}")


def _fitting(value: Any, target: Any, where: str) -> Any:
    shape = tuple(getattr(value, "shape", ()))
    if shape != target.shape:
        raise ShapeError(f"{where} must be {PartialType(target.shape)}, got {PartialType(shape)}")
    return value
