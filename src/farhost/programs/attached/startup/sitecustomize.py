"""Loaded by every Python that `farhost exec` starts, before the program: attaches the process to the running network.

The directory stays on PYTHONPATH, so that a Python which the program starts is attached as well, and goes from
`sys.path`. A `sitecustomize` of the user's own is loaded afterwards. farhost is loaded from where it is, without its
directory on `sys.path`: the program may run with another Python's packages.
"""

import os
import sys


def _load() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    if not os.environ.get("FARHOST_CONTROL"):
        return
    if sys.version_info < (3, 11):  # noqa: UP036
        os.write(2, b"farhost: programs need Python 3.11 or later, and this is " + sys.version.encode() + b"\n")
        os._exit(3)
    import importlib.util  # noqa: PLC0415

    package = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    if "farhost" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "farhost", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["farhost"] = module
        spec.loader.exec_module(module)
    from farhost.programs.attached.start import begin  # noqa: PLC0415

    begin()


def _load_users() -> None:
    """The `sitecustomize` that stands on the path after ours."""
    import importlib.machinery  # noqa: PLC0415
    import importlib.util  # noqa: PLC0415

    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


try:
    _load()
except BaseException as _error:
    # `site` would pass over it, and the program would run on the machine's own sockets.
    import traceback as _traceback

    _traceback.print_exception(_error)
    os.write(2, b"farhost: cannot attach this process: see above\n")
    os._exit(3)
_load_users()
