"""The examples of docstrings, stubs and pages run."""

import ast
import doctest
import inspect
from pathlib import Path

import pytest
import rungkeeper
from rungkeeper import _choose, _core, _simulation

from ..pages import PROJECT, programs, run
from .pickling import COPIES

PACKAGE = Path(rungkeeper.__file__).parent


def docstrings(source):
    """The docstrings of a file with their names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name, ast.get_docstring(node) or ""


def test_examples_of_the_stub():
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    for name, text in docstrings((PACKAGE / "_core.pyi").read_text()):
        names = vars(rungkeeper) | vars(_core)
        runner.run(parser.get_doctest(text, names, name, "_core.pyi", 0))
    outcome = runner.summarize()
    assert outcome.attempted > 8
    assert outcome.failed == 0


@pytest.mark.parametrize("module", [_choose, _simulation])
def test_examples_of_functions(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 1
    assert outcome.failed == 0


PAGES = [
    "README.md",
    "crates/python/README.md",
    "docs/python.md",
    "docs/what-it-costs.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_pages(page, monkeypatch, capsys):
    monkeypatch.chdir(PROJECT)
    for program, printed in programs(page):
        run(page, program)
        found = capsys.readouterr().out
        if printed:
            assert found == printed


def stub_docstrings():
    """Of the stub by the name of the object; a class has its constructor's too."""
    for node in ast.parse((PACKAGE / "_core.pyi").read_text()).body:
        if isinstance(node, ast.FunctionDef):
            yield getattr(_core, node.name), ast.get_docstring(node)
        elif isinstance(node, ast.ClassDef):
            member = getattr(_core, node.name)
            methods = {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}
            constructor = ast.get_docstring(methods.pop("__new__"))
            sections = constructor[constructor.index("Args:") :]
            before, example = ast.get_docstring(node).split("Example:")
            yield member, f"{before}{sections}\n\nExample:{example}"
            for name, method in methods.items():
                if not name.startswith("_"):
                    yield (
                        inspect.getattr_static(member, name),
                        ast.get_docstring(method),
                    )


def test_help_shows_what_the_stub_says():
    found = list(stub_docstrings())
    assert len(found) > 40
    for member, expected in found:
        documented = getattr(member, "__func__", member)
        assert inspect.getdoc(documented) == expected, member


def test_everything_public_has_a_docstring():
    for name in rungkeeper.__all__:
        member = getattr(rungkeeper, name)
        assert inspect.getdoc(member), name
        if not inspect.isclass(member):
            continue
        for attribute, value in vars(member).items():
            if not attribute.startswith("_") and callable(value):
                assert inspect.getdoc(value), f"{name}.{attribute}"


@pytest.mark.parametrize("copy", COPIES)
def test_everything_public_can_be_pickled(copy):
    for name in rungkeeper.__all__:
        member = getattr(rungkeeper, name)
        assert copy(member) is member


def test_marked_as_typed():
    assert (PACKAGE / "py.typed").is_file()
    assert set(rungkeeper.__all__) <= set(vars(rungkeeper))
    assert _core.__name__ == "rungkeeper._core"
