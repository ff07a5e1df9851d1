"""Measure archives: photos a second with each backend, the cost of a million scans, the time to list a large folder,
and whether a run survives ten kills.

python -m tests.benchmarks.archive                   # all of it
python -m tests.benchmarks.archive kills --photos 300
python -m tests.benchmarks.archive speed cost

The exit status is 1 if after the kills a photo is missing, was coloured twice or has a partial picture.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import astronaut

from colouru import pipeline
from colouru.archive.catalog import open_sources
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest
from colouru.archive.plan import make_plan
from colouru.archive.worker import Settings, Task, new_record
from colouru.pipeline import MAX_SCAN_MEGAPIXELS
from tests.archive.runs import await_lines, make_scans, started_run

KILLS = 10
MILLION, HUNDRED_THOUSAND = 1_000_000, 100_000

# How many scans of 24 megapixels `cost` colours in its second run.
SCANS = 4


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--photos", type=int, default=300, help="how many photos the killed runs colour (%(default)s)")
    parser.add_argument("--large", type=int, default=12, help="photos of 12 megapixels (%(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts:
            here = Path(folder, part)
            here.mkdir()
            PARTS[part](here, args)


def kills(here: Path, args: argparse.Namespace) -> None:
    """Kill a run ten times at random moments, then let it finish."""
    scans, out, rng = make_scans(here / "scans", args.photos), here / "out", random.Random(0)
    for kill in range(KILLS):
        arguments = command(scans, out, "--jobs", str(1 + kill % 2))
        with started_run(arguments, out, photos=(kill + 1) * args.photos // (KILLS + 1)) as process:
            time.sleep(rng.uniform(0, 0.2))
            os.kill(process.pid, signal.SIGKILL)
    done = subprocess.run(command(scans, out))
    lines = Counter(json.loads(line)["photo"] for line in (out / MANIFEST_NAME).read_text().splitlines())
    photos = {path.name for path in scans.iterdir()}
    verified = subprocess.run([sys.executable, "-m", "colouru", "--verify", out], stdout=subprocess.DEVNULL)
    lost, twice = len(photos - lines.keys()), lines.total() - len(lines)
    partial = len({path.name for path in out.iterdir()} - photos - {MANIFEST_NAME})
    print(f"killed {KILLS} times among {args.photos} photos: lost {lost}, twice {twice}, half {partial}")
    if lost or twice or partial or done.returncode or verified.returncode:
        sys.exit(1)


def speed(here: Path, args: argparse.Namespace) -> None:
    """Print how many JPEGs of 12 megapixels are coloured a second, without the time to start."""
    scans = here / "scans"
    scans.mkdir()
    for number in range(args.large):
        Image.fromarray(grainy(4000, 3000, number)).save(scans / f"{number:03d}.jpg", quality=92)
    print(
        f"12 megapixels, JPEG to JPEG, photos a second: {in_memory(scans, here):.2f} one by one as a whole", flush=True
    )
    for name, options in (("in one process", ()), ("--jobs 2", ("--jobs", "2"))):
        print(f"  {rate(command(scans, here / name, *options), here / name, args.large):.2f} {name}", flush=True)
    with two_nodes() as address:
        run = command(scans, here / "ray", "--ray", address)
        print(f"  {rate(run, here / 'ray', args.large):.2f} on two Ray nodes of one core each", flush=True)


def cost(here: Path, args: argparse.Namespace) -> None:
    """Print core seconds and bytes on disk for a scan of 24 megapixels, and for a million of them."""
    for kind in ("jpg", "tif"):
        scans, out = here / kind, here / f"{kind}-out"
        scans.mkdir()
        scan = grainy(6000, 4000, 0, np.uint8 if kind == "jpg" else np.uint16)
        took = []
        # The second run colours more photos; in the difference the time to start cancels out.
        for photos in (range(1), range(1, 1 + SCANS)):
            for number in photos:
                Image.fromarray(scan).save(scans / f"{number}.{kind}", quality=92)
            took.append(core_seconds(command(scans, out)))
        seconds = (took[1] - took[0]) / (SCANS - 1)
        size = (out / f"0.{kind}").stat().st_size
        print(
            f"24 megapixels, {kind} to {kind}: {seconds:.2f} core seconds and {size / 1e6:.1f} MB a scan; "
            f"a million: {seconds * MILLION / 3600:,.0f} core hours and {size * MILLION / 1e12:.1f} TB",
            flush=True,
        )


def core_seconds(run: list[str]) -> float:
    """CPU time of a command and its child processes, with one thread each. Other load on the machine is not counted."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(run, check=True, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def grainy(width: int, height: int, seed: int, kind: type = np.uint8) -> np.ndarray:
    """A grey photo (height,width), uint8 or uint16, with film grain, which compresses badly."""
    picture = Image.fromarray(astronaut()).convert("L").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(seed).normal(0, 4, (height, width))
    return ((np.asarray(picture) + grain).clip(0, 255) * (np.iinfo(kind).max / 255)).astype(kind)


def command(scans: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "colouru", str(scans), "-o", str(out), *options]


def rate(run: list[str], out: Path, photos: int) -> float:
    """Photos a second, measured from the second photo to the last."""
    process = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    await_lines(out, 2, process)
    began = time.perf_counter()
    await_lines(out, photos, process)
    seconds = time.perf_counter() - began
    if process.wait():
        sys.exit(f"{' '.join(run)} failed")
    return (photos - 2) / seconds


def in_memory(scans: Path, here: Path) -> float:
    """Photos a second of a script that opens, colours and saves one whole photo after the other."""
    colourize = pipeline()
    photos = sorted(scans.iterdir())
    for photo in photos:
        if photo == photos[2]:
            began = time.perf_counter()
        colourize(photo).save(here / "one.jpg")
    return (len(photos) - 2) / (time.perf_counter() - began)


def listing(here: Path, args: argparse.Namespace) -> None:
    """Print how long a run over 100,000 photos takes to find that all of them are done."""
    scans, settings = here / "scans", Settings(Folder(str(here / "out")), "gan", "0" * 64, MAX_SCAN_MEGAPIXELS)
    scans.mkdir()
    for number in range(HUNDRED_THOUSAND):
        (scans / f"{number:06d}.jpg").touch()
    shutil.copytree(scans, settings.out.url)
    sources = open_sources([str(scans)], settings.out)
    with open(here / "out" / MANIFEST_NAME, "w") as file:
        for name, photo in sources.catalog().photos.items():
            record = new_record(Task(photo, name), settings)
            file.write(dataclasses.replace(record, sha256="1" * 64, picture_sha256="2" * 64).to_json() + "\n")
    began = time.perf_counter()
    with Manifest(settings.out) as manifest:
        plan = make_plan(open_sources([str(scans)], settings.out).catalog(), manifest, settings, None)
    print(f"{plan.total:,} photos, {len(plan.tasks)} of them to do: {time.perf_counter() - began:.1f} s", flush=True)


@contextlib.contextmanager
def two_nodes() -> Iterator[str]:
    """Start a Ray cluster with two nodes of one core each on this machine, and yield its address."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    nodes.add_node(num_cpus=1)
    yield nodes.address
    nodes.shutdown()


PARTS = {"kills": kills, "speed": speed, "cost": cost, "listing": listing}


if __name__ == "__main__":
    main()
