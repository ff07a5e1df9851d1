"""How long our generator takes to look at a photo and for each dot, against the published architectures of others and
Levin's solver, at 256 pixels.

python -m tests.benchmarks.networks
"""

import itertools

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.colour import picture_to_lab, to_network
from colouru.hint_maps import rasterize
from colouru.ui import views
from colouru.ui.session import Session
from tests.benchmarks.published import IColoriTTiny, IDeepColor
from tests.benchmarks.timing import median_times
from train.evaluate.levin import levin

SIDE, PREVIEW = 256, 640
HINTS = [Hint(x=0.1 + 0.1 * number, y=0.5, colour="#bd9175") for number in range(8)]


@torch.inference_mode()
def main() -> None:
    colourize = pipeline(device="cpu")
    photo = np.asarray(Image.fromarray(astronaut()).resize((SIDE, SIDE)))
    L = to_network(picture_to_lab(photo))[0]
    hints = rasterize(HINTS, SIDE, SIDE)
    generator, baseline = colourize.model.gan, colourize.model.baseline
    theirs = {"iDeepColor": IDeepColor().eval(), "iColoriT-Tiny": IColoriTTiny(SIDE).eval()}
    sight = generator.see(L)
    works = {
        "the generator looks at a photo": lambda: generator.see(L),
        "the generator answers a dot": lambda: generator.answer(sight, *hints),
        "the baseline": lambda: baseline(L, *hints),
        **{name: lambda network=network: network(L, *hints) for name, network in theirs.items()},
        "Levin's solver": lambda: levin(L, *hints),
    }
    times = median_times(works, 9)
    dot = times["the generator answers a dot"]
    for name, seconds in times.items():
        print(f"{name}: {1000 * seconds:.0f} ms, {seconds / dot:.1f} times a dot")
    for name, network in theirs.items():
        print(f"weights of {name}: {sum(weights.numel() for weights in network.parameters()) / 1e6:.1f} million")
    opened = colourize.open(Image.fromarray(astronaut()).resize((PREVIEW, PREVIEW)))
    session = Session("", (PREVIEW, PREVIEW), opened, tuple(HINTS))
    chroma, before, spots = opened.chroma(HINTS), HINTS[:-1], itertools.count()
    works = {
        "all": lambda: views.colours_view(session, selected=len(HINTS) - 1, stamp=0),
        # Each time another spot, since the suggestions for the last one are cached.
        "likely colours": lambda: opened.suggest(next(spots) / 1000, 0.5, before),
        "the generator's prediction": lambda: opened.chroma(HINTS, ["gan"]),
        "the baseline's": lambda: opened.chroma(HINTS, ["baseline"]),
        "both losses": lambda: opened.losses(chroma, HINTS, 1.0, views.LOSS_SIDE),
        "packing": lambda: [views.chroma_url(each) for each in chroma.values()],
    }
    print(f"a new hint on an open photo of {PREVIEW} px, both networks, the server's part:")
    for name, seconds in median_times(works, 15).items():
        print(f"    {name}: {seconds:.3f} s")


if __name__ == "__main__":
    main()
