"""Who carries out an exploration: `--workers 8`, `dask://HOST:PORT`, `ray://ADDRESS`.

A number is so many processes of this machine, forked from this one. Dask and Ray are clusters: a scheduler that runs
already, at that address, or with nothing behind the slashes a local one that ends with the exploration. Their workers
need farhost, the same Python, and the programs under the same path (a shared folder, or the same container).
"""

import concurrent.futures
import contextlib
import importlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

from farhost.explore.workers import begin_worker, close_forks, default_count

END_S = 15.0
"""How long a worker may take to remove what it made; on a busy machine it may be making something just then."""


class ExecutorError(ValueError):
    """An executor that there is not, or that cannot be reached."""


class Place(NamedTuple):
    """What `--workers` says."""

    kind: str
    """processes, dask or ray."""
    processes: int = 0
    address: str = ""
    """Of a cluster; empty: a local one."""


def parse_workers(text: str | None) -> Place:
    """What a word means. ExecutorError.

    >>> parse_workers("8"), parse_workers("dask://10.0.0.5:8786")
    (Place(kind='processes', processes=8, address=''), Place(kind='dask', processes=0, address='10.0.0.5:8786'))
    """
    if text is None or text == "auto":
        return Place("processes", default_count())
    if text.isdecimal():
        return Place("processes", int(text))
    kind, separator, address = text.partition("://")
    if not separator or kind not in ("dask", "ray"):
        raise ExecutorError(f"{text!r}: workers are a number, auto, dask://HOST:PORT or ray://ADDRESS")
    return Place(kind, 0, address)


class Pool(NamedTuple):
    """An executor, and how many runs it carries out at once."""

    executor: Executor | None
    """None: everything is done here."""
    width: int


@contextlib.contextmanager
def open_pool(place: Place) -> Iterator[Pool]:
    """For the time of an exploration. ExecutorError."""
    if place.kind == "dask":
        with _dask(place.address) as pool:
            yield pool
    elif place.kind == "ray":
        with _ray(place.address) as pool:
            yield pool
    elif place.processes <= 1:
        try:
            yield Pool(None, 1)
        finally:
            close_forks()
    else:
        with _processes(place.processes) as pool:
            yield pool


@contextlib.contextmanager
def _processes(count: int) -> Iterator[Pool]:
    """Ctrl-C leaves none behind."""
    context = multiprocessing.get_context("fork")
    executor = concurrent.futures.ProcessPoolExecutor(count, context, begin_worker)
    try:
        yield Pool(executor, count)
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        processes = multiprocessing.active_children()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(END_S)
            process.kill()
            process.join()
        raise
    executor.shutdown()


def _load(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ExecutorError(f"{extra}:// needs {module}: pip install 'farhost[{extra}]'") from None


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Pool]:
    distributed = _load("distributed", "dask")
    where = f"tcp://{address}" if address and "://" not in address else address
    try:
        # Its own processes are no daemons, so that they may have children.
        local = {} if where else {"processes": True, "threads_per_worker": 1, "dashboard_address": None}
        client = distributed.Client(where or None, timeout="10s", set_as_default=False, **local)
    except (OSError, TimeoutError) as error:
        raise ExecutorError(f"no Dask scheduler at {address}: {error}") from None
    with client:
        yield Pool(client.get_executor(pure=False), max(1, sum(client.nthreads().values())))


@contextlib.contextmanager
def _ray(address: str) -> Iterator[Pool]:
    ray = _load("ray", "ray")
    try:
        ray.init(address=address or None, include_dashboard=False if not address else None, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ExecutorError(f"no Ray cluster at {address}: {error}") from None
    try:
        yield Pool(RayExecutor(ray), max(1, int(ray.cluster_resources().get("CPU", 1))))
    finally:
        ray.shutdown()


class RayExecutor(Executor):
    """Ray's tasks, as `concurrent.futures` has them."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._remote: dict[Callable[..., Any], Any] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """`Executor.submit`."""
        remote = self._remote.get(fn)
        if remote is None:
            remote = self._remote[fn] = self._ray.remote(fn)
        future: Future[Any] = remote.remote(*args, **kwargs).future()
        return future
