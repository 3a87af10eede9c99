"""ParameterStore: what lives longer than a plan. One contiguous arena per kind, every array a named view.

Parameters, gradients and each optimizer state lie in the same order at the same offsets, so that a group of them is
one long buffer in each arena. Gaps are zero. Names, never offsets, go into files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mxtrain.base.device import Device, align
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType, view
from mxtrain.executor.numbers import Numbers


@dataclass(frozen=True)
class Arena:
    """One flat buffer and the named views into it."""

    buffer: Any
    types: Mapping[str, TensorType]
    offsets: Mapping[str, int]

    def __getitem__(self, name: str) -> Any:
        return view(self.buffer, self.types[name], self.offsets[name])

    def __contains__(self, name: object) -> bool:
        return name in self.types

    def span(self, names: Sequence[str]) -> Any:
        """The flat array that holds just these neighbours, gaps included.

        Raises:
            ConfigError: if other arrays lie between them.
        """
        first = self.offsets[names[0]]
        last = self.offsets[names[-1]] + align(self.types[names[-1]].nbytes)
        inside = [n for n, o in self.offsets.items() if first <= o < last]
        if inside != list(names):
            raise ConfigError(f"{', '.join(names)} do not lie together in their arena")
        return view(self.buffer, TensorType(((last - first) // 4,)), first)


def make_arena(types: Mapping[str, TensorType], device: Device) -> Arena:
    """An arena of zeros with these arrays in this order, each on a cache line of its own."""
    offsets, top = {}, 0
    for name, t in types.items():
        offsets[name] = top
        top += align(t.nbytes)
    return Arena(device.zeros(top), dict(types), offsets)


@dataclass
class ParameterStore:
    """Arenas of one model.

    Args:
        parameters: float32 masters, trained ones first, group by group.
        gradients: of the trained ones.
        auxiliaries: moving statistics and the like.
        states: optimizer state, one arena per name.
        numbers: 0-d run-time values by name (learning rate, step, random key): the host writes them.
        scalars: those, and 0-d views of arenas that graphs read by a name of their own.
        version: grows with every change of a parameter or auxiliary: plans repack when it has grown.
    """

    device: Device
    parameters: Arena
    gradients: Arena
    auxiliaries: Arena
    states: dict[str, Arena] = field(default_factory=dict)
    scalars: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    numbers: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = Numbers(self.device)

    def storage(self, name: str) -> Any:
        """The array of a variable: a parameter, an auxiliary, ``grad:NAME``, or a scalar.

        Raises:
            ConfigError: if there is none.
        """
        if name.startswith("grad:") and name[5:] in self.gradients:
            return self.gradients[name[5:]]
        for arena in (self.parameters, self.auxiliaries):
            if name in arena:
                return arena[name]
        if name in self.scalars:
            return self.scalars[name]
        raise ConfigError(f"the parameter store has no {name!r}")

    def scalar(self, name: str, dtype: str = "float32", shape: tuple[int, ...] = ()) -> Any:
        """The run-time value called `name`, made as 0 at first use."""
        if name not in self.scalars:
            self.scalars[name] = self.numbers.add(name, TensorType(shape, dtype))
        return self.scalars[name]

    def load(self, values: Mapping[str, Any]) -> None:
        """Copy arrays into parameters and auxiliaries by name.

        Raises:
            ConfigError: naming every array that is missing, of another shape, or not known.
        """
        problems = []
        expected = {**self.parameters.types, **self.auxiliaries.types}
        for name, t in expected.items():
            if name not in values:
                problems.append(f"{name!r} {t} is missing")
            elif tuple(values[name].shape) != t.shape:
                problems.append(f"{name!r} must be {t.shape}, got {tuple(values[name].shape)}")
        problems += [f"{name!r} belongs to no layer" for name in values if name not in expected]
        if problems:
            raise ConfigError(problems)
        for name in expected:
            self.device.put(self.storage(name), values[name])
        self.version += 1


def make_store(
    device: Device,
    trained: Mapping[str, TensorType],
    frozen: Mapping[str, TensorType],
    auxiliaries: Mapping[str, TensorType],
) -> ParameterStore:
    """A store of zeros.

    Args:
        trained: parameters with a gradient, in the order of their groups.
        frozen: parameters without.
    """
    return ParameterStore(
        device,
        make_arena({**trained, **frozen}, device),
        make_arena(trained, device),
        make_arena(auxiliaries, device),
    )


def add_state(store: ParameterStore, names: Iterable[str]) -> None:
    """Add an arena of zeros like the gradients' for each name."""
    for name in names:
        store.states.setdefault(name, make_arena(store.gradients.types, store.device))
