"""mxtrain ls: what there is."""

from __future__ import annotations

import difflib
import re
import sys
from typing import Annotated, Any

import typer

from mxtrain.base.errors import ConfigError, UsageError
from mxtrain.cli._common import emit, table

HELP = """List operators, optimizers, schedules, initializers, metrics, augmenters, sources, configs and nets.

mxtrain ls says how many there are of each; mxtrain ls operators lists them; mxtrain ls operators convolution (or only
mxtrain ls convolution) says what one is, and its parameters."""

FILES = ("configs", "nets")


def command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="what to list", show_default=False)] = "",
    name: Annotated[str, typer.Argument(metavar="NAME", help="one of them", show_default=False)] = "",
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Look up and print."""
    from mxtrain.report.catalog import KINDS

    if not kind:
        _kinds([*KINDS, *FILES], json)
        return
    kind, name = _meant(kind, name)
    if name:
        _one(kind, name, json)
        return
    rows = [(n, _summary(kind, n)) for n in _names(kind)]
    if json:
        emit([{"name": n, "summary": text} for n, text in rows])
    else:
        sys.stdout.write(table((kind, ""), rows))


def _kinds(kinds: list[str], json: bool) -> None:
    counts = {kind: len(_names(kind)) for kind in kinds}
    if json:
        emit(counts)
    else:
        sys.stdout.write(table(("kind", "number"), [(k, str(n)) for k, n in counts.items()], (1,)))


def _meant(kind: str, name: str) -> tuple[str, str]:
    """The kind and name that the words mean: ``operator``, ``operators`` or the name of a component alone.

    Raises:
        UsageError: naming the kinds, or those that have a component of this name.
    """
    from mxtrain.report.catalog import KINDS

    kinds = [*KINDS, *FILES]
    if kind in kinds or kind + "s" in kinds:
        return (kind if kind in kinds else kind + "s"), name
    having = [k for k in KINDS if kind in _names(k)]
    if len(having) == 1 and not name:
        return having[0], kind
    if having:
        lines = " or ".join(f"mxtrain ls {k} {kind}" for k in having)
        raise UsageError(f"{kind!r} is the name of several: {lines}")
    there = {n: k for k in KINDS for n in _names(k)} | dict.fromkeys(kinds, "")
    near = difflib.get_close_matches(kind, there, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"nothing is called {kind!r}; {hint}the kinds are: {', '.join(kinds)}")


def _names(kind: str) -> tuple[str, ...]:
    from mxtrain.report.catalog import registry

    if kind not in FILES:
        return registry(kind).names()
    from mxtrain.train.shipped import shipped_configs

    folder = shipped_configs() / ("nets" if kind == "nets" else "")
    return tuple(sorted(p.stem for p in folder.glob("*.yaml")))


def _summary(kind: str, name: str) -> str:
    from mxtrain.report.catalog import summary

    if kind not in FILES:
        return summary(kind, name)
    sentence = re.split(r"(?<=\.)\s|[:;]\n", _comment(kind, name))[0]
    return sentence.replace("\n", " ")


def _text(kind: str, name: str) -> str:
    from mxtrain.train.shipped import shipped_configs

    if name not in _names(kind):
        raise ConfigError(f"no {kind.removesuffix('s')} {name!r}; there are: {', '.join(_names(kind))}")
    folder = shipped_configs() / ("nets" if kind == "nets" else "")
    return (folder / f"{name}.yaml").read_text(encoding="utf-8")


def _comment(kind: str, name: str) -> str:
    """The comment that a shipped file opens with."""
    lines = []
    for line in _text(kind, name).splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return "\n".join(lines)


def _one(kind: str, name: str, json: bool) -> None:
    """All about one component; a file is printed as it is."""
    from mxtrain.report.catalog import description, parameters, registry

    if kind in FILES:
        text = _text(kind, name)
        if json:
            emit({"name": name, "text": text})
        else:
            sys.stdout.write(text)
        return
    component: Any = registry(kind).get(name)
    about, declared = description(kind, name), parameters(component.params)
    if json:
        emit({"name": name, "description": about, "parameters": [p.to_json() for p in declared]})
        return
    sys.stdout.write(f"{name}: {about}\n")
    if declared:
        rows = [(p.name, p.accepts, "required" if p.default is None else p.default, p.doc) for p in declared]
        sys.stdout.write("\n" + table(("parameter", "type", "default", "meaning"), rows))
    else:
        sys.stdout.write("\nNo parameters.\n")
