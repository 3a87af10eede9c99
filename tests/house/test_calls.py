"""What the code never says: print outside the command line, what runs code out of a file, an operator's name."""

from __future__ import annotations

import ast

import pytest

CODE_RUNNERS = ("pickle", "_pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "jsonpickle")
"""Modules whose files can run code when they are read."""

CODE_CALLS = ("eval", "exec", "__import__", "literal_eval")
YAML_CALLS = ("load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all")

NAMED = {}
"""(path, string) -> why a string in passes/ or executor/ may equal an operator's name."""


def prints(source):
    """Calls of print."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"{source.path}:{node.lineno}: print; return what is to be said, cli/ prints it"


def runs_code(source):
    """Everything that can run code out of data."""
    for line, name in source.imports:
        if name[0] in CODE_RUNNERS or name[-1] == "literal_eval":
            yield f"{source.path}:{line}: imports {name[0]}; arrays go through formats/, records through json"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield f"{source.path}:{node.value.lineno}: allow_pickle must be False"
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in CODE_CALLS:
                yield f"{source.path}:{node.lineno}: {name}(); read it with a small parser of our own"
            case ast.Attribute(value=ast.Name(id="yaml"), attr=attr) if attr in YAML_CALLS:
                yield f"{source.path}:{node.lineno}: yaml.{attr}; compose nodes and keep their positions"


def is_op_name(node):
    """True for ``op.name``, ``x.op.name``, ``my_op.name``."""
    match node:
        case ast.Attribute(attr="name", value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
            return owner == "op" or owner.endswith("_op")
    return False


def compares_names(source):
    """Comparisons of an operator's name."""
    for node in ast.walk(source.tree):
        compared = isinstance(node, ast.Compare) and any(map(is_op_name, [node.left, *node.comparators]))
        if compared or (isinstance(node, ast.Match) and is_op_name(node.subject)):
            yield f"{source.path}:{node.lineno}: compares an operator's name; ask it for a trait"


def says_names(source, operators):
    """Strings that are an operator's name."""
    formatted = {id(part) for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in formatted:
            continue
        if node.value in operators and (source.path, node.value) not in NAMED:
            yield f"{source.path}:{node.lineno}: names the operator {node.value!r}; ask for a trait"


def test_only_the_command_line_prints(library):
    problems = [p for s in library if not s.inside("mxtrain/cli") for p in prints(s)]
    assert not problems, "\n".join(problems)


def test_no_file_can_run_code(everything):
    problems = [p for s in everything if not s.inside("tests") for p in runs_code(s)]
    assert not problems, "\n".join(problems)


def test_no_operator_is_compared_by_name(everything):
    places = ("mxtrain/ops", "mxtrain/formats", "tests")
    problems = [p for s in everything if not s.inside(*places) for p in compares_names(s)]
    assert not problems, "\n".join(problems)


def test_passes_and_executor_name_no_operator(library, operators):
    inside = [s for s in library if s.inside("mxtrain/passes", "mxtrain/executor")]
    problems = [p for s in inside for p in says_names(s, operators)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from cloudpickle import loads",
        "def f():\n    import joblib.numpy_pickle",
        "from ast import literal_eval",
        "eval('1')",
        "exec(text)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "yaml.load(text, Loader=L)",
        "yaml.unsafe_load(text)",
    ],
)
def test_code_runners_are_found(plant, text):
    assert len(list(runs_code(plant("mxtrain/x.py", text)))) == 1


def test_harmless_code_passes(plant):
    text = "np.load(path, allow_pickle=False)\nyaml.compose(text)\nmodel.eval()\nimport json\nre.compile('x')"
    assert not list(runs_code(plant("mxtrain/x.py", text)))


def test_prints_are_found(plant):
    assert len(list(prints(plant("mxtrain/x.py", "def f():\n    print(1)\nself.print(2)")))) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("if node.op.name == 'relu': pass", 1),
        ("x = 'relu' != op.name", 1),
        ("x = e.node.op.name in ('relu', 'tanh')", 1),
        ("match fused_op.name:\n    case 'relu': pass", 1),
        ("x = f'{node.op.name} {node.name}'", 0),
        ("x = node.name == other.name", 0),
    ],
)
def test_comparisons_of_names_are_found(plant, text, count):
    assert len(list(compares_names(plant("mxtrain/passes/x.py", text)))) == count


def test_names_in_strings_are_found(plant):
    text = "A = {'relu'}\nB = 'relu6'\nC = f'relu{A}'\ndef f():\n    return get('tanh')"
    problems = list(says_names(plant("mxtrain/passes/x.py", text), {"relu", "tanh"}))
    assert [p.split(": ")[0] for p in problems] == ["mxtrain/passes/x.py:1", "mxtrain/passes/x.py:5"]
