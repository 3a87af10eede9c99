"""mxtrain bench: how fast a part of a run is by itself: its data (io), its net (net)."""

from __future__ import annotations

import json as json_format
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxtrain.base.errors import ConfigError
from mxtrain.cli._common import emit, log_to_stderr, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mxtrain.data.iterator import DataIter
    from mxtrain.data.stages import Stages
    from mxtrain.executor.profile import Timed
    from mxtrain.executor.roofline import Roofline
    from mxtrain.report.profile import Cost
    from mxtrain.train.bench import Bare

HELP = """Measure a part of a run by itself: its data (io), or its net (net)."""

APP = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True, help=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

LISTED = 25
"""Calls that are listed one by one, the dearest first."""

ConfigFile = Annotated[str, typer.Argument(metavar="CONFIG", help="config file, or the name of a shipped one")]
NetFile = Annotated[
    str, typer.Argument(metavar="CONFIG|NET", help="config file, or the name of a shipped config or net")
]
Overrides = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="keys to set; ~KEY removes one")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")]
Batches = Annotated[int, typer.Option(metavar="N", min=1, help="batches to make, over as many epochs")]
Copy = Annotated[bool, typer.Option("--copy/--no-copy", help="turn batches into the floats that a net reads")]
Batch = Annotated[int | None, typer.Option(metavar="N", min=1, help="samples per step; default: batch_size")]
Infer = Annotated[bool, typer.Option("--infer", help="prediction instead of training")]
Profile = Annotated[bool, typer.Option("--profile", help="time every call, beside what the machine can do")]
Trace = Annotated[Path | None, typer.Option(metavar="FILE", help="write every call of a step for chrome://tracing")]
Seconds = Annotated[float, typer.Option(metavar="S", min=0, help="how long to measure; seven steps at least")]


@APP.command("io", short_help="how fast the data of a config comes, and what limits it")
def io(
    config: ConfigFile, overrides: Overrides = None, batches: Batches = 100, copy: Copy = True, json: Json = False
) -> None:
    """Make training batches as fast as it can and copy them where a net would read them.

    Shows samples per second stage by stage, and says in one sentence what limits and what to change.
    """
    from mxtrain.data.advice import advice
    from mxtrain.train.data import open_set
    from mxtrain.train.fit import load_config

    log_to_stderr()
    record, tree, where = load_config(config, overrides or [])
    found = open_set(record, tree, where, "train")
    if found is None:
        raise ConfigError(tree.problem(("data",), "data.train is missing; bench io makes its batches"))
    seconds, samples, copied = run(found.it, batches, copy)
    stages = found.it.timings()._replace(copy=copied)
    said = advice(stages, 0.0)
    if json:
        rates = {"samples": samples, "seconds": seconds, "samples_per_sec": samples / seconds}
        emit(
            {
                **rates,
                "stages": {**stages.work, "copy": copied},
                "waited": stages.waited,
                "threads": stages.threads,
                "advice": said,
            }
        )
        return
    sys.stdout.write(text(stages, samples, seconds))
    sys.stdout.write(f"{said}\n")


def run(it: DataIter, batches: int, copy: bool = True) -> tuple[float, int, float]:
    """(seconds, samples, seconds of copying, if there is any) of that many batches, from the first epoch on."""
    import numpy as np

    nets = {name: np.empty(kind.shape, np.float32) for name, kind in it.net_types.inputs.items() if copy}
    samples = epoch = 0
    copied = 0.0
    left = batches
    begun = perf_counter()
    while left:
        with it.epoch(epoch) as made:
            for batch in made:
                took = perf_counter()
                for name, target in nets.items():
                    values, rows = batch.inputs[name], target[: len(batch.ids)]
                    it.finish.apply(values, rows.transpose(0, 2, 3, 1) if values.dtype == np.uint8 else rows)
                copied += perf_counter() - took if copy else 0.0
                samples += batch.valid
                left -= 1
                if not left:
                    break
        epoch += 1
    return perf_counter() - begun, samples, copied


def text(stages: Stages, samples: int, seconds: float) -> str:
    """The table: what each stage would give if a thread did nothing else, and its part of the work."""
    # Threads are ahead of the consumer when it stops: they made more samples than it copied.
    spent = {name: (s, stages.samples) for name, s in stages.work.items()} | {"copy": (stages.copy, samples)}
    total = sum(s for s, _ in spent.values())
    rows = [(name, f"{n / s:,.0f}" if s else "-", f"{s / total:.1%}" if s else "-") for name, (s, n) in spent.items()]
    workers = f"{stages.threads} thread{'s' if stages.threads > 1 else ''}" if stages.threads else "no threads"
    whole = f"all stages, {workers}: {samples / seconds:,.0f} samples/s ({samples:,} in {seconds:.2f} s)\n"
    return table(("stage", "samples/s per thread", "of the work"), rows, right=(1, 2)) + whole


