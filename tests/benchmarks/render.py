"""Time from the path of a photo to both pictures at its own size, in parts and against decoding its JPEG alone; the
cost of black and white borders; and the peak memory for the largest photo.

python -m tests.benchmarks.render
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.images.photo import open_photo
from colouru.pipeline import Colourizer
from tests.benchmarks.timing import median_ratio, median_times

SIZES = {12: (4000, 3000), 24: (6000, 4000)}
LARGEST = (8660, 5773)
HINTS = [Hint(x=0.3, y=0.3, colour="#bd9175")]


def main() -> None:
    if len(sys.argv) == 2:
        print(f"50 megapixels, peak memory: {peak_megabytes(Path(sys.argv[1])):.0f} MB")
        return
    colourize = pipeline()
    with tempfile.TemporaryDirectory() as folder:
        for megapixels, (width, height) in SIZES.items():
            path = Path(folder) / f"{megapixels}.jpg"
            photograph(width, height).save(path, quality=92)
            ratio = median_ratio(lambda path=path: colourize(path, HINTS), lambda path=path: Image.open(path).load())
            took = median_times({"both": lambda path=path: colourize(path, HINTS)}, 3)["both"]
            size = path.stat().st_size / 1e6
            print(f"{megapixels} megapixels ({size:.1f} MB): {took:.2f} s, {ratio:.1f} times its decoding")
            for name, seconds in median_times(parts(colourize, path), 3).items():
                print(f"    {name}: {seconds:.3f} s")
        grey, framed = Path(folder) / "grey.png", Path(folder) / "framed.png"
        for path, borders in ((grey, False), (framed, True)):
            scan(4000, 3000, borders).save(path, compress_level=1)
        canvas, with_borders = colourize.open(grey), colourize.open(framed)
        ratio = median_ratio(lambda: with_borders(HINTS), lambda: canvas(HINTS))
        print(f"12 megapixels with black and white borders on 80% of it against mid-grey: {ratio:.2f} times")
        path = Path(folder) / "50.jpg"
        photograph(*LARGEST).save(path, quality=92)
        # In a process of its own, for the peak of this one is that of all before.
        subprocess.run([sys.executable, "-m", "tests.benchmarks.render", str(path)], check=True)


def parts(colourize: Colourizer, path: Path) -> dict[str, Callable[[], object]]:
    """The parts of that time, as functions to be timed."""
    photo = open_photo(path)
    canvas = colourize.open(photo)
    return {
        "decoding": lambda: open_photo(path),
        "working copies and their encoding": lambda: colourize.open(photo),
        "predictions of both networks": lambda: canvas.chroma(HINTS),
        "prediction, picture and loss of one": lambda: canvas.colour(HINTS, ["gan"]),
        "predictions, pictures and losses of both": lambda: canvas.colour(HINTS),
    }


def photograph(width: int, height: int) -> Image.Image:
    """A portrait with grain, without which it would be decoded too fast."""
    smooth = Image.fromarray(astronaut()).resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 5, (height, width, 1)).round().astype(np.int16)
    return Image.fromarray((np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8))


def scan(width: int, height: int, borders: bool) -> Image.Image:
    """Grain on mid-grey; with borders, two fifths on the left are nearly black and two on the right nearly white."""
    level = np.full(width, 120)
    if borders:
        level[: 2 * width // 5], level[-2 * width // 5 :] = 6, 250
    grain = np.random.default_rng(0).integers(-2, 3, (height, width))
    return Image.fromarray((level + grain).astype(np.uint8))


def peak_megabytes(path: Path) -> float:
    """The peak memory of this process after colouring one photo."""
    pipeline()(path, HINTS)
    # `resource` would give the peak of the parent process if that was higher.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
