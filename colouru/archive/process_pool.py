"""Colour the photos of an archive on this machine, in this process or in several worker processes.

Each process loads the model once. If a worker process is killed, another takes its place, and its photo is tried once
more.
"""

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait

from colouru.archive.manifest import Record
from colouru.archive.worker import OutputError, Settings, Task, Worker, WorkerError, new_record
from colouru.model import Model

# How often a photo is tried whose process is killed, and how many processes may be killed in a row.
MAX_ATTEMPTS = 2
MAX_CRASHES = 20

KILLED = f"the process that coloured it was ended {MAX_ATTEMPTS} times; perhaps there is not enough memory for it"

# Seconds that a worker process has to clean up after SIGTERM, before it is killed.
SHUTDOWN_TIMEOUT_S = 5.0


def colour_sequentially(tasks: Iterable[Task], model: Model, settings: Settings) -> Iterator[Record]:
    """Colour photos one after the other in this process.

    Raises:
        OutputError: if the disk is full or read-only, or the output folder has vanished.
    """
    worker = Worker(model, settings)
    for task in tasks:
        yield worker(task)


class _KilledError(Exception):
    """A worker process has ended without an answer."""


class _WorkerProcess:
    """A process that colours one photo at a time."""

    def __init__(self, setup: bytes):
        """Start it.

        Args:
            setup: the pickled arguments of `Worker`. They are sent once the process has started, because `start` would
                write them to a pipe whose reading end this process holds, too. If the process were killed before it
                reads them, this process would wait for ever.
        """
        # A forked process would inherit locks of torch's threads, but not the threads that release them.
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_worker_main, args=(other,), daemon=True)
        with _sigint_blocked():
            self.process.start()
        other.close()
        self.setup = setup
        self.started = False
        self.task: Task | None = None
        self.attempt = 0

    def send(self, task: Task, attempt: int = 1) -> None:
        self.task, self.attempt = task, attempt
        if self.started:
            # If the process has been killed, `receive` reports it.
            with contextlib.suppress(ConnectionError):
                self.connection.send(task)

    def receive(self) -> Record | None:
        """The record of its task. None if the process has just started; it then gets its first task.

        Raises:
            _KilledError: if the process was killed.
            OutputError: if the disk is full or read-only, or the output folder has vanished.
        """
        try:
            answer = self.connection.recv()
            if not self.started:
                self.started = True
                self.connection.send_bytes(self.setup)
                self.connection.send(self.task)
        except (EOFError, ConnectionError):
            raise _KilledError from None
        if isinstance(answer, OutputError):
            raise answer
        return answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(SHUTDOWN_TIMEOUT_S)
        self.process.kill()
        self.process.join()
        self.connection.close()


def colour_in_processes(tasks: Iterable[Task], model: Model, settings: Settings, jobs: int) -> Iterator[Record]:
    """Colour photos in `jobs` processes, which share the cores of this machine. Yields records in order of completion.

    Raises:
        OutputError: if the disk is full or read-only, or the output folder has vanished.
        WorkerError: if too many processes in a row are killed.
    """
    tasks = iter(tasks)
    setup = pickle.dumps((model, settings, max(1, available_cores() // jobs)))
    pool: list[_WorkerProcess] = []
    crashes = 0
    try:
        for task in itertools.islice(tasks, jobs):
            pool.append(_WorkerProcess(setup))
            pool[-1].send(task)
        while pool:
            ready = wait([worker.connection for worker in pool])
            for worker in [worker for worker in pool if worker.connection in ready]:
                try:
                    record = worker.receive()
                    if record is None:
                        continue
                    crashes = 0
                except _KilledError:
                    crashes += 1
                    if crashes > MAX_CRASHES:
                        raise WorkerError(
                            f"{crashes} processes ended one after the other; is there memory for so many?"
                        ) from None
                    pool.remove(worker)
                    worker.stop()
                    # It is not the photo's fault if the process had not even started.
                    task, attempt = worker.task, worker.attempt + worker.started
                    worker = _WorkerProcess(setup)
                    pool.append(worker)
                    if attempt <= MAX_ATTEMPTS:
                        worker.send(task, attempt)
                        continue
                    record = new_record(task, settings, KILLED)
                yield record
                if task := next(tasks, None):
                    worker.send(task)
                else:
                    pool.remove(worker)
                    worker.stop()
    finally:
        for worker in pool:
            worker.stop()


def _worker_main(connection: Connection) -> None:
    # SIGTERM raises SystemExit, so that partial files are removed. SIGINT is blocked: Ctrl-C reaches all processes of a
    # terminal, and the main process stops the others.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # An error of the connection means that the main process has ended.
    with contextlib.suppress(EOFError, ConnectionError):
        connection.send(None)
        worker = Worker(*pickle.loads(connection.recv_bytes()))
        while True:
            task = connection.recv()
            try:
                answer: Record | OutputError = worker(task)
            except OutputError as error:
                answer = error
            connection.send(answer)


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT in the processes that are started here, from their first instruction on."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # The first process would start the resource tracker, which unblocks SIGINT in this process before the fork.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
