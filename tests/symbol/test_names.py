from __future__ import annotations

from mxtrain.symbol.names import Scope, join


def test_each_operator_is_counted_from_zero():
    scope = Scope()
    assert [scope.fresh(op) for op in ("pooling", "convolution", "pooling")] == ["pooling0", "convolution0", "pooling1"]


def test_joined_scopes_count_on_above_both():
    a, b = Scope(), Scope()
    for scope, times in ((a, 1), (b, 3)):
        for _ in range(times):
            scope.fresh("concat")
    both = join([a, b])
    assert both.fresh("concat") == "concat3"
    assert a.fresh("concat") == "concat4"
    assert b.fresh("concat") == "concat5"


def test_joining_again_changes_nothing():
    a, b = Scope(), Scope()
    assert join([a, b]) is join([b, a]) is a.root() is b.root()


def test_no_scopes_give_a_new_one():
    assert join([]).fresh("flatten") == "flatten0"
    assert join([]).fresh("flatten") == "flatten0"
