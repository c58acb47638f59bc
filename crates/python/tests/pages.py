"""The programs of the documentation's pages."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]

# A block of text right behind a program is what it prints.
_PROGRAM = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.M | re.S)


def programs(page):
    """The programs of a page, each with what it prints where the page tells that."""
    found = _PROGRAM.findall((PROJECT / page).read_text())
    assert found
    return found


def imports(program):
    """The top-level modules that a program imports."""
    return set(re.findall(r"^(?:import|from) (\w+)", program, re.M))


def run(page, program):
    """Runs a program as a script of its own; what its names stand for in the end."""
    names = {"__name__": "__main__"}
    exec(compile(program, page, "exec"), names)
    return names


def run_program_of(module, page):
    """Runs the one program of a page that imports a module."""
    (program,) = [it for it, _ in programs(page) if module in imports(it)]
    return run(page, program)
