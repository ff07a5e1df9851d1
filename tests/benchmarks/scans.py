"""How long scans of an archive take, from file to file, and how much memory: python -m tests.benchmarks.scans

A line a scan: megapixels, what went in and came out, seconds and the most memory that the process had. The scans are
made: a photograph enlarged, with grain of its own for every pixel, for grain is what keeps scans from being packed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.images.photo import open_photo
from colouru.images.pixels import bands

GRAIN = 150
STRIP = 64
HINTS = [Hint(x=0.1 * number, y=0.5, colour="#bd9175") for number in range(1, 9)]

# Megapixels, channels, bits, how it is packed, and the endings of source and target.
SCANS = (
    (100, 1, 16, "zlib", "tif", "tif"),
    (100, 1, 16, None, "tif", "tif"),
    (200, 1, 16, "zlib", "tif", "tif"),
    (200, 3, 16, "zlib", "tif", "tif"),
    (200, 3, 16, "zlib", "tif", "png"),
    (200, 3, 8, None, "jpg", "jpg"),
)


def rows(height: int, width: int, channels: int, bits: int) -> Iterator[np.ndarray]:
    """The strips (STRIP,W) or (STRIP,W,3) of a made scan."""
    chance = np.random.default_rng(0)
    source = Image.fromarray(astronaut()).convert("L" if channels == 1 else "RGB")
    for top in range(0, height, STRIP):
        count = min(STRIP, height - top)
        box = (0, top / height * source.height, source.width, (top + count) / height * source.height)
        smooth = np.asarray(source.resize((width, count), Image.Resampling.BICUBIC, box=box))
        grain = chance.normal(0, GRAIN, smooth.shape).astype(np.float32)
        deep = (smooth * np.float32(257) + grain).clip(0, 65_535)
        yield deep.astype(np.uint16) if bits == 16 else (deep / 257).round().astype(np.uint8)


def make(path: Path, megapixels: float, channels: int, bits: int, packed: str | None) -> None:
    width = round((megapixels * 1e6 * 5 / 4) ** 0.5)
    height = round(megapixels * 1e6 / width)
    strips = rows(height, width, channels, bits)
    if path.suffix == ".jpg":
        Image.fromarray(np.concatenate(list(strips))).save(path, quality=90)
        return
    options = {"rowsperstrip": STRIP, "compression": packed, "predictor": packed is not None, "metadata": None}
    shape = (height, width) if channels == 1 else (height, width, 3)
    photometric = "minisblack" if channels == 1 else "rgb"
    encoded = (encode(strip, packed) for strip in strips)
    tifffile.imwrite(path, encoded, shape=shape, dtype=f"u{bits // 8}", photometric=photometric, **options)


def encode(strip: np.ndarray, packed: str | None) -> bytes:
    if not packed:
        return strip.tobytes()
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]
    return zlib.compress(differences.tobytes(), 1)


def colour(source: Path, target: Path) -> dict[str, float]:
    """Seconds and MiB of this process, which does nothing else."""
    colourize = pipeline()
    started = time.perf_counter()
    colourize.colour_file(source, target, HINTS)
    return {
        "seconds": time.perf_counter() - started,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def lightness_error(folder: Path) -> tuple[int, float]:
    """How many of the 65,536 steps of a grey ramp stay apart in the picture in colour, and the mean error in steps."""
    ramp = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    tifffile.imwrite(folder / "ramp.tif", ramp, metadata=None)
    pipeline().colour_file(folder / "ramp.tif", folder / "ramp-colour.tif", HINTS)
    greys = np.concatenate([luminance_steps(band) for band in bands(open_photo(folder / "ramp-colour.tif").pixels)])
    return len(np.unique(greys.round())), float(np.abs(greys - ramp).mean())


def luminance_steps(pixels: np.ndarray) -> np.ndarray:
    """The grey of sixteen bits, unrounded, that is as light as each pixel (h,w,3) uint16."""
    encoded = pixels / 65_535
    linear = np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    luminance = linear @ [0.212671, 0.715160, 0.072169]
    grey = np.where(luminance > 0.0031308, 1.055 * luminance.clip(1e-9) ** (1 / 2.4) - 0.055, 12.92 * luminance)
    return grey * 65_535


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of the scans, from 0, instead of all of them")
    parser.add_argument("--one", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.one:
        print(json.dumps(colour(*args.one)))
        return
    chosen = range(len(SCANS)) if args.only is None else args.only
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in chosen:
            megapixels, channels, bits, packed, before, after = SCANS[number]
            source, target = folder / f"scan.{before}", folder / f"colour.{after}"
            make(source, megapixels, channels, bits, packed)
            command = [sys.executable, "-m", "tests.benchmarks.scans", "--one", str(source), str(target)]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            kind = f"{bits}-bit {'grey' if channels == 1 else 'colour'} {before}{f' ({packed})' if packed else ''}"
            sizes = " to ".join(f"{path.stat().st_size / 1e6:.0f} MB" for path in (source, target))
            print(
                f"{megapixels} megapixels, {kind} to {after}: {found['seconds']:.1f} s, {found['mebibytes']:.0f} MiB "
                f"({sizes})",
                flush=True,
            )
            source.unlink()
            target.unlink()
        steps, error = lightness_error(folder)
        print(f"lightness: {steps:,} of 65,536 steps stay apart, mean error {error:.2f} steps")


if __name__ == "__main__":
    main()
