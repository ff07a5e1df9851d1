"""An archive on a cluster of Ray: every photo is one task, which Ray gives to a core that is free.

Tasks, and neither Ray Data nor actors. Ray Data hands on results by the block: with a hundred photos a block, a driver
that is killed loses a hundred that were done; with one, each drags a table along; and it needs pandas.
Actors sit where they were started: a node that joins later stays idle, and of a node that dies the actors wait for
cores that the others do not give up before all is done, unless we hand their photos out anew, which would be a
scheduler of ours. Tasks go wherever there is room, and Ray itself repeats those of a node that died. Ray keeps the
processes they run in, so the model is loaded once in each, as in an actor.
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
from colouru.archive.manifest import NAME, Record
from colouru.archive.worker import CrewError, Settings, Task, Worker, failed
from colouru.model import Model

# Photos handed to Ray for each core, so that none waits for the next; seconds between two looks at how many there are.
AHEAD = 2
LOOK_AGAIN = 5.0

# Seconds that tasks have to put away what they are writing, when they are told to stop.
GRACE = 5.0

# How often a photo is begun again whose node or process died.
RETRIES = 3

KILLED = f"the process that coloured it was ended {1 + RETRIES} times; perhaps there is not enough memory for it"


def colour_on_ray(tasks: Iterable[Task], model: Model, settings: Settings, address: str) -> Iterator[Record]:
    """Colour photos on the cluster at `address`; the records come as they are done.

    Where the cluster has GPUs, the tasks share them evenly, and run only where there is one.

    Args:
        address: as `ray.init` takes it: host:port, "auto" for that of this machine, "local" for one of our own.

    Raises:
        ValueError: if Ray is not installed or there is no such cluster.
        CrewError: if a node has another version of ColourU, or does not see the photos or where the pictures go.
        NoRoomError: if the disk is full or read-only.
    """
    # What Ray would tell its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise ValueError("--ray takes Ray: pip install 'colouru[cluster]'") from None
    # A cluster that is started here would have a web server that nobody asked for.
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    stop = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"there is no Ray cluster at {address}: {' '.join(str(error).split())[:200]}") from None
    # Ray has its own way to end, in which nobody would be told how far this came.
    signal.signal(signal.SIGTERM, stop)
    hand: dict[Any, Task] = {}
    try:
        yield from _records(iter(tasks), hand, [ray.put((model, settings))], settings)
    finally:
        for reference in hand:
            ray.cancel(reference)
        if hand:
            ray.wait(list(hand), num_returns=len(hand), timeout=GRACE)
        ray.shutdown()


def _records(tasks: Iterator[Task], hand: dict[Any, Task], shared: list[Any], settings: Settings) -> Iterator[Record]:
    """Keeps `hand`, what Ray has of `tasks`, so long that no core waits."""
    import ray

    colour = ray.remote(num_cpus=1, num_gpus=_share_of_a_gpu(ray.nodes()), max_retries=RETRIES, max_calls=0)(_colour)
    looked = -LOOK_AGAIN
    while True:
        if time.monotonic() - looked > LOOK_AGAIN:
            ahead, looked = AHEAD * int(ray.cluster_resources().get("CPU", 0)) + 1, time.monotonic()
        for task in itertools.islice(tasks, max(0, ahead - len(hand))):
            hand[colour.remote(task, shared, __version__)] = task
        if not hand:
            return
        for reference in ray.wait(list(hand), timeout=LOOK_AGAIN)[0]:
            task = hand.pop(reference)
            try:
                record = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.RayError:
                record = failed(task, settings, KILLED)
            yield record


def _share_of_a_gpu(nodes: Iterable[dict[str, Any]]) -> float:
    """What each task asks for, so that the cores of the nodes with GPUs share those; 0 where there are none."""
    with_gpus = [node["Resources"] for node in nodes if node["Alive"] and node["Resources"].get("GPU")]
    if not with_gpus:
        return 0.0
    cores, gpus = (sum(node.get(kind, 0) for node in with_gpus) for kind in ("CPU", "GPU"))
    # Of four digits, as Ray counts, and rounded down so that as many shares as there are cores fit.
    return int(10_000 / max(1, math.ceil(cores / gpus))) / 10_000


def _colour(task: Task, shared: list[Any], version: str) -> Record:
    """Runs on a node of the cluster."""
    import ray

    node = ray.util.get_node_ip_address()
    if version != __version__:
        raise CrewError(f"the node {node} has ColourU {__version__}, not {version}; install the same on all nodes")
    source = task.scan.source
    if isinstance(source, Folder) and not source.is_folder():
        raise CrewError(f"the node {node} does not see {source.url}; it must be there under the same path")
    gpus = ray.get_gpu_ids()
    return _worker(shared[0], f"cuda:{gpus[0]}" if gpus else None, node)(task)


@functools.cache
def _worker(reference: Any, device: str | None, node: str) -> Worker:
    """That of this process, which Ray keeps for the next task."""
    import ray

    model, settings = ray.get(reference)
    # Pictures in a folder that only this node has would be lost.
    if settings.out.file(NAME) is None:
        raise CrewError(f"the node {node} does not see {settings.out.url}; it must be there under the same path")
    return Worker(model, settings, threads=1, device=device)
