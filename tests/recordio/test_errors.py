"""Errors carry what they say."""

from __future__ import annotations

from recordio.errors import DamageError, LineError, RecordIOError


def test_damage_names_file_offset_and_record():
    assert str(DamageError("a.rec", 12, 3, "bad", 16)) == "a.rec: offset 12: record 3: bad"
    assert str(DamageError("a.rec", 12, None, "bad", 16)) == "a.rec: offset 12: bad"
    assert isinstance(DamageError("a.rec", 12, None, "bad", 16), RecordIOError)


def test_lines_are_named_as_compilers_do():
    error = LineError("a.lst", 4, "bad")
    assert (str(error), error.path, error.line, error.problem) == ("a.lst:4: bad", "a.lst", 4, "bad")
