"""The application: the first word is a command, whose file is loaded only then. Typer parses the rest."""

from __future__ import annotations

import difflib
import os
import sys
from importlib import import_module
from typing import Any

import typer

from mxtrain.base.errors import MXTrainError, UsageError

COMMANDS = {
    "fit": "train a network from a config file",
    "eval": "measure a trained model on a data set",
    "predict": "classify image files",
    "extract": "write what an inner layer says of image files",
    "check": "check a config: layers, shapes, parameters, memory; nothing is trained",
    "config": "show a config with every default, or the JSON Schema",
    "init": "write a config for a folder of images",
    "inspect": "look into a run, a checkpoint, a .params file or a symbol",
    "ls": "list what there is: operators, optimizers, metrics, shipped configs...",
    "devices": "list devices and libraries found",
}
ALIASES = {"train": "fit", "test": "eval", "score": "eval"}

# Typer exports no common class of its usage errors; this is the base of the one it does export.
_PARSE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]


def usage() -> str:
    """The help of the whole program."""
    width = max(map(len, COMMANDS))
    lines = ["Usage: mxtrain COMMAND ...", "", "Train networks from YAML files.", "", "Commands:"]
    lines += [f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()]
    return "\n".join([*lines, "", "mxtrain COMMAND --help says more; mxtrain --version shows the version.", ""])


def load_command(name: str) -> Any:
    """A Typer application of one command."""
    module = import_module(f"mxtrain.cli.{name}_command")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.command(name=name, help=module.HELP, context_settings=settings)(module.command)
    return app


def dispatch(args: list[str]) -> int:
    """Run a command line; the exit code, if no error is raised.

    Raises:
        UsageError: if there is no such command.
    """
    if not args or args[0] in ("-h", "--help", "help"):
        (sys.stdout if args else sys.stderr).write(usage())
        return 0 if args else 2
    if args[0] == "--version":
        import mxtrain

        sys.stdout.write(f"mxtrain {mxtrain.__version__}\n")
        return 0
    name = ALIASES.get(args[0], args[0])
    if name not in COMMANDS:
        near = difflib.get_close_matches(args[0], [*COMMANDS, *ALIASES], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(COMMANDS)}"
        raise UsageError(f"no command {args[0]!r}; {hint}")
    code = load_command(name)(args[1:], prog_name=f"mxtrain {name}", standalone_mode=False)
    return code if isinstance(code, int) else 0


def run(args: list[str] | None = None) -> None:
    """Parse, run, and exit with the code that the outcome has."""
    from mxtrain.cli.exit_codes import code_of

    try:
        code = dispatch(sys.argv[1:] if args is None else args)
        sys.stdout.flush()
    except typer.Exit as e:
        code = e.exit_code
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        code = 130
    except _PARSE_ERROR as e:
        getattr(e, "show", lambda **_: None)(file=sys.stderr)
        code = 2
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except MXTrainError as e:
        sys.stdout.flush()
        sys.stderr.write(f"mxtrain: {e}\n")
        code = code_of(e)
    sys.exit(code)
