"""What a training run is to learn: which images, which hints, which networks."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Preset:
    """A choice of data, hints and networks that belong together.

    Attributes:
        classes: WordNet ids of the classes of Tiny ImageNet to keep.
        hint_counts: the law of the number of hints, as `colouru.hints.simulate_hints` takes it.
        hint_sides: the least and the greatest side of a hint in pixels.
        size: sides of the training images in pixels.
        widths: of each network that the preset has.
    """

    classes: tuple[str, ...]
    hint_counts: str
    hint_sides: tuple[int, int]
    size: int
    widths: dict[str, tuple[int, ...]]


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
        size=64,
        widths={"autoencoder": (32, 64, 128), "unet": (32, 64, 128, 256)},
    ),
}
