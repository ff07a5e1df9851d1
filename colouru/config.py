"""Settings of inference that no network learns, each with the reason for its value."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class InferenceSettings:
    """How predictions are made from what the networks give.

    Attributes:
        chroma_boost: the share by which chroma grows where hints explain nothing; see `Generator.answer`. Squared error
            favours pale colours and people do not. Without hints 0.12 costs 2% of normalized loss on 40 photographs
            held out of the training split and 0.24 costs 6%; at most 3% is what more colour is worth.
        hint_change_threshold: in ab units, the difference between a hint and the unhinted prediction from which on the
            hinted prediction is shown in full. Below it the two are blended in proportion. The generator takes every
            hint as new evidence and changes distant places too; a hint that repeats what is there already must change
            next to nothing, and there must be no step in between.
        lightness_scale: features of a network that has none are its lightness, in [-1, 1], times this. 7.5 makes ten
            units of L* an edge to `similarity_mask`.
    """

    chroma_boost: float = 0.1
    hint_change_threshold: float = 6.0
    lightness_scale: float = 7.5
