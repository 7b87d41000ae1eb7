"""Finds callbacks that one object sets in another.

A callback is an argument of the constructor. One that is set later is missing until then, and a reader of the class
does not see what it calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TypeGuard

#: What is a callback, or a list of them, by its name; the others are those that a class declares as functions.
NAMED = re.compile(r"_?(?:on|may|notify)_\w+")
FUNCTION = {"Callable"}
#: Methods that add to a list.
ADDERS = {"add", "append", "appendleft", "extend", "insert"}

Finding = tuple[str, int, str]


def declared(trees: Iterable[ast.Module]) -> set[str]:
    """Return the attributes that classes annotate as functions, or set to an argument that is annotated as one."""
    found: set[str] = set()
    for tree in trees:
        kinds = FUNCTION | aliases(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
                found |= {it.target.id for it in fields if isinstance(it.target, ast.Name) and is_function(it, kinds)}
            elif isinstance(node, ast.AnnAssign) and is_own(node.target) and is_function(node, kinds):
                found.add(node.target.attr)
            elif isinstance(node, ast.FunctionDef):
                given = {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs) if is_function(arg, kinds)}
                kept = [target for target, value in settings(node) if isinstance(value, ast.Name) and value.id in given]
                found |= {target.attr for target in kept if is_own(target)}
    return found


def foreign(tree: ast.Module, names: set[str]) -> Iterator[Finding]:
    """Yield rule, line and message for every callback that is set in another object, or added to one of its lists."""
    others = (target for target in written(tree) if isinstance(target, ast.Attribute) and not is_own(target))
    for target in others:
        if target.attr in names or NAMED.fullmatch(target.attr):
            text = (
                f"{ast.unparse(target)} is a callback and is set from outside: make it an argument of the constructor"
            )
            yield "callback", target.lineno, text


def aliases(tree: ast.Module) -> set[str]:
    """Return the names that a module gives to types of functions."""
    return {
        target.id
        for target, value in settings(tree)
        if isinstance(target, ast.Name) and isinstance(value, ast.Subscript) and named(value.value, FUNCTION)
    }


def written(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield every expression that is assigned to, or added to."""
    yield from (target for target, _ in settings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            yield node.target
        elif isinstance(node, ast.Call):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name) as changed, attr=method)):
                    if method in ADDERS and NAMED.fullmatch(name):
                        yield changed
                case ast.Call(func=ast.Name(id="setattr"), args=[changed, ast.Constant(value=str(name)), _]):
                    yield ast.copy_location(ast.Attribute(changed, name, ast.Store()), node)
                case _:
                    pass


def settings(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield each target of an assignment with its value; None: the value cannot be told apart from its neighbours'."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from matched(target, node.value)
        elif isinstance(node, ast.AnnAssign):
            yield node.target, node.value


def matched(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield the parts of one assignment."""
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
    elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from matched(one, its)
    else:
        yield from ((one, None) for one in target.elts)


def is_own(target: ast.expr) -> TypeGuard[ast.Attribute]:
    """Tell whether this is an attribute of the object, or of the class, whose code it is."""
    return isinstance(target, ast.Attribute) and named(target.value, {"self", "cls"})


def is_function(declaration: ast.AnnAssign | ast.arg, kinds: set[str]) -> bool:
    """Tell whether an annotation is that of a function, or of one that may be missing."""
    found = [declaration.annotation]
    while found:
        match found.pop():
            case ast.BinOp(left=left, right=right):
                found += [left, right]
            case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name) if name in kinds:
                return True
            case _:
                pass
    return False


def named(node: ast.AST, names: set[str]) -> bool:
    """Tell whether this is one of the names."""
    return isinstance(node, ast.Name) and node.id in names
