"""The application: the first word is a command, whose file is loaded only then. Typer parses the rest."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from mxtrain.base.errors import EnvironmentFault, MXTrainError, OutOfSpace, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "fit": "train a network from a config file",
    "eval": "measure a trained model on a data set",
    "predict": "classify image files, or rows of numbers",
    "extract": "write what an inner layer says of image files, or rows of numbers",
    "check": "check a config: layers, shapes, parameters, memory; nothing is trained",
    "config": "show a config with every default, compare two, or print the JSON Schema",
    "pack": "pack images into record files; check, list, unpack, merge, split and index them",
    "init": "write a config for a folder of images",
    "inspect": "look into a run, a checkpoint, a .params file or a symbol",
    "ls": "list what there is: operators, optimizers, metrics, shipped configs...",
    "devices": "list devices and libraries found",
    "doctor": "say what this machine lacks, with the command that installs it",
    "bench": "measure the data or the net of a config by itself, and say what limits it",
}
ALIASES = {"train": "fit", "test": "eval", "score": "eval"}
OVERRIDING = ("fit", "eval", "check", "config", "bench")
"""Commands that take KEY=VALUE."""

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"


def usage() -> str:
    """The help of the whole program."""
    width = max(map(len, COMMANDS))
    lines = ["Usage: mxtrain COMMAND ...", "", "Train networks from YAML files.", "", "Commands:"]
    lines += [f"  {name.ljust(width)}  {text}" for name, text in COMMANDS.items()]
    return "\n".join([*lines, "", "mxtrain COMMAND --help says more; mxtrain --version shows the version.", ""])


def load_command(name: str) -> Any:
    """A Typer application of one command."""
    import typer

    module = import_module(f"mxtrain.cli.{name}_command")
    if hasattr(module, "APP"):
        return module.APP
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.command(name=name, help=module.HELP, context_settings=settings)(module.command)
    return app


def dispatch(args: Sequence[str]) -> int:
    """Run a command line; the exit code, if no error is raised.

    Raises:
        UsageError: if there is no such command.
    """
    if not args or args[0] in ("-h", "--help", "help"):
        if args[1:2] and args[1] in COMMANDS:
            return dispatch([args[1], "--help"])
        (sys.stdout if args else sys.stderr).write(usage())
        return 0 if args else 2
    if args[0] == "--version":
        import mxtrain

        sys.stdout.write(f"mxtrain {mxtrain.__version__}\n")
        return 0
    name = ALIASES.get(args[0], args[0])
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(args[0], [*COMMANDS, *ALIASES], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(COMMANDS)}"
        raise UsageError(f"no command {args[0]!r}; {hint}")
    _refuse_dashes(args[1:])
    return _call(name, list(args[1:]))


def _refuse_dashes(args: Sequence[str]) -> None:
    """An option pasted from a web page may begin with a dash that is none of ours."""
    for arg in args:
        if arg == "--":
            return
        if arg[:1] and arg[0] in _DASHES and not os.path.lexists(arg):
            dashes = f"U+{ord(arg[0]):04X}"
            name = arg.lstrip(_DASHES + "-")
            raise UsageError(f"{arg!r} begins with {arg[0]!r} ({dashes}), not with '-': type --{name} by hand")


def _call(name: str, args: list[str]) -> int:
    """Parse and run one command."""
    import typer

    # Typer exports no common class of its usage errors; this is the base of the one it does export.
    parse_error: type[Exception] = typer.BadParameter.__mro__[2]
    try:
        # Not called as Typer would: that exits with 1 when a pipe is closed.
        command = typer.main.get_command(load_command(name))
        _plain(command)
        with command.make_context(f"mxtrain {name}", args) as context:
            command.invoke(context)
    except typer.Exit as e:
        return int(e.exit_code)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except parse_error as e:
        getattr(e, "show", lambda **_: None)(file=sys.stderr)
        option = getattr(e, "option_name", None)
        # An option that lacks its value is one that is known.
        if option is not None and name in OVERRIDING and "No such option" in str(getattr(e, "message", "")):
            _advise(str(option))
        return 2
    return 0


def _plain(command: Any) -> None:
    """Arguments in help by their names alone: Typer 0.29 adds types of Python (list[str]) and braces."""
    for inner in getattr(command, "commands", {}).values():
        _plain(inner)
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
            shown = name if parameter.nargs == 1 else f"{name}..."
            parameter.display_type = lambda ctx: None
            parameter._usage_display_name = lambda shown=shown: shown


def _advise(option: str) -> None:
    """An unknown option may be meant as a key of the config."""
    from mxtrain.config.overrides import read

    for problem in read([option])[1]:
        advice = problem.splitlines()[0].partition(": write ")[2].partition(",")[0]
        if advice:
            sys.stderr.write(f"A key of the config is set without dashes: {advice}\n")


def run(args: Sequence[str] | None = None) -> NoReturn:
    """Parse, run, and exit with the code that the outcome has."""
    _open_streams()
    try:
        code = dispatch(sys.argv[1:] if args is None else args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        _discard(sys.stdout)
        code = 141
    except MXTrainError as e:
        code = _report(e)
    except MemoryError as e:
        code = _report(EnvironmentFault(f"out of memory{f': {e}' if str(e) else ''}; ask for less at once"))
    except OSError as e:
        code = _report(_as_fault(e))
    sys.exit(code)


def _as_fault(error: OSError) -> MXTrainError:
    """What the system refused, where no caller knew more about it."""
    import errno

    named = isinstance(error.filename, str | bytes | os.PathLike)
    where = f"{os.fsdecode(error.filename)}: " if named else "stdout: " if _was_printed(error) else ""
    kind = OutOfSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else EnvironmentFault
    return kind(f"{where}{error.strerror or error}")


def _was_printed(error: OSError) -> bool:
    """True if it was raised where this package writes: what it opens has a name, so that was stdout."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and str(at.tb_frame.f_globals.get("__name__")).startswith("mxtrain.cli.")


def _report(error: MXTrainError) -> int:
    from mxtrain.cli.exit_codes import code_of

    return _fail(f"mxtrain: {error}", code_of(error))


def _fail(text: str, code: int) -> int:
    """What came before first, then why it ended."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
    try:
        # Names of files are in it, which may hold what steers a terminal.
        sys.stderr.write("".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text) + "\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)
    return code


def _discard(stream: Any) -> None:
    """Let nothing more fail on a stream that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_streams() -> None:
    """A stream that was closed from the start (``>&-``) is None, which nothing can write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))
    # Names of files need not be UTF-8: they come out as they went in.
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)
