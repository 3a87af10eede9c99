"""MXNet's optimizer states (`.states`), which are Python pickles, read without the pickle module.

    {index: None | NDArray | tuple of those}

A pickle is a program; this reader knows only the instructions that such a file needs (protocols 2 to 5), each checked
against the file's size, and two globals: MXNet's NDArray and bytearray. Anything else is refused before it could act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mxtrain.base.errors import FormatError
from mxtrain.formats.cursor import Cursor
from mxtrain.formats.files import Source, read_source
from mxtrain.formats.ndarray_body import Value, read_body

State = Value | None | tuple[Any, ...]
"""The state of one parameter: nothing, an array, or a tuple of states (Adam: mean and variance)."""

MAX_STACK = 100_000
MAX_TEXT = 4096
MAX_DEPTH = 4
NDARRAY = ("mxnet.ndarray.ndarray", "NDArray")
BYTEARRAYS = (("builtins", "bytearray"), ("__builtin__", "bytearray"))


class _Mark:
    """Where a tuple or a batch of items begins on the stack."""


@dataclass(frozen=True)
class _Global:
    """One of the two globals allowed."""

    array: bool


@dataclass(eq=False)
class _Array:
    """An NDArray that has been made and perhaps filled."""

    value: Value | None = None


@dataclass(frozen=True)
class _Raw:
    """Bytes of the file, and where they lie in it."""

    data: memoryview
    base: int
    mutable: bool = False


@dataclass
class _Machine:
    """The state of the reader: stack and memo as a pickle's instructions see them."""

    cursor: Cursor
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    at: int = 0

    def error(self, problem: str) -> FormatError:
        return self.cursor.error(problem, at=self.at)

    def push(self, value: Any) -> None:
        if len(self.stack) >= MAX_STACK:
            raise self.error(f"expected a stack of at most {MAX_STACK} values")
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or isinstance(self.stack[-1], _Mark):
            raise self.error("an instruction finds no value on the stack")
        return self.stack.pop()

    def pop_mark(self) -> list[Any]:
        for i in range(len(self.stack) - 1, -1, -1):
            if isinstance(self.stack[i], _Mark):
                items = self.stack[i + 1 :]
                del self.stack[i:]
                return items
        raise self.error("an instruction finds no mark on the stack")


def load_states(source: Source, name: str = "") -> dict[int | str, State]:
    """Read an optimizer's states: by parameter index (its place among the Module's parameters), or by key.

    Args:
        source: a path, or the bytes. The arrays are read-only views of them.
        name: what errors call it; the path if empty.

    Raises:
        FormatError: naming file, offset and instruction.
        DataError: if the file cannot be read.
    """
    data, name = read_source(source, name)
    machine = _Machine(Cursor(data, name))
    if machine.cursor.number("B", "pickle protocol") != 0x80:
        raise machine.error("not optimizer states: expected a pickle of protocol 2 to 5, which begins with byte 0x80")
    version = machine.cursor.number("B", "pickle protocol")
    if not 2 <= version <= 5:
        raise machine.error(f"expected pickle protocol 2 to 5, got {version}")
    while True:
        machine.at = machine.cursor.position
        code = machine.cursor.number("B", "instruction")
        if code == STOP:
            break
        if code not in INSTRUCTIONS:
            raise machine.error(
                f"instruction {code:#04x} is not one that optimizer states need; convert only files saved by "
                "Module.save_optimizer_states or Trainer.save_states, without dump_optimizer"
            )
        INSTRUCTIONS[code](machine)
    return _result(machine)


def _result(m: _Machine) -> dict[int | str, State]:
    result = m.pop()
    if m.stack or not isinstance(result, dict):
        raise m.error(f"expected one dict of states, got {type(result).__name__.strip('_')}")
    budget = [len(m.cursor.data)]
    return {index: _state(m, value, f"state {index!r}", budget) for index, value in result.items()}


def _state(m: _Machine, value: Any, what: str, budget: list[int], depth: int = 0) -> State:
    # An honest file spends a byte on every reference; shared tuples could unfold without end.
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise m.error(f"{what}: tuples nested or shared beyond what any optimizer saves")
    if isinstance(value, _Array) and value.value is not None:
        return value.value
    if isinstance(value, tuple):
        return tuple(_state(m, v, f"{what}[{i}]", budget, depth + 1) for i, v in enumerate(value))
    if value is None:
        return None
    got = "an NDArray without data" if isinstance(value, _Array) else type(value).__name__.strip("_")
    raise m.error(f"{what}: expected None, an NDArray or a tuple of those, got {got}")


def _text(code: str) -> Callable[[_Machine], None]:
    def run(m: _Machine) -> None:
        size = m.cursor.number(code, "length of text")
        if size > MAX_TEXT:
            raise m.error(f"expected text of at most {MAX_TEXT} bytes, got {size}")
        m.push(_decode(m, bytes(m.cursor.take(size, "text"))))

    return run


def _raw(code: str, mutable: bool = False) -> Callable[[_Machine], None]:
    def run(m: _Machine) -> None:
        size = m.cursor.number(code, "length of bytes")
        base = m.cursor.position
        m.push(_Raw(m.cursor.take(size, "bytes"), base, mutable))

    return run


