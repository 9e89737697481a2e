"""Rules of the house that a linter does not know."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400
LONGEST_BODY = 40


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what a function does; the options that a command declares are its signature."""
    return (function.end_lineno or 0) - function.body[0].lineno + 1


def long_functions(text: str) -> list[str]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [function.name for function in functions if body_lines(function) > LONGEST_BODY]


def test_files_are_short() -> None:
    assert [path for path in sources("src", "scripts") if path.read_text().count("\n") > LONGEST_FILE] == []


def test_functions_are_short() -> None:
    # A migration is one list of statements, written once and never read as code again.
    read = [path for path in sources("src", "scripts") if path.parent.name != "versions"]
    assert {path: names for path in read if (names := long_functions(path.read_text()))} == {}


def test_a_long_function_is_found() -> None:
    assert long_functions("def f():\n" + "    x = 1\n" * 41) == ["f"]
    assert long_functions("def f():\n" + "    x = 1\n" * 40) == []
