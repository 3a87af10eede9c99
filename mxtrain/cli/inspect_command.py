"""mxtrain inspect: look into a run, a checkpoint, a file of arrays or a symbol."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxtrain.base.errors import CheckpointError, DataError, EnvironmentFault, FormatError, UsageError
from mxtrain.cli._common import emit, say, size_text, table

if TYPE_CHECKING:
    from mxtrain.report.arrays import Arrays, Item
    from mxtrain.report.net import Net
    from mxtrain.train.look import CheckpointLook, RunLook

HELP = """Look into a run, a checkpoint, a file of arrays (.params, .nd, .state) or a symbol (-symbol.json).

A run: its checkpoints, verified, and its metrics epoch by epoch. A checkpoint: its files, verified. A file of arrays:
names, shapes, dtypes; of a truncated one what is whole, and where it ends. A symbol: its layers, and their shapes with
--shape data=1,1,28,28. Nothing is changed."""

_SHAPE = re.compile(r"([^=]+)=\(?([0-9]{1,9}(?:[,x][0-9]{1,9})*),?\)?")


def command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="run, checkpoint or file", show_default=False)],
    shape: Annotated[
        list[str] | None, typer.Option(metavar="NAME=N,C,H,W", help="of an input of a symbol; for each input one")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """Find out what it is, look, print."""
    shapes = _shapes(shape or [])
    kind = kind_of(path)
    if shapes and kind != "symbol":
        raise UsageError(f"--shape is for symbols; {path} is a {kind}")
    show = {"run": _run, "checkpoint": _checkpoint, "arrays": _arrays}.get(kind)
    if show is None:
        _symbol(path, shapes, json)
    else:
        show(path, json)


def kind_of(path: Path) -> str:
    """What lies there: run, checkpoint, arrays or symbol.

    Raises:
        EnvironmentFault: if nothing is there, or a folder of something else.
        DataError: if the file cannot be read.
    """
    if path.is_dir():
        if (path / "meta.json").exists():
            return "run"
        if (path / "manifest.json").exists() or path.name.startswith("step-"):
            return "checkpoint"
        held = ", ".join(sorted(p.name for p in path.iterdir())[:8]) or "nothing"
        raise EnvironmentFault(f"{path}: neither a run (meta.json) nor a checkpoint (manifest.json); it holds {held}")
    if not path.exists():
        raise EnvironmentFault(f"{path}: nothing is there")
    if not path.is_file():
        raise DataError(f"{path}: is not a regular file")
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    return "symbol" if start.startswith(b"{") or path.suffix == ".json" else "arrays"


def _shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    found = {}
    for text in texts:
        m = _SHAPE.fullmatch(text.replace(" ", ""))
        if m is None:
            raise UsageError(f"--shape: expected NAME=SIZES such as data=1,1,28,28, got {text!r}")
        found[m[1]] = tuple(int(n) for n in re.split("[,x]", m[2]))
    return found


def _shape_text(shape: Sequence[int] | None) -> str:
    return "" if shape is None else " x ".join(map(str, shape)) or "scalar"


def _run(path: Path, json: bool) -> None:
    from mxtrain.train.look import look_at_run

    run = look_at_run(path)
    if json:
        emit(run.to_json())
    else:
        _print_run(run)
    _refuse([p for c in run.checkpoints for p in c.problems])


def _print_run(run: RunLook) -> None:
    meta = run.meta
    lines = [("run", str(run.path))]
    lines += [(key, str(meta[key])) for key in ("started", "host", "version", "git") if meta.get(key)]
    if isinstance(meta.get("command"), list):
        lines.append(("command", shlex.join(map(str, meta["command"]))))
    sys.stdout.write("".join(f"{key.ljust(8)} {value}\n" for key, value in lines))
    if run.epochs:
        keys = list(dict.fromkeys(key for epoch in run.epochs for key in epoch))
        rows = [[_value_text(epoch.get(key)) for key in keys] for epoch in run.epochs]
        sys.stdout.write("\n" + table(keys, rows, range(len(keys))))
    rows = [_checkpoint_row(c, c.path.name == run.best) for c in run.checkpoints]
    titles = ("checkpoint", "step", "epoch", "score", "size", "")
    sys.stdout.write("\n" + (table(titles, rows, (1, 2, 4)) if rows else "no checkpoint\n"))
    if run.others:
        sys.stdout.write(f"beside them: {', '.join(run.others)}\n")


def _checkpoint_row(c: CheckpointLook, best: bool) -> list[str]:
    score = "" if c.score is None else f"{c.score.name} {_value_text(c.score.value)}"
    state = "DAMAGED" if c.problems else "verified, best" if best else "verified"
    size = size_text(sum(f.bytes for f in c.files))
    return [c.path.name, _value_text(c.step), _value_text(c.epoch), score, size, state]


def _value_text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _checkpoint(path: Path, json: bool) -> None:
    from mxtrain.train.look import look_at_checkpoint

    found = look_at_checkpoint(path)
    if json:
        emit(found.to_json())
    else:
        _print_checkpoint(found)
    _refuse(found.problems)


def _print_checkpoint(found: CheckpointLook) -> None:
    lines = [("checkpoint", str(found.path)), ("step", _value_text(found.step)), ("epoch", _value_text(found.epoch))]
    if found.score is not None:
        lines.append(("score", f"{found.score.name} {_value_text(found.score.value)}"))
    about: Mapping[str, Any] = found.about or {}
    lines += [(key, _about_text(value)) for key, value in about.items() if value is not None]
    sys.stdout.write("".join(f"{key.ljust(10)} {value}\n" for key, value in lines))
    rows = [(f.name, size_text(f.bytes), "verified" if f.problem is None else "DAMAGED") for f in found.files]
    if rows:
        sys.stdout.write("\n" + table(("file", "size", ""), rows, (1,)))


def _about_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_shape_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:12]))
        return f"{len(value)}: {shown}{', ...' if len(value) > 12 else ''}"
    return str(value)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise CheckpointError("\n".join(problems))


def _arrays(path: Path, json: bool) -> None:
    from mxtrain.report import arrays

    found = arrays.look(path)
    if json:
        emit(found.to_json())
    else:
        _print_arrays(found)
    if found.problem:
        raise FormatError(found.problem)


def _print_arrays(found: Arrays) -> None:
    rows = [
        (
            str(i) if item.name is None else item.name,
            _shape_text(item.shape),
            item.dtype if item.storage == "dense" else f"{item.dtype} {item.storage}",
            f"{item.size:,}",
        )
        for i, item in enumerate(found.items)
    ]
    sys.stdout.write(table(("array", "shape", "dtype", "elements"), rows, (3,)))
    total = sum(item.size for item in found.items)
    whole = "" if found.problem is None else " whole"
    sys.stdout.write(f"\n{len(rows)}{whole} arrays, {total:,} elements, {size_text(found.bytes)}\n")
    for notice in found.notices:
        say(notice)


def _symbol(path: Path, shapes: Mapping[str, Sequence[int]], json: bool) -> None:
    from mxtrain.report import net
    from mxtrain.symbol.symbol import load

    found = net.look(load(path), shapes, lambda: _arrays_beside(path))
    if json:
        emit(found.to_json())
    else:
        _print_symbol(found, bool(shapes))


def _arrays_beside(path: Path) -> Sequence[Item]:
    """What the newest NAME-0000.params beside NAME-symbol.json holds."""
    from mxtrain.formats.checkpoint_names import params_name, parse_name, saved_epochs
    from mxtrain.report.arrays import look

    named = parse_name(path.name)
    epochs = saved_epochs(path.parent, named.prefix) if named else ()
    if named is None or not epochs:
        return ()
    file = path.parent / params_name(named.prefix, epochs[-1])
    say(f"mxtrain: the shapes of parameters that nothing else tells are those of {file}")
    return look(file).items


def _print_symbol(found: Net, typed: bool) -> None:
    titles = ["layer", "operator", "takes", *(["output", "parameters"] if typed else [])]
    rows = []
    for n in found.layers:
        sizes = [_shape_text(n.shape), f"{n.parameters:,}" if n.parameters else ""] if typed else []
        rows.append([n.name, n.op, ", ".join(n.inputs), *sizes])
    sys.stdout.write(table(titles, rows, (4,)))
    for title, variables in (
        ("arguments", [v for v in found.variables if v.kind != "auxiliary"]),
        ("auxiliary states", [v for v in found.variables if v.kind == "auxiliary"]),
        ("outputs", found.outputs),
    ):
        if variables and typed:
            sys.stdout.write("\n" + table((title, "shape"), [(v.name, _shape_text(v.shape)) for v in variables]))
        elif variables:
            sys.stdout.write(f"\n{title}: {', '.join(v.name for v in variables)}\n")
    if typed:
        sys.stdout.write(f"\n{sum(n.parameters for n in found.layers):,} parameters\n")
