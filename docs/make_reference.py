"""Writes docs/config.md and docs/operators.md from the declarations: ``python docs/make_reference.py``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mxtrain.report.catalog import KINDS, Parameter, description, parameters, registry
from mxtrain.train.schema import Config

FOLDER = Path(__file__).parent
MADE = "<!-- Made by docs/make_reference.py from the declarations: change those, then run it again. -->"

CONFIG_HEAD = f"""\
# Config files

{MADE}

A config is one YAML file: `mxtrain fit FILE` trains what it says. `mxtrain config show FILE --origin` prints it with
every default filled in, and where each value comes from.

* A key that is not listed here is an error, never ignored. All errors of a file are reported at once, with their lines.
* `KEY=VALUE` on the command line sets a key after the file is read: `optimizer.lr=0.1`,
  `augment[0].random_crop.pad=2`. The value is YAML. `~KEY` removes a key. The same checks hold.
* `extends: base.yaml` (or a list) takes another file's keys and lays this file's on them: maps key by key, all else
  replaced. A section that names another component replaces the whole section.
* `1e-3` is a number, and `no`, `on` and `yes` are texts: YAML 1.2, without tags and merge keys.
* Paths in `data` start at `data.root`, which starts at the config's folder. `${{MXTRAIN_DATA}}` in it is the one
  environment variable that is read.

An editor completes and checks keys while you type if it knows the JSON Schema:

    mxtrain config schema > mxtrain.schema.json
    mxtrain config schema net > mxtrain-net.schema.json

With the YAML language server (VS Code, Neovim...), begin a config with

    # yaml-language-server: $schema=mxtrain.schema.json

"""

NET = """\
## The net

`net:` is a list of layers, each taking what the one before it gives; the last is a loss:

    net:
      - convolution: {num_filter: 20, kernel: 5}
      - activation: {act_type: relu, name: a}
      - pooling: {kernel: 2, stride: 2, from: a}            # another layer's result; a.1: its second output
      - branches: [[convolution: {num_filter: 8, kernel: 1}], []]     # all take the same; an empty one passes it on
      - concat                                              # ... and the next layer takes all their results
      - fully_connected: {num_hidden: 10, repeat: 2, when: deep}
      - softmax_output: {name: softmax}

or `{file: resnet, depth: 50, classes: 10}`, a net file with its parameters (`mxtrain ls nets`), or
`{symbol: x-symbol.json}`, MXNet's, which `from: LAYER` cuts behind a layer and `net: [...]` goes on from
([example](mxnet.md)). A net file, and a map under `net:`, has these keys:

| key | meaning |
|---|---|
| `params` | parameters and their defaults; nothing: required |
| `let` | values computed from them |
| `blocks` | pieces used like operators: `{params, let, net}` each; inside, `input` is what comes in |
| `inputs` | names of the inputs; default `[data]` |
| `outputs` | names of the layers whose results are the outputs; default: the last layer |
| `input_shape` | shape of the samples it is made for, which `mxtrain bench net NET` makes; default `[3, 224, 224]` |
| `net` | the list of layers |

Every layer takes the parameters of its operator ([operators.md](operators.md)) and these:

| key | meaning |
|---|---|
| `name` | its name; default: the operator's and a number, as MXNet counts |
| `from` | the layer, or layers, whose results it takes; default: the one before |
| `inputs` | further inputs by name: `{weight: fc1_weight}` shares one, `{rhs: {shape: [1, 8]}}` makes a new one |
| `repeat` | how often it is applied, one after the other; `index` counts from 0 |
| `when` | left out unless this holds |

Where a number is meant, a text is an expression over the parameters: `num_filter: 4 * width`, `repeat: len(hidden)`,
`width: "hidden[index]"`, `pad: kernel // 2`, `4 if depth >= 50 else 1`, `max(a, b)`. Where a text is meant, `${...}` is
one: `name: "unit${index}"`.

"""

TITLES = {
    "optimizers": ("Optimizers", "optimizer", "`optimizer: {name: sgd, lr: 0.1}`."),
    "schedules": ("Learning-rate schedules", "lr_scheduler", "`lr_scheduler: {name: cosine, warmup: 5 epochs}`."),
    "initializers": ("Initializers", "initializer", "`initializer: xavier`, or by pattern: see `patterns`."),
    "metrics": ("Metrics", "metrics", "`metrics: [accuracy, top_k: {k: 5}]`."),
    "augmenters": ("Augmenters", "augment", "In order: `augment: [random_crop: {size: 28, pad: 2}, flip]`."),
    "sources": ("Data sources", "data.train", "`data: {train: {name: idx, folder: mnist}}`; `data.val` likewise."),
}


def cell(text: str) -> str:
    """A text for a cell of a Markdown table."""
    return re.sub(r"([|<*_])", r"\\\1", text)


def code(text: str) -> str:
    """A text as code in a cell of a Markdown table."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def rows(declared: tuple[Parameter, ...]) -> Iterator[str]:
    """A Markdown table of parameters."""
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for p in declared:
        default = "required" if p.default is None else code(p.default)
        yield f"| `{p.name}` | {cell(p.accepts)} | {default} | {cell(p.doc)} |"


def section(title: str, declared: type[Any], seen: set[type[Any]]) -> Iterator[str]:
    """A declared class and those inside it."""
    seen.add(declared)
    own = parameters(declared)
    yield f"## {title}\n"
    yield f"{(declared.__doc__ or '').strip()}\n"
    yield from rows(own)
    yield ""
    for p in own:
        if p.nested is not None and p.nested not in seen:
            yield from section(f"`{p.name}`", p.nested, seen)


def components(kind: str, level: str = "###") -> Iterator[str]:
    """Every component of a kind with its parameters."""
    found = registry(kind)
    for name in found.names():
        first, _, rest = description(kind, name).partition("\n")
        yield f"{level} {name}\n"
        yield f"{first[:1].upper()}{first[1:]}\n"
        if rest.strip():
            yield f"```text\n{rest.strip()}\n```\n"
        declared = parameters(found.get(name).params)
        if declared:
            yield from rows(declared)
        else:
            yield "No parameters."
        yield ""


def config_page() -> str:
    """docs/config.md."""
    lines = [CONFIG_HEAD + "\n".join(section("Keys", Config, set())), NET]
    for kind, (title, key, example) in TITLES.items():
        lines += [f"## {title}\n", f"For `{key}`: {example}\n", *components(kind)]
    return "\n".join(lines).rstrip() + "\n"


def operators_page() -> str:
    """docs/operators.md."""
    names = registry("operators").names()
    links = ", ".join(f"[{n}](#{n})" for n in names)
    head = (
        f"# Operators\n\n{MADE}\n\nWhat a layer of a net can be, with MXNet's names in snake case. Shapes have a "
        "letter per axis: N batch,\nC channels, S spatial axes. `mxtrain ls operators NAME` prints the same.\n"
    )
    return "\n".join([head, links + "\n", *components("operators", "##")]).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {"config.md": config_page(), "operators.md": operators_page()}


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if set(TITLES) | {"operators"} != set(KINDS):
    raise SystemExit(f"TITLES must say what each kind of component is for: {', '.join(KINDS)}")

if __name__ == "__main__":
    main()
