"""What a training run is to learn: which images, which hints, which networks."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Preset:
    """A choice of data, hints and networks that belong together.

    Attributes:
        classes: WordNet ids of the classes of Tiny ImageNet to keep; None for all.
        hint_counts: the law of the number of hints, as `train.hints.simulate_hints` takes it.
        hint_sides: the least and the greatest side of a hint, in pixels of an image of 64.
        strokes, flat: shares of hints that are strokes, and of pictures whose hints have one colour each.
        aged: share of pictures whose lightness is made to look like an old photograph's.
        tinted: share of pictures whose colours as a whole are made others.
        size: sides of the small training images in pixels.
        crop_sizes: sides of the crops of larger photographs, one of which a step may learn from instead.
        crop_share: how often it does.
        colourful: share of pictures whose hints lie where the colour is, as a person's first dots do.
        lone: share of pictures that have one hint alone, where the colour is strongest.
        networks: the arguments of each network that the preset has.
    """

    classes: tuple[str, ...] | None
    hint_counts: str
    hint_sides: tuple[int, int]
    strokes: float
    flat: float
    aged: float
    tinted: float
    size: int
    crop_sizes: tuple[int, ...]
    crop_share: float
    colourful: float
    lone: float
    networks: dict[str, dict[str, list[int]]]


PRESETS = {
    # The student report. It names neither its five classes (goldfish and salamanders are in its figures) nor its
    # channels; both are our choice.
    "report": Preset(
        classes=(
            "n01443537",  # goldfish
            "n01629819",  # European fire salamander
            "n02129165",  # lion
            "n02279972",  # monarch butterfly
            "n04146614",  # school bus
        ),
        hint_counts="binomial",
        hint_sides=(1, 9),
        strokes=0.0,
        flat=0.0,
        aged=0.0,
        tinted=0.0,
        size=64,
        crop_sizes=(),
        crop_share=0.0,
        colourful=0.0,
        lone=0.0,
        networks={"autoencoder": {"widths": [32, 64, 128]}, "unet": {"widths": [32, 64, 128, 256]}},
    ),
    # What ships: everything there is, at every size, with hints as people place them.
    "full": Preset(
        classes=None,
        hint_counts="wide",
        hint_sides=(1, 9),
        strokes=0.2,
        flat=0.5,
        aged=0.2,
        tinted=0.5,
        size=64,
        crop_sizes=(96, 128, 192, 256),
        crop_share=0.5,
        colourful=0.3,
        lone=0.15,
        networks={
            "autoencoder": {"widths": [32, 64, 128]},
            "unet": {"widths": [32, 64, 128, 256]},
            "semantic": {"widths": [48, 96, 240, 432]},
            "prior": {"widths": [32, 64, 128, 256]},
            "hint_generator": {"widths": [32, 64, 96], "prior_widths": [32, 64, 128, 256]},
            "generator": {"widths": [24, 64, 128], "semantic_widths": [48, 96, 240, 432]},
        },
    ),
}
