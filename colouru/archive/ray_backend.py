"""Colour the photos of an archive on a Ray cluster. Every photo is a Ray task.

Why tasks and not Ray Data: it returns results in blocks. If the driver is killed, a block of a hundred photos is lost
though they were done; a block of one photo has the overhead of a table each. It also needs pandas.
Why tasks and not actors: an actor stays on its node. A node that joins later would be idle, and the actors of a node
that dies wait for cores that the others keep until all is done. Ray places tasks on any free core and repeats those of
a node that died. It also keeps worker processes alive, so the model is loaded once in each, as in an actor.
"""

import functools
import itertools
import logging
import math
import os
import signal
import time
from collections.abc import Iterable, Iterator
from typing import Any

from colouru import __version__
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Record
from colouru.archive.worker import Settings, Task, Worker, WorkerError, new_record
from colouru.model import Model

# Tasks submitted per core, so that no core waits for the next one.
TASKS_PER_CORE = 2

# Seconds between two checks of how many cores the cluster has.
REFRESH_INTERVAL_S = 5.0

# Seconds that tasks have to clean up after they are cancelled.
SHUTDOWN_TIMEOUT_S = 5.0

# How often a task is repeated whose node or process died.
MAX_RETRIES = 3

KILLED = f"the process that coloured it was ended {1 + MAX_RETRIES} times; perhaps there is not enough memory for it"


def colour_on_ray(tasks: Iterable[Task], model: Model, settings: Settings, address: str) -> Iterator[Record]:
    """Colour photos on the cluster at `address`. Yields records in order of completion.

    If the cluster has GPUs, tasks run only on nodes with GPUs and share them evenly.

    Args:
        address: as `ray.init` takes it: host:port, "auto" for the cluster on this machine, "local" to start one.

    Raises:
        ValueError: if Ray is not installed or there is no such cluster.
        WorkerError: if a node has another version of ColourU, or cannot access the photos or the output folder.
        OutputError: if the disk is full or read-only, or the output folder has vanished.
    """
    # Ray would send usage statistics to its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise ValueError("--ray takes Ray: pip install 'colouru[cluster]'") from None
    # A cluster that is started here needs no web server.
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    sigterm_handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"there is no Ray cluster at {address}: {' '.join(str(error).split())[:200]}") from None
    except SystemExit:
        # SIGTERM came while Ray's own handler was in place, which exits with status 1.
        if callable(sigterm_handler):
            sigterm_handler(signal.SIGTERM, None)
        raise
    finally:
        # Ray's handler would exit without the report of how many photos are done.
        signal.signal(signal.SIGTERM, sigterm_handler)
    pending: dict[Any, Task] = {}
    try:
        yield from _run_tasks(iter(tasks), pending, [ray.put((model, settings))], settings)
    finally:
        for reference in pending:
            ray.cancel(reference)
        if pending:
            ray.wait(list(pending), num_returns=len(pending), timeout=SHUTDOWN_TIMEOUT_S)
        ray.shutdown()


def _run_tasks(
    tasks: Iterator[Task], pending: dict[Any, Task], shared: list[Any], settings: Settings
) -> Iterator[Record]:
    """Submit tasks and yield their records.

    Args:
        pending: is filled with the submitted tasks, by the reference of their result.
        shared: a list with the reference of model and settings. Ray would resolve a bare reference for each task.
    """
    import ray

    options = {"num_cpus": 1, "num_gpus": _gpus_per_task(ray.nodes()), "max_retries": MAX_RETRIES, "max_calls": 0}
    colour = ray.remote(**options)(_colour_task)
    refreshed = -REFRESH_INTERVAL_S
    while True:
        if time.monotonic() - refreshed > REFRESH_INTERVAL_S:
            max_pending = TASKS_PER_CORE * int(ray.cluster_resources().get("CPU", 0)) + 1
            refreshed = time.monotonic()
        for task in itertools.islice(tasks, max(0, max_pending - len(pending))):
            pending[colour.remote(task, shared, __version__)] = task
        if not pending:
            return
        for reference in ray.wait(list(pending), timeout=REFRESH_INTERVAL_S)[0]:
            task = pending.pop(reference)
            try:
                record = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError:
                record = new_record(task, settings, KILLED)
            yield record


def _gpus_per_task(nodes: Iterable[dict[str, Any]]) -> float:
    """The share of a GPU that each task asks for, so that all cores of nodes with GPUs are used; 0 without GPUs."""
    with_gpus = [node["Resources"] for node in nodes if node["Alive"] and node["Resources"].get("GPU")]
    if not with_gpus:
        return 0.0
    cores, gpus = (sum(node.get(kind, 0) for node in with_gpus) for kind in ("CPU", "GPU"))
    # Ray counts shares in steps of 0.0001. Rounded down, so that as many tasks as there are cores fit.
    return int(10_000 / max(1, math.ceil(cores / gpus))) / 10_000


def _colour_task(task: Task, shared: list[Any], version: str) -> Record:
    """Colour one photo. Runs on a node of the cluster."""
    import ray

    node = ray.util.get_node_ip_address()
    if version != __version__:
        raise WorkerError(f"the node {node} has ColourU {__version__}, not {version}; install the same on all nodes")
    source = task.photo.source
    if isinstance(source, Folder) and not source.is_folder():
        raise WorkerError(f"the node {node} does not see {source.url}; it must be there under the same path")
    gpus = ray.get_gpu_ids()
    return _cached_worker(shared[0], f"cuda:{gpus[0]}" if gpus else None, node)(task)


@functools.cache
def _cached_worker(reference: Any, device: str | None, node: str) -> Worker:
    """The worker of this process, which Ray keeps for the next task."""
    import ray

    model, settings = ray.get(reference)
    # Without the manifest it is not the shared output folder, and pictures written to it would be lost.
    if settings.out.file(MANIFEST_NAME) is None:
        raise WorkerError(f"the node {node} does not see {settings.out.url}; it must be there under the same path")
    return Worker(model, settings, threads=1, device=device)
