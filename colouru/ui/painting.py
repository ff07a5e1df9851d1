"""Paint and dots are one list: which hints a painted layer stands for, given those it showed before."""

from collections.abc import Sequence

import numpy as np

from colouru.hints import Hint, hint_regions, hints_from_layer, packed_paint


def hints_after_painting(hints: Sequence[Hint], before: np.ndarray | None, after: np.ndarray) -> list[Hint]:
    """The hints of a layer on which a person has gone on painting or erasing.

    Hints whose paint is as it was stay just as they were, with their notes. Those that were painted over as a whole are
    gone; those that were erased in part are found anew in what is left of them; what is new on the layer lies on top.

    Args:
        hints: what `before` stood for.
        before: the layer (H,W,4) uint8 as it was, or None if it was empty.
        after: the layer as it is, of the same size unless `before` is None.
    """
    paint = packed_paint(after)
    changed = paint != (packed_paint(before) if before is not None else 0)
    if not changed.any():
        return list(hints)
    height, width = paint.shape
    owner = np.full(paint.shape, -1)
    for number, (rows, columns) in enumerate(hint_regions(hints, height, width)):
        owner[rows, columns] = number
    anew = changed & (paint > 0)
    kept = list(hints)
    for number in set(owner[changed].tolist()) - {-1}:
        visible = owner == number
        if (visible & changed & (paint == 0)).any():
            anew |= visible & (paint > 0)
        elif not (changed | ~visible).all():
            continue
        kept[number] = None
    return [hint for hint in kept if hint is not None] + hints_from_layer(after, among=anew)
