"""The application: commands are found by their file, loaded when asked for."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click
import typer
import typer.main

from mxtrain.base.errors import MXTrainError

COMMANDS = {
    "fit": "train a network from a config file",
    "eval": "measure a trained model on a data set",
    "predict": "classify image files",
    "extract": "write what an inner layer says of image files",
    "check": "check a config: layers, shapes, parameters, memory; nothing is trained",
    "config": "show a config with every default, or its JSON Schema",
    "init": "write a config for a folder of images",
    "inspect": "look into a run, a .params file or a symbol",
    "ls": "list what there is: operators, optimizers, metrics, shipped configs...",
    "devices": "list devices and libraries found",
}
ALIASES = {"train": "fit", "test": "eval", "score": "eval"}


class _Commands(click.Group):
    """Commands by name; a command's module is imported only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command called `name`, or an alias."""
        name = ALIASES.get(name, name)
        if name not in COMMANDS:
            return None
        module = import_module(f"mxtrain.cli.{name}_command")
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name=name, help=module.HELP)(module.command)
        made: Any = typer.main.get_command(app)
        made.name = name
        return made  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with a suggestion for a misspelled command."""
        import difflib

        if args and args[0] not in COMMANDS and args[0] not in ALIASES and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], [*COMMANDS, *ALIASES], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import mxtrain

        click.echo(f"mxtrain {mxtrain.__version__}")
        ctx.exit()


app = _Commands(
    name="mxtrain",
    help="Train networks from YAML files. `mxtrain COMMAND --help` says more.",
    no_args_is_help=True,
    params=[
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show it."
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(args: list[str] | None = None) -> None:
    """Parse, run, and exit with the code that the outcome has."""
    from mxtrain.cli.exit_codes import code_of

    try:
        app.main(args=args, prog_name="mxtrain", standalone_mode=False)
    except click.exceptions.Exit as e:
        sys.exit(e.exit_code)
    except click.ClickException as e:
        e.show(sys.stderr)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except MXTrainError as e:
        sys.stderr.write(f"mxtrain: {e}\n")
        sys.exit(code_of(e))
