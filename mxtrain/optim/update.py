"""The update as graphs: what an optimizer does to the arenas, and the numbers that the host gives it each time.

Variables are slices of arenas, named ARENA:SLOT (``parameters:0``, ``gradients:0``, ``momentum:0``), and 0-d scalars
(``rescale_grad``, and one of the rule's own per slot, ``lr.0``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import ParameterStore
from mxtrain.graph import Graph, Update, unique, variable
from mxtrain.optim.expr import Expr
from mxtrain.optim.groups import Group, Groups
from mxtrain.optim.loss_scale import Guard, Guarded, select
from mxtrain.optim.norm import norm
from mxtrain.optim.rule import Optimizer, Slot, Step
from mxtrain.passes import LOSS_SCALE

EMA = "ema"
SUMS = "gradient_sums"
RESCALE = "rescale_grad"
RESERVED = ("parameters", "gradients", EMA, SUMS, LOSS_SCALE)
"""Names of arenas that are no optimizer's states."""

ANY_STEP = Step(1, 1.0, 1.0)

Fresh = Callable[[str], str]


def slots_of(optimizer: Optimizer, groups: Groups) -> tuple[Group, ...]:
    """The slices over which the rule runs: groups, or single arrays."""
    return groups.each() if optimizer.per_parameter else groups.groups


def update_graph(
    optimizer: Optimizer, params: Any, groups: Groups, *, ema: float | None = None, gradients: str = "gradients",
    guard: Guard | None = None,
) -> Graph:  # fmt: skip
    """The graph that updates every trained parameter, and the optimizer's states, in place.

    Args:
        params: of the optimizer.
        ema: part of the average of the weights (arena ``ema``) that is kept; None: there is none.
        gradients: arena of the gradients: ``gradients``, or the sums of several batches.
        guard: changes nothing where gradients are not finite, and clips their norm; None: there is none.
    """
    fresh = unique(())
    rescale_grad = _state(RESCALE, (), fresh)
    slots = slots_of(optimizer, groups)
    grads = [_state(f"{gradients}:{k}", (group.size,), fresh) for k, group in enumerate(slots)]
    guarded = None
    if guard is not None:
        norms = [norm(g) for g in grads] if guard.clip is not None else ()
        guarded = Guarded(guard, grads, norms, rescale_grad)
        rescale_grad = guarded.rescale
    updates: list[Update] = guarded.updates() if guarded else []
    for k, group in enumerate(slots):
        shape = (group.size,)
        states = {name: _state(f"{name}:{k}", shape, fresh) for name in optimizer.state_names(params)}
        slot = Slot(
            weight=_state(f"parameters:{k}", shape, fresh),
            grad=grads[k],
            states=states,
            scalars={n: _state(scalar_name(n, k), (), fresh) for n in scalars_of(optimizer, params, group, groups)},
            rescale_grad=rescale_grad,
            wd=params.wd * group.wd_mult,
            name=group.names[0] if optimizer.per_parameter else "",
        )
        new = dict(optimizer.update(params, slot))
        old = {"weight": slot.weight, **states}
        if ema is not None:
            old[EMA] = _state(f"{EMA}:{k}", shape, fresh)
            new[EMA] = old[EMA] * ema + new["weight"] * (1 - ema)
        kept = new if guarded is None else {n: select(guarded.ok, value, old[n]) for n, value in new.items()}
        updates += [Update(old[name].entry.node, value.entry) for name, value in kept.items()]
    return Graph((), tuple(updates)).check()


def accumulate_graph(groups: Groups) -> Graph:
    """The graph that adds the gradients of one batch to their sums (arena ``gradient_sums``)."""
    fresh = unique(())
    updates = []
    for k, group in enumerate(groups.groups):
        sums = _state(f"{SUMS}:{k}", (group.size,), fresh)
        total = sums + _state(f"gradients:{k}", (group.size,), fresh)
        updates.append(Update(sums.entry.node, total.entry))
    return Graph((), tuple(updates)).check()


def storage_of_slots(store: ParameterStore, slots: Sequence[Group]) -> Callable[[str], Any]:
    """The arrays of the variables of an update or accumulate graph, for executor.bind.

    Args:
        slots: groups.groups for an accumulate graph, `slots_of` for an update graph.
    """
    arenas = {"parameters": store.parameters, "gradients": store.gradients, **store.states}

    def find(name: str) -> Any:
        arena, colon, k = name.rpartition(":")
        return arenas[arena].span(slots[int(k)].names) if colon else store.scalar(name)

    return find


def scalars_of(
    optimizer: Optimizer, params: Any, group: Group, groups: Groups, step: Step = ANY_STEP
) -> Mapping[str, float]:
    """The rule's numbers for one slot.

    Args:
        step: with the learning rates of the schedule.

    Raises:
        ConfigError: if the rule divides by a learning rate of 0.
    """
    lr, previous = step.lr * group.lr_mult, step.previous_lr * group.lr_mult
    if optimizer.divides_by_lr and lr == 0:
        raise ConfigError(
            f"optimizer {optimizer.name} divides by the learning rate, which the schedule makes 0 at step "
            f"{step.number}; give the schedule a final_lr (warmup_begin_lr) above 0"
        )
    return optimizer.scalars(params, Step(step.number, lr, previous, group.position, len(groups.order)))


def scalar_name(name: str, slot: int) -> str:
    """The name of the variable that holds one of the rule's numbers."""
    return f"{name}.{slot}"


def scalar_values(
    optimizer: Optimizer, params: Any, groups: Groups
) -> tuple[tuple[str, ...], Callable[[int, float, float], list[float]]]:
    """Names of the numbers that an update reads, and a function that gives them.

    The function takes the number of the update from 1, its learning rate, and that of the one before. ``rescale_grad``
    is not among them.
    """
    slots = slots_of(optimizer, groups)
    names = [scalar_name(n, k) for k, group in enumerate(slots) for n in scalars_of(optimizer, params, group, groups)]

    def values(number: int, lr: float, previous_lr: float) -> list[float]:
        step = Step(number, lr, previous_lr)
        return [v for group in slots for v in scalars_of(optimizer, params, group, groups, step).values()]

    return tuple(names), values


def scalar_writer(
    optimizer: Optimizer, params: Any, groups: Groups, store: ParameterStore
) -> Callable[[int, float, float], None]:
    """A function that writes the numbers of `scalar_values`, of which it takes the arguments.

    It is called before each update; on a device the numbers arrive by ``store.numbers.send``.
    """
    names, values = scalar_values(optimizer, params, groups)
    places = [_host(store, name) for name in names]

    def write(number: int, lr: float, previous_lr: float) -> None:
        for place, value in zip(places, values(number, lr, previous_lr), strict=True):
            place[...] = value

    return write


def _host(store: ParameterStore, name: str) -> Any:
    """What the host writes to give the variable its value."""
    store.scalar(name)
    return store.numbers.host(name)


def _state(name: str, shape: tuple[int, ...], fresh: Fresh) -> Expr:
    return Expr(variable(fresh(name), TensorType(shape), "state"), fresh)
