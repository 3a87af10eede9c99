"""Symbol: a handle over entries of untyped nodes. Described here, typed by `typed`, run by `bind`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError, FormatError
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.formats.symbol_cut import cut
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import JsonGraph, load_symbol, parse_symbol, save_symbol, symbol_text
from mxtrain.formats.symbol_write import from_entries
from mxtrain.graph import Entry, Graph, Kind, Node, Op, entry_text, node_text, topological
from mxtrain.passes import infer_partial, infer_types
from mxtrain.symbol.compose import Applied, checked, compose, nearest, settled
from mxtrain.symbol.executor import Executor, GradReq, bind
from mxtrain.symbol.names import Scope, join
from mxtrain.symbol.variables import Known, known_types, variable_attrs

Shapes = tuple[list[PartialShape | None], list[PartialShape | None], list[PartialShape | None]]
DTypes = tuple[list[str], list[str], list[str]]


@dataclass(frozen=True, eq=False, repr=False)
class Symbol:
    """One or several outputs of a net that is described, not typed. Never changed; composing makes new ones.

    Args:
        entries: the outputs.
        scope: counts the automatic names of the net.
    """

    entries: tuple[Entry, ...]
    scope: Scope = field(default_factory=Scope)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every node below, inputs first."""
        return topological(self.entries)

    @property
    def name(self) -> str | None:
        """The node's name; None if the outputs are of several nodes."""
        names = {e.node.name for e in self.entries}
        return names.pop() if len(names) == 1 else None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Symbol]:
        return (Symbol((e,), self.scope) for e in self.entries)

    def __getitem__(self, which: int | str) -> Symbol:
        """One output, by number or by name (``fc1_output``; a node's own name will do for its only output)."""
        if isinstance(which, int):
            if not -len(self.entries) <= which < len(self.entries):
                raise IndexError(f"no output {which}; there are {len(self.entries)}")
            return Symbol((self.entries[which],), self.scope)
        found = [e for e in self.entries if e.name == which]
        found = found or [e for e in self.entries if e.node.name == which]
        if len(found) > 1:
            names = ", ".join(e.name for e in found)
            raise ConfigError(f"{which!r} has several outputs: {names}; name one")
        if not found:
            raise ConfigError(f"no output {which!r}{nearest(which, self.list_outputs())}")
        return Symbol((found[0],), self.scope)

    def __repr__(self) -> str:
        names = ", ".join(e.node.name for e in self.entries)
        return f"<Symbol {names}>" if len(self.entries) == 1 else f"<Symbol group [{names}]>"

    # --- lists ---

    def list_arguments(self) -> list[str]:
        """Names of the inputs and parameters, in depth-first order, as MXNet lists them."""
        return [n.name for n in self._settled() if n.op is None and n.kind in ("input", "parameter")]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the auxiliary states (moving statistics)."""
        return [n.name for n in self._settled() if n.op is None and n.kind == "auxiliary"]

    def list_inputs(self) -> list[str]:
        """Names of arguments and auxiliary states together, in depth-first order."""
        return [n.name for n in self._settled() if n.op is None and n.kind in ("input", "parameter", "auxiliary")]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return [e.name for e in self.entries]

    def kinds(self) -> dict[str, Kind]:
        """What every variable is for, by name."""
        return {n.name: n.kind for n in self._settled() if n.op is None and n.kind is not None}

    def get_internals(self) -> Symbol:
        """Every argument, auxiliary state and visible output, as one group: ``s.get_internals()["fc1_output"]``."""
        entries = []
        for n in self.nodes:
            visible = n.op.visible_outputs(n.params) if n.op else int(n.kind != "state")
            entries += [Entry(n, i) for i in range(visible)]
        return Symbol(tuple(entries), self.scope)

    def _settled(self) -> tuple[Node, ...]:
        return topological(settled(self.entries))

    # --- attributes and text ---

    def attr(self, key: str) -> str | None:
        """An attribute of the node (``__lr_mult__``), or None.

        Raises:
            ConfigError: if the outputs are of several nodes.
        """
        if self.name is None:
            raise ConfigError(f"a group of {len(self.entries)} outputs has no attributes; pick one")
        return self.entries[0].node.attrs.get(key)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of all nodes that have some, by name."""
        return {n.name: dict(n.attrs) for n in self.nodes if n.attrs}

    def debug_str(self) -> str:
        """The net as text, one line per node, inputs first."""
        lines = [node_text(n).removesuffix(" -> ").rstrip() for n in self._settled()]
        return "\n".join([*lines, *(f"output {entry_text(e)}" for e in self.entries)]) + "\n"

    def tojson(self) -> str:
        """MXNet's symbol JSON.

        Raises:
            FormatError: if MXNet has no word for a node or a value.
        """
        return symbol_text(from_entries(settled(self.entries)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write MXNet's symbol file. Errors as `tojson`, and DataError if it cannot be written."""
        save_symbol(path, from_entries(settled(self.entries)))

    # --- types ---

    def typed(self, **known: Known) -> Graph:
        """The typed graph.

        Args:
            known: types, shapes or dtypes of variables; usually the data's shape is enough.

        Raises:
            ShapeError: naming the layer that does not fit, or the variables whose shape nothing tells.
            ConfigError: for a name that no variable has.
        """
        entries = settled(self.entries)
        return infer_types(entries, known_types(topological(entries), known))

    def infer_shape(self, **shapes: Known) -> Shapes:
        """Shapes of arguments, outputs and auxiliary states, in the order of the lists. Raises as `typed`."""
        self.typed(**shapes)
        return self.infer_shape_partial(**shapes)

    def infer_shape_partial(self, **shapes: Known) -> Shapes:
        """As `infer_shape`, with None for every shape, and every size in one, that nothing tells."""
        arguments, outputs, auxiliaries = self._partial(shapes)
        return [t.shape for t in arguments], [t.shape for t in outputs], [t.shape for t in auxiliaries]

    def infer_type(self, **dtypes: Known) -> DTypes:
        """Dtypes of arguments, outputs and auxiliary states. What nothing tells is float32."""
        arguments, outputs, auxiliaries = self._partial(dtypes)
        told = {n: t.dtype or "float32" for n, t in zip(self.list_arguments(), arguments, strict=True)}
        if None in [t.dtype for t in (*arguments, *outputs, *auxiliaries)]:
            arguments, outputs, auxiliaries = self._partial({**told, **dtypes})
        return (
            [t.dtype or "float32" for t in arguments],
            [t.dtype or "float32" for t in outputs],
            [t.dtype or "float32" for t in auxiliaries],
        )

    def _partial(self, known: Mapping[str, Known]) -> tuple[list[PartialType], list[PartialType], list[PartialType]]:
        entries = settled(self.entries)
        types, nodes = infer_partial(entries, known_types(topological(entries), known))
        variables = [n for n in nodes if n.op is None]
        arguments = [types[Entry(n)] for n in variables if n.kind in ("input", "parameter")]
        return arguments, [types[e] for e in entries], [types[Entry(n)] for n in variables if n.kind == "auxiliary"]

    def bind(self, device: Device | str = "cpu", grad_req: GradReq = "write", **known: Known) -> Executor:
        """An executor with arrays of its own, zeros at first (MXNet's simple_bind).

        Args:
            device: where it runs.
            grad_req: ``write``, ``add`` or ``null``: what backward does to the gradient of every argument, or of some
                by name (the others: ``null``).
            known: as for `typed`.

        Raises:
            ShapeError: as `typed`. ConfigError: for a wrong device or grad_req.
        """
        return bind(self.typed(**known), device, grad_req)

    # --- arithmetic ---

    def __add__(self, other: Symbol | float) -> Symbol:
        return _binary("elemwise_add", "plus_scalar", self, other)

    __radd__ = __add__

    def __sub__(self, other: Symbol | float) -> Symbol:
        return _binary("elemwise_sub", "minus_scalar", self, other)

    def __rsub__(self, other: float) -> Symbol:
        return _binary("elemwise_sub", "rminus_scalar", self, other)

    def __mul__(self, other: Symbol | float) -> Symbol:
        return _binary("elemwise_mul", "mul_scalar", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Symbol | float) -> Symbol:
        return _binary("elemwise_div", "div_scalar", self, other)

    def __rtruediv__(self, other: float) -> Symbol:
        return _binary("elemwise_div", "rdiv_scalar", self, other)

    def __pow__(self, other: Symbol | float) -> Symbol:
        return _binary("power", "power_scalar", self, other)

    def __rpow__(self, other: float) -> Symbol:
        return _binary("power", "rpower_scalar", self, other)

    def __neg__(self) -> Symbol:
        return _binary("elemwise_mul", "mul_scalar", self, -1.0)


def _binary(between: str, scalar: str, left: Symbol, right: Symbol | float) -> Symbol:
    """MXNet's rule: elementwise between symbols (shapes must be equal: broadcast_add and its kind broadcast)."""
    if isinstance(right, Symbol):
        return apply(ops.get(between), left, right)
    if isinstance(right, bool) or not isinstance(right, int | float):
        raise TypeError(f"a symbol goes with a symbol or a number, got {type(right).__name__}")
    return apply(ops.get(scalar), left, scalar=float(right))


def variable(
    name: str,
    shape: Sequence[int | None] | None = None,
    dtype: str | None = None,
    kind: Kind | None = None,
    scope: Scope | None = None,
    **settings: Any,
) -> Symbol:
    """A variable: an input, or a parameter that several layers share.

    Args:
        name: unique in its net.
        shape: if it is known; None for a size that is not.
        dtype: if it is known.
        kind: what it is for; None: what the inputs that it feeds are for.
        scope: of another symbol, whose automatic names this one's net goes on counting; None: a new one.
        settings: ``lr_mult``, ``wd_mult``, ``init`` (MXNet's JSON text, or (name, parameters)), and ``__attributes__``.

    Raises:
        ConfigError: for what cannot be.
    """
    if not name:
        raise ConfigError("a variable needs a name")
    node = Node(None, name, kind=kind, attrs=variable_attrs(name, shape, dtype, settings))
    return Symbol((Entry(node),), scope or Scope())


def group(symbols: Sequence[Symbol]) -> Symbol:
    """All outputs of all of them, in order."""
    if not symbols:
        raise ConfigError("a group needs at least one symbol")
    return Symbol(tuple(e for s in symbols for e in s.entries), join(s.scope for s in symbols))


def load(path: str | os.PathLike[str], kinds: Mapping[str, Kind] | None = None, upto: Sequence[str] = ()) -> Symbol:
    """Read MXNet's symbol file.

    Args:
        kinds: what variables are for, where that is known (from a checkpoint's arrays).
        upto: layers that are enough, where what is behind them cannot be read.

    Raises:
        FormatError, DataError: if it is none, or cannot be read.
    """
    found = load_symbol(path)
    try:
        return from_json(found, kinds)
    except FormatError:
        part = cut(found, upto)
        if not upto or part is found:
            raise
        return from_json(part, kinds)


def loads(text: str, kinds: Mapping[str, Kind] | None = None) -> Symbol:
    """As `load`, from the text of a file."""
    return from_json(parse_symbol(text), kinds)


def from_json(graph: JsonGraph, kinds: Mapping[str, Kind] | None = None) -> Symbol:
    """The symbol of a file that was read."""
    return Symbol(settled(to_entries(graph, kinds=kinds)))


def function(op: Op) -> Callable[..., Symbol]:
    """The operator as a function: ``convolution(data, num_filter=20, kernel=5, name="conv1", weight=w)``."""

    def call(*inputs: Symbol, **keywords: Any) -> Symbol:
        return apply(op, *inputs, **keywords)

    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = (
        f"{(op.params.__doc__ or op.name).strip()}\n\nInputs by place or name, parameters by name, `name=`, `attrs=`."
    )
    return call


def apply(
    op: Op, *inputs: Symbol, name: str | None = None, attrs: Mapping[str, str] | None = None, **given: Any
) -> Symbol:
    """A new node: its visible outputs.

    Args:
        inputs: by place; a symbol of several outputs stands for all of them.
        name: of the node; None: an automatic one.
        attrs: attributes that are no parameters.
        given: inputs and parameters by name.

    Raises:
        ConfigError: naming the operator, for everything wrong with its parameters and inputs.
        TypeError: for an input by place that is no symbol.
    """
    named = {key: value for key, value in given.items() if isinstance(value, Symbol)}
    values = {key: value for key, value in given.items() if not isinstance(value, Symbol)}
    where = f"{op.name} {name!r}" if name else op.name
    wrong = [value for value in inputs if not isinstance(value, Symbol)]
    if wrong:
        raise TypeError(f"{where}: inputs by place are symbols, got {wrong[0]!r}; give parameters by name")
    several = [key for key, value in named.items() if len(value) != 1]
    if several:
        raise ConfigError(f"{where}: input {several[0]!r} is a group of {len(named[several[0]])} outputs; pick one")
    places = [e for s in inputs for e in s.entries]
    if op.variadic:
        values.setdefault("num_args", len(places) + len(named))
    params = checked(op, values, where)
    scope = join(s.scope for s in (*inputs, *named.values()))
    how = Applied(name or scope.fresh(op.name), attrs or {})
    node = compose(op, params, places, {key: s.entries[0] for key, s in named.items()}, how)
    return Symbol(tuple(Entry(node, i) for i in range(op.visible_outputs(params))), scope)
