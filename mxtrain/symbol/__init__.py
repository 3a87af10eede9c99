"""The Python front: compose a net, infer its types, print it, bind it; and the builder of the ``net:`` section.

    from mxtrain import symbol as sym

    data = sym.variable("data")
    net = sym.fully_connected(data, num_hidden=10, name="fc")
    net = sym.softmax_output(net, name="softmax")
    executor = net.bind(data=(32, 784))

Every operator of mxtrain/ops is a function here. May import executor, formats, passes, ops, graph, config and base.
Start with symbol.py (composing) and build.py (YAML).
"""

from __future__ import annotations

from collections.abc import Callable

from mxtrain.base.errors import ConfigError
from mxtrain.ops import REGISTRY
from mxtrain.symbol.build import build_net, check_heads, check_shapes
from mxtrain.symbol.executor import Executor
from mxtrain.symbol.names import Scope
from mxtrain.symbol.symbol import Symbol, function, group, load, loads, variable

__all__ = [
    "Executor", "Scope", "Symbol", "build_net", "check_heads", "check_shapes", "group", "load", "loads", "variable",
]  # fmt: skip


def __getattr__(name: str) -> Callable[..., Symbol]:
    """The operator called `name`, as a function that composes."""
    try:
        return function(REGISTRY.get(name))
    except ConfigError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    """What there is, operators included."""
    return sorted({*__all__, *REGISTRY.names()})