def _integer(code: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.cursor.number(code, "integer"))


def _decode(m: _Machine, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise m.error(f"text is not UTF-8: {raw[:40]!r}") from None


def _line(m: _Machine) -> str:
    window = bytes(m.cursor.data[m.cursor.offset : m.cursor.offset + MAX_TEXT])
    size = window.find(b"\n")
    if size < 0:
        raise m.error(f"expected a line of at most {MAX_TEXT} bytes")
    m.cursor.take(size + 1, "line")
    return _decode(m, window[:size])


def _push_global(m: _Machine, module: Any, name: Any) -> None:
    if (module, name) != NDARRAY and (module, name) not in BYTEARRAYS:
        text = (
            f"{module}.{name}"[:200] if isinstance(module, str) and isinstance(name, str) else "a name that is no text"
        )
        hint = "; save without dump_optimizer" if text.startswith("mxnet.optimizer") else ""
        raise m.error(f"refused to load {text!r}: only {'.'.join(NDARRAY)} and bytearray are allowed{hint}")
    m.push(_Global((module, name) == NDARRAY))


def _global(m: _Machine) -> None:
    module = _line(m)
    _push_global(m, module, _line(m))


def _stack_global(m: _Machine) -> None:
    name = m.pop()
    _push_global(m, m.pop(), name)


def _reduce(m: _Machine) -> None:
    arguments, function = m.pop(), m.pop()
    if not isinstance(function, _Global) or not isinstance(arguments, tuple):
        raise m.error("a call of something that is not one of the allowed globals")
    if function.array:
        if arguments != (None,):
            raise m.error("expected NDArray to be made from (None,)")
        m.push(_Array())
    else:
        if len(arguments) != 1 or not isinstance(arguments[0], _Raw):
            raise m.error("expected bytearray to be made from bytes (a pickle by Python 3)")
        m.push(_Raw(arguments[0].data, arguments[0].base, mutable=True))


def _build(m: _Machine) -> None:
    state, target = m.pop(), m.pop()
    handle = state.get("handle") if isinstance(state, dict) else None
    if not isinstance(target, _Array) or target.value is not None or not isinstance(handle, _Raw) or len(state) != 1:
        raise m.error("expected an NDArray to be filled once, from {'handle': bytearray}")
    if not handle.mutable:
        raise m.error("expected the handle to be a bytearray, got bytes")
    inner = Cursor(handle.data, m.cursor.name, base=handle.base)
    target.value = read_body(inner, "array")
    if target.value is None:
        raise inner.error("expected an array, got a none array", at=handle.base)
    if inner.remaining:
        raise inner.error(f"{inner.remaining} bytes after the end of the array")
    m.push(target)


def _put(m: _Machine, index: int) -> None:
    if not m.stack or isinstance(m.stack[-1], _Mark):
        raise m.error("nothing to remember")
    m.memo[index] = m.stack[-1]


def _get(code: str) -> Callable[[_Machine], None]:
    def run(m: _Machine) -> None:
        index = m.cursor.number(code, "memo index")
        if index not in m.memo:
            raise m.error(f"memo entry {index} does not exist")
        m.push(m.memo[index])

    return run


def _set_items(m: _Machine, items: list[Any]) -> None:
    target = m.pop()
    if not isinstance(target, dict) or len(items) % 2:
        raise m.error("items are set on something that is not a dict, or without a value")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, int | str) or key in target:
            raise m.error("expected every key of a dict to be a new integer or text")
        if isinstance(value, dict):
            raise m.error("expected no dict within a dict")
        target[key] = value
    m.push(target)


def _set_item(m: _Machine) -> None:
    value = m.pop()
    _set_items(m, [m.pop(), value])


def _tuple(size: int) -> Callable[[_Machine], None]:
    return lambda m: m.push(tuple([m.pop() for _ in range(size)][::-1]))


STOP = ord(".")
INSTRUCTIONS: dict[int, Callable[[_Machine], None]] = {
    0x95: lambda m: None if m.cursor.take(8, "frame") else None,
    ord("}"): lambda m: m.push({}),
    ord("("): lambda m: m.push(_Mark()),
    ord("N"): lambda m: m.push(None),
    ord("K"): _integer("B"),
    ord("M"): _integer("H"),
    ord("J"): _integer("i"),
    0x8C: _text("B"),
    ord("X"): _text("I"),
    0x8D: _text("Q"),
    ord("C"): _raw("B"),
    ord("B"): _raw("I"),
    0x8E: _raw("Q"),
    0x96: _raw("Q", mutable=True),
    ord(")"): _tuple(0),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("t"): lambda m: m.push(tuple(m.pop_mark())),
    ord("c"): _global,
    0x93: _stack_global,
    ord("R"): _reduce,
    ord("b"): _build,
    0x94: lambda m: _put(m, len(m.memo)),
    ord("q"): lambda m: _put(m, m.cursor.number("B", "memo index")),
    ord("r"): lambda m: _put(m, m.cursor.number("I", "memo index")),
    ord("h"): _get("B"),
    ord("j"): _get("I"),
    ord("s"): _set_item,
    ord("u"): lambda m: _set_items(m, m.pop_mark()),
}
