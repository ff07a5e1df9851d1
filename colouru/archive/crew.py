"""Who works through the photos on this machine: this process, or several beside it, each with the model loaded once.

They take tasks and give records; who is killed at a photo is replaced, and the photo tried once more.
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
from colouru.archive.worker import CrewError, NoRoomError, Settings, Task, Worker, failed
from colouru.model import Model

# How often a photo whose process was killed is tried, and how many may be killed with no photo coloured between.
TRIES = 2
MOST_DEATHS = 20

KILLED = f"the process that coloured it was ended {TRIES} times; perhaps there is not enough memory for it"

# Seconds that a worker has to put away what it is writing, when it is told to stop.
GRACE = 5.0


def colour_here(tasks: Iterable[Task], model: Model, settings: Settings) -> Iterator[Record]:
    """Colour photos one after the other in this process."""
    worker = Worker(model, settings)
    for task in tasks:
        yield worker(task)


class _Member:
    """A process that colours one photo at a time."""

    def __init__(self, content: bytes, settings: Settings, threads: int):
        # Forked, it would have a copy of threads that do not run in it.
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, content, settings, threads), daemon=True)
        with _without_interrupts():
            self.process.start()
        other.close()
        self.task: Task | None = None
        self.tries = 0

    def give(self, task: Task, tries: int = 1) -> None:
        self.task, self.tries = task, tries
        # Who has died meanwhile is noticed when the answer is waited for.
        with contextlib.suppress(BrokenPipeError):
            self.connection.send(task)

    def answer(self) -> Record | None:
        """The record of its task; None if it was killed."""
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None
        if isinstance(answer, NoRoomError):
            raise answer
        return answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(GRACE)
        self.process.kill()
        self.process.join()
        self.connection.close()


def colour_in_processes(tasks: Iterable[Task], model: Model, settings: Settings, jobs: int) -> Iterator[Record]:
    """Colour photos in `jobs` processes, which share this machine's cores; the records come as they are done.

    Raises:
        NoRoomError: if the disk is full or read-only.
        CrewError: if process after process ends without having coloured anything.
    """
    tasks = iter(tasks)
    content = pickle.dumps(model)
    threads = max(1, cores() // jobs)
    crew: list[_Member] = []
    deaths = 0
    try:
        for task in itertools.islice(tasks, jobs):
            crew.append(_Member(content, settings, threads))
            crew[-1].give(task)
        while crew:
            ready = wait([member.connection for member in crew])
            for member in [member for member in crew if member.connection in ready]:
                record = member.answer()
                deaths = deaths + 1 if record is None else 0
                if record is None:
                    if deaths > MOST_DEATHS:
                        raise CrewError(f"{deaths} processes ended one after the other; is there memory for so many?")
                    crew.remove(member)
                    member.stop()
                    task, tries = member.task, member.tries
                    member = _Member(content, settings, threads)
                    crew.append(member)
                    if tries < TRIES:
                        member.give(task, tries + 1)
                        continue
                    record = failed(task, settings, KILLED)
                yield record
                if task := next(tasks, None):
                    member.give(task)
                else:
                    crew.remove(member)
                    member.stop()
    finally:
        for member in crew:
            member.stop()


def _work(connection: Connection, content: bytes, settings: Settings, threads: int) -> None:
    # What is being written is put away; Ctrl-C, which reaches all processes of a terminal, is the first one's.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    worker = Worker(pickle.loads(content), settings, threads)
    # The first process is gone: nobody wants more.
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            task = connection.recv()
            try:
                answer: Record | NoRoomError = worker(task)
            except NoRoomError as error:
                answer = error
            connection.send(answer)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes started here never see Ctrl-C, not even while they import."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Else it would be started with the first process, and let interrupts through again before that is.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
