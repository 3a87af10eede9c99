"""mxtrain config: show one with every default, compare two, print the schema."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mxtrain.base.errors import UsageError
from mxtrain.cli._common import emit, table

if TYPE_CHECKING:
    from mxtrain.config.tree import Tree

HELP = """Look at config files. VERB is one of:

show CONFIG [KEY=VALUE]...: with every default filled in, as YAML; --origin says where each value comes from.

diff A B: the keys that differ, with both values, defaults filled in.

schema [net]: the JSON Schema of a config file (or of a net file), for editors.

In place of a config file, a run or a checkpoint stands for the config it was trained with."""


class Asked(NamedTuple):
    """The options."""

    origin: bool
    json: bool


def command(
    verb: Annotated[str, typer.Argument(metavar="VERB", help="show, diff or schema", show_default=False)] = "",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="config files, KEY=VALUE: as the verb says")
    ] = None,
    origin: Annotated[bool, typer.Option("--origin", help="show: say where each value comes from")] = False,
    json: Annotated[bool, typer.Option("--json", help="show, diff: JSON instead of text")] = False,
) -> None:
    """Do as the verb says."""
    if verb not in VERBS:
        raise UsageError(f"say what to do: {', '.join(f'mxtrain config {usage}' for usage in USAGES.values())}")
    asked = Asked(origin, json)
    if origin and (verb != "show" or json):
        raise UsageError("--origin goes with `config show`, as text")
    VERBS[verb](list(words or []), asked)


def show(words: Sequence[str], asked: Asked) -> None:
    """Print the filled config."""
    from mxtrain.config.dump import dump

    if not words:
        raise UsageError(f"name a config: mxtrain config {USAGES['show']}")
    filled = _filled(words[0], words[1:])
    if asked.json:
        emit(filled.data)
    else:
        sys.stdout.write(dump(filled, origins=asked.origin))


def diff(words: Sequence[str], asked: Asked) -> None:
    """Print the keys that differ."""
    from mxtrain.config.diff import ABSENT, differences
    from mxtrain.report.catalog import yaml_text

    if len(words) != 2:
        raise UsageError(f"name two configs: mxtrain config {USAGES['diff']}")
    left, right = (_filled(word, ()) for word in words)
    found = differences(left.data, right.data)
    if asked.json:
        pairs = [{"key": d.key, "left": d.left, "right": d.right} for d in found]
        emit([{k: v for k, v in pair.items() if v is not ABSENT} for pair in pairs])
        return
    texts = [(d.key, *("-" if v is ABSENT else yaml_text(v) for v in (d.left, d.right))) for d in found]
    sys.stdout.write(table(("key", *words), texts) if texts else "")


def schema(words: Sequence[str], asked: Asked) -> None:
    """Print the JSON Schema."""
    import json

    from mxtrain.config.schema import json_schema
    from mxtrain.symbol.schema import net_file_schema, net_schema
    from mxtrain.train.schema import Config

    if list(words) not in ([], ["net"]):
        raise UsageError(f"expected nothing, or the word net: mxtrain config {USAGES['schema']}")
    if words:
        result = net_file_schema()
    else:
        result = json_schema(Config)
        net, parts = net_schema()
        result["properties"]["net"] |= net
        result["$defs"] |= parts
    sys.stdout.write(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def _filled(source: str, overrides: Sequence[str]) -> Tree:
    """A config with every default."""
    from mxtrain.config.fill import resolve
    from mxtrain.train.fit import load_config

    record, tree, _ = load_config(config_of(source), overrides)
    return resolve(record, tree)


def config_of(source: str) -> str:
    """The config file that a word means: of a run, its resolved one."""
    path = Path(source)
    return str(path / "config.yaml") if (path / "config.yaml").is_file() else source


VERBS: dict[str, Callable[[Sequence[str], Asked], Any]] = {"show": show, "diff": diff, "schema": schema}
USAGES = {"show": "show CONFIG [KEY=VALUE]...", "diff": "diff A B", "schema": "schema [net]"}
