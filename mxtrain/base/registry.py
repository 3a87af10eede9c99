"""The folder is the list: a component's name is its module's name, imported when it is asked for."""

from __future__ import annotations

import difflib
import pkgutil
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Generic, TypeVar

from mxtrain.base.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """Components of one kind, one module each, in one package.

    Args:
        package: full name of the package whose modules are the components; names that begin with ``_`` are helpers.
        attribute: name of the module attribute that is the component.
        kind: what to call a component in an error ("operator").
    """

    def __init__(self, package: str, attribute: str, kind: str) -> None:
        self.package, self.attribute, self.kind = package, attribute, kind
        self._plugins: dict[str, T] = {}

    @cached_property
    def _modules(self) -> tuple[str, ...]:
        spec = find_spec(self.package)
        paths = (spec.submodule_search_locations or []) if spec else []
        return tuple(sorted(m.name for m in pkgutil.iter_modules(paths) if not m.name.startswith("_")))

    def names(self) -> tuple[str, ...]:
        """Every name, sorted. Imports nothing."""
        return tuple(sorted({*self._modules, *self._plugins}))

    def __contains__(self, name: object) -> bool:
        return name in self._plugins or name in self._modules

    def get(self, name: str) -> T:
        """The component called `name`.

        Raises:
            ConfigError: naming the nearest names if there is none.
        """
        if name in self._plugins:
            return self._plugins[name]
        if name not in self._modules:
            raise ConfigError(self.unknown(name))
        component: T = getattr(import_module(f"{self.package}.{name}"), self.attribute)
        return component

    def add(self, name: str, component: T) -> None:
        """Add a user's own component, from a plugin file.

        Raises:
            ConfigError: if the name is taken.
        """
        if name in self:
            raise ConfigError(f"{self.kind} {name!r} exists already; give the plugin's another name")
        self._plugins[name] = component

    def unknown(self, name: str) -> str:
        """The text for a name that is not there: the nearest names, or all of them."""
        near = difflib.get_close_matches(name, self.names(), n=3, cutoff=0.6)
        if near:
            return f"no {self.kind} {name!r}; did you mean {' or '.join(repr(n) for n in near)}?"
        return f"no {self.kind} {name!r}; there are: {', '.join(self.names())}"
