"""The command line: one file per command, each parses, calls, prints. stdout is for data, stderr for people.

Only here are errors caught and mapped to exit codes, and only here is anything printed. Start with app.py.
"""


def main() -> None:
    """Run the command line: the `mxtrain` script."""
    from mxtrain.cli.app import run

    run()
