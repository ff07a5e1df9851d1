"""What an archive takes: photos a second one way and another, what a million scans cost, and ten kills in a folder.

python -m tests.benchmarks.archive                   # all of it
python -m tests.benchmarks.archive kills --photos 300
python -m tests.benchmarks.archive speed cost

Figures, but for the kills, which are a bar: it ends with 1 if a photo was lost, done twice or left half written.
"""

import argparse
import contextlib
import json
import os
import random
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
from colouru.archive.manifest import NAME
from tests.test_archive import await_lines, begun, make_scans

KILLS = 10
MILLION = 1_000_000


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["kills", "speed", "cost"], help="kills, speed, cost (all)")
    parser.add_argument("--photos", type=int, default=300, help="in the folder of the kills (%(default)s)")
    parser.add_argument("--large", type=int, default=12, help="photos of 12 or 24 megapixels (%(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        for part in args.parts:
            here = Path(folder, part)
            here.mkdir()
            {"kills": kills, "speed": speed, "cost": cost}[part](here, args)


def kills(here: Path, args: argparse.Namespace) -> None:
    """Kill a run ten times, at moments drawn by lot, and let it end."""
    scans, out, chance = make_scans(here / "scans", args.photos), here / "out", random.Random(0)
    for kill in range(KILLS):
        run = command(scans, out, "--jobs", str(1 + kill % 2))
        with begun(run, out, photos=(kill + 1) * args.photos // (KILLS + 1)) as process:
            time.sleep(chance.uniform(0, 0.2))
            os.kill(process.pid, signal.SIGKILL)
    done = subprocess.run(command(scans, out))
    lines = Counter(json.loads(line)["photo"] for line in (out / NAME).read_text().splitlines())
    photos = {path.name for path in scans.iterdir()}
    verified = subprocess.run([sys.executable, "-m", "colouru", "--verify", out], stdout=subprocess.DEVNULL)
    lost, twice = len(photos - lines.keys()), lines.total() - len(lines)
    half = len({path.name for path in out.iterdir()} - photos - {NAME})
    print(f"killed {KILLS} times among {args.photos} photos: lost {lost}, twice {twice}, half {half}")
    if lost or twice or half or done.returncode or verified.returncode:
        sys.exit(1)


def speed(here: Path, args: argparse.Namespace) -> None:
    """Photos of 12 megapixels a second, from JPEG to JPEG, once all is loaded."""
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
    """Seconds of a core and bytes that a scan of 24 megapixels takes, and a million of them."""
    scan = grainy(6000, 4000, 0)
    for kind in ("jpg", "tif"):
        scans, out = here / kind, here / f"{kind}-out"
        scans.mkdir()
        for number in range(max(2, args.large // 3)):
            path = scans / f"{number:03d}.{kind}"
            if kind == "jpg":
                Image.fromarray(scan).save(path, quality=92)
            else:
                Image.fromarray(scan.astype(np.uint16) * 257 + number).save(path)
        seconds = 2 / rate(command(scans, out, "--jobs", "2"), out, len(list(scans.iterdir())))
        size = sum(path.stat().st_size for path in out.glob(f"*.{kind}")) / len(list(scans.iterdir()))
        print(
            f"24 megapixels, {kind} to {kind}: {seconds:.2f} core seconds and {size / 1e6:.1f} MB a scan; "
            f"a million: {seconds * MILLION / 3600:,.0f} core hours and {size * MILLION / 1e12:.1f} TB",
            flush=True,
        )


def grainy(width: int, height: int, seed: int) -> np.ndarray:
    """A photo (height,width) uint8 in black and white with the grain of a film, which no encoder makes small."""
    picture = Image.fromarray(astronaut()).convert("L").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(seed).normal(0, 4, (height, width))
    return (np.asarray(picture) + grain).clip(0, 255).astype(np.uint8)


def command(scans: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "colouru", str(scans), "-o", str(out), *options]


def rate(run: list[str], out: Path, photos: int) -> float:
    """Photos a second, from when two are done to the last."""
    process = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    await_lines(out, 2, process)
    began = time.perf_counter()
    await_lines(out, photos, process)
    seconds = time.perf_counter() - began
    if process.wait():
        sys.exit(f"{' '.join(run)} failed")
    return (photos - 2) / seconds


def in_memory(scans: Path, here: Path) -> float:
    """The same for a script that opens, colours and saves one photo after the other."""
    colourize = pipeline()
    photos = sorted(scans.iterdir())
    for photo in photos:
        if photo == photos[2]:
            began = time.perf_counter()
        colourize(photo).save(here / "one.jpg")
    return (len(photos) - 2) / (time.perf_counter() - began)


@contextlib.contextmanager
def two_nodes() -> Iterator[str]:
    """The address of a Ray cluster on this machine."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    nodes.add_node(num_cpus=1)
    yield nodes.address
    nodes.shutdown()


if __name__ == "__main__":
    main()