@APP.command("net", short_help="how fast the net of a config computes")
def net(
    config: NetFile, overrides: Overrides = None, batch: Batch = None, infer: Infer = False, profile: Profile = False,
    trace: Trace = None, seconds: Seconds = 3.0, json: Json = False,
) -> None:  # fmt: skip
    """Time the steps of a net on random samples: forward, backward and update, or prediction.

    A name from `mxtrain ls nets` stands for a config around that net; its parameters may stand among the keys:
    mxtrain bench net resnet depth=50 precision=bf16 --batch 16 --profile
    """
    from mxtrain.train.bench import find_net, make_bare, peak_memory, time_steps

    log_to_stderr()
    record, tree, where = find_net(config, overrides or [])
    bare = make_bare(record, tree, where, batch=batch, infer=infer)
    times = time_steps(bare, seconds)
    median, memory = statistics.median(times), peak_memory()
    said: dict[str, Any] = {
        "net": config, "mode": "infer" if infer else "train", "batch": bare.rows, "precision": record.precision,
        "threads": bare.program.device.threads, "steps": len(times), "ms": median * 1e3, "ms_min": min(times) * 1e3,
        "samples_per_sec": bare.rows / median, "built": bare.built, "peak_bytes": memory,
    }  # fmt: skip
    calls: list[Timed] = []
    roof = None
    if profile or trace is not None:
        calls, roof = measured(bare)
    if trace is not None:
        write_trace(trace, calls, config)
    if json:
        emit(said | (profile_json(calls, roof) if profile and roof else {}))
        return
    sys.stdout.write(summary(said))
    if profile and roof:
        sys.stdout.write(profile_text(calls, roof))


def measured(bare: Bare) -> tuple[list[Timed], Roofline]:
    """Every call of a step, and what the machine can do."""
    from mxtrain.executor.profile import time_calls
    from mxtrain.executor.roofline import measure

    roof = measure(bare.program.device, (bare.program.options.precision,))
    return time_calls(bare.plan, bare.update_plan, 7), roof


def write_trace(path: Path, calls: Sequence[Timed], name: str) -> None:
    """Write Chrome's trace file."""
    from mxtrain.report.profile import chrome_trace

    path.write_text(json_format.dumps(chrome_trace(calls, name)))


def summary(said: dict[str, Any]) -> str:
    """The whole step in two lines."""
    what = "prediction" if said["mode"] == "infer" else "training step"
    threads = f"{said['threads']} thread{'s' if said['threads'] > 1 else ''}"
    return (
        f"{said['net']}: {what}, batch {said['batch']}, {said['precision']}, {threads}: {said['ms']:.3f} ms (median of "
        f"{said['steps']}; fastest {said['ms_min']:.3f}), {said['samples_per_sec']:,.1f} samples/s\n"
        f"built in {said['built']:.2f} s; peak memory of the process {said['peak_bytes'] / 2**20:,.0f} MiB\n"
    )


def profile_text(calls: Sequence[Timed], roof: Roofline) -> str:
    """What the machine can do, the kinds of calls, and the dearest calls."""
    from mxtrain.report.profile import by, cost_of, kind

    rates = ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {dtype}" for dtype, rate in roof.rates.items())
    whole = cost_of(calls, roof)
    titles = ("calls", "ms", "of the step", "GFLOP/s", "GB/s", "of the roofline")
    right = tuple(range(1, len(titles) + 1))
    kinds = [(name, *cells(c, whole)) for name, c in (*by(kind, calls, roof).items(), ("all", whole))]
    dearest = sorted(calls, key=lambda c: -c.seconds)[:LISTED]
    rows = [
        (f"{c.name}", *cells(cost_of([c], roof), whole)[1:], " x ".join(map(str, c.work.shape)), c.kernel)
        for c in dearest
    ]
    return (
        f"\nthis machine: copies {roof.bandwidth / 1e9:,.1f} GB/s (read and written), multiplies {rates}\n\n"
        + table(("operator", *titles), kinds, right)
        + f"\nthe {len(rows)} dearest of {len(calls)} calls:\n\n"
        + table(("call", *titles[1:], "output", "kernel"), rows, right[:-1])
    )


def cells(c: Cost, whole: Cost) -> tuple[str, ...]:
    """Columns of a row."""
    return (
        str(c.calls), f"{c.seconds * 1e3:.3f}", f"{c.seconds / whole.seconds:.1%}", f"{c.flops / c.seconds / 1e9:,.0f}",
        f"{c.nbytes / c.seconds / 1e9:,.1f}", f"{c.share:.0%}",
    )  # fmt: skip


def profile_json(calls: Sequence[Timed], roof: Roofline) -> dict[str, Any]:
    """The profile as plain data."""
    from mxtrain.report.profile import by, cost_of, kind

    return {
        "machine": {"bandwidth": roof.bandwidth, "rates": roof.rates},
        "kinds": {name: c.to_json() for name, c in by(kind, calls, roof).items()},
        "calls": [
            {"segment": c.segment, "name": c.name, "op": c.op, "kernel": c.kernel, "shape": list(c.work.shape)}
            | {k: v for k, v in cost_of([c], roof).to_json().items() if k != "calls"}
            for c in calls
        ],
    }
