"""How long files and functions may be, and that every module says what it is for. There are no exemptions."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "tests", "examples", "benchmarks")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
SOURCES = [path for path in FILES if (ROOT / "src") in path.parents]
MOST_LINES = 500
MOST_LINES_OF_A_FUNCTION = 60
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Those within, not their expressions, which have no functions in them but lambdas."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, field, ()):
            yield inner
            yield from statements(inner)


def test_a_file_has_at_most_500_lines() -> None:
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    long = [f"{name} has {lines} lines: split it" for name, lines in sizes.items() if lines > MOST_LINES]
    assert not long, "\n".join(long)


def test_a_function_has_at_most_60_lines() -> None:
    long = []
    for path in FILES:
        for node in statements(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{name_of(path)}:{node.lineno} {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_a_module_says_what_it_is_for() -> None:
    silent = [name_of(path) for path in SOURCES if not ast.get_docstring(tree_of(path))]
    assert not silent, f"these have no docstring: {silent}"


def test_nothing_is_left_for_later() -> None:
    found = [(name_of(path), UNFINISHED.search(path.read_text(encoding="utf-8"))) for path in SOURCES]
    left = [f"{name} says {said.group()}" for name, said in found if said is not None]
    assert not left, "\n".join(left)


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in FILES if path.name.startswith("test_")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
