"""How long a person waits: for the page, for a dot to show, for a large photo. Figures, not bars.

python -m tests.benchmark
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.colour import picture_to_lab, to_network
from colouru.hints import simulate_hints
from colouru.pipeline import Colourizer
from colouru.ui import handlers
from tests.browser import running_app, visitor

DOTS = 10


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.png"
        Image.fromarray(astronaut()).save(small)
        large = Path(folder) / "large.jpg"
        Image.fromarray(astronaut()).resize((4000, 3000), Image.Resampling.BICUBIC).save(large, quality=92)

        started = time.perf_counter()
        with running_app() as address, visitor(address) as person:
            print(f"start of the app to a usable page: {time.perf_counter() - started:.1f} s")
            person.upload(small)
            waits = [wait_for_dot(person, *place) for place in np.random.default_rng(0).uniform(0.1, 0.9, (DOTS, 2))]
            print(f"dot to picture at 512 px in the browser, median of {DOTS}: {statistics.median(waits):.2f} s")

        work = handlers.start(str(small))[1]
        hints = [Hint(x=0.5, y=0.5, colour="#c68642")]
        print(f"of that the networks and both pictures: {median_time(lambda: handlers.outputs(work, hints)):.3f} s")
        colourize = pipeline()
        for size in (256, colourize.model.config.working_size["gan"]):
            seeing, answering = network_times(colourize, size)
            print(f"generator at {size} px: {1000 * seeing:.0f} ms a photo, {1000 * answering:.0f} ms a dot")
        print(
            f"12 megapixels, path to both full-size pictures: {median_time(lambda: colourize(large, hints), 3):.1f} s"
        )


@torch.inference_mode()
def network_times(colourize: Colourizer, size: int) -> tuple[float, float]:
    """Seconds to look at a photo `size` pixels square, and to answer its eight dots."""
    network, chance = colourize.model.gan, torch.Generator().manual_seed(0)
    L = to_network(picture_to_lab(np.asarray(Image.fromarray(astronaut()).resize((size, size)))))[0]
    hints = simulate_hints(torch.zeros(1, 2, size, size), chance, counts=8, sides=(size // 32, size // 32))
    sight = network.see(L)
    return median_time(lambda: network.see(L)), median_time(lambda: network.answer(sight, *hints))


def wait_for_dot(person, x: float, y: float) -> float:
    before = person.shown("gan")
    person.paint(x, y)
    started = time.perf_counter()
    while person.shown("gan") == before:
        person.page.wait_for_timeout(20)
    waited = time.perf_counter() - started
    person.settle()
    return waited


def median_time(work, repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
