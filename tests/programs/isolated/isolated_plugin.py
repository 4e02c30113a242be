"""A pytest plugin (`-p isolated_plugin`): scripts that tests run get processes of their own; `make isolated`.

Only as a plugin: who imports this module, as the collection of doctests does, changes nothing.
"""

from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec


def _start(self, runtime, host, scratch):
    spec = IsolatedSpec(self.host, self.argv, self.name, self.settings)
    return spec.start(runtime, host, scratch)


def pytest_configure():
    ProgramSpec.start = _start
