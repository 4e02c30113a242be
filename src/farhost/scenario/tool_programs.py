"""`ss` and `netstat` as programs on a simulated host (`farhost.report.tools`): `"server=ss -tan"`."""

import functools
from pathlib import Path

from farhost.programs.tool import ToolSpec
from farhost.report.tools import LETTERS, tool_lines, tool_options
from farhost.scenario.words import Program, WordError


def is_tool(program: Program) -> bool:
    """Whether it is one of farhost's own: a file of that name goes before."""
    name = program.argv[0]
    return name in LETTERS and not Path(name).exists()


def check_tool(program: Program) -> None:
    """WordError for an option that it does not have."""
    try:
        tool_options(program.argv)
    except ValueError as error:
        raise WordError(f"'{program.host}={' '.join(program.argv)}': {error}") from None


def tool_spec(program: Program) -> ToolSpec:
    """What the run starts."""
    return ToolSpec(program.host, program.argv, program.name, functools.partial(tool_lines, program.argv))
