"""Paint and dots are one list."""

import numpy as np
import pytest

from colouru.hints import Hint, layer_from_hints
from colouru.ui.painting import hints_after_painting

SIDE = 128
RED = Hint(x=0.25, y=0.25, colour="#c02020", size=0.1, note="the flag, from the pay book")
BLUE = Hint(x=0.75, y=0.75, colour="#2020c0", size=0.1)


def disc(layer: np.ndarray, x: float, y: float, radius: float, rgba: tuple[int, ...]) -> np.ndarray:
    """The layer with a round dot of the brush, or with a hole of the eraser where `rgba` is all zero."""
    rows, columns = np.mgrid[: layer.shape[0], : layer.shape[1]] + 0.5
    painted = layer.copy()
    painted[(columns - x * SIDE) ** 2 + (rows - y * SIDE) ** 2 < radius**2] = rgba
    return painted


@pytest.fixture
def before():
    return layer_from_hints([RED, BLUE], SIDE, SIDE)


def test_what_comes_back_as_it_was_leaves_every_hint_with_its_note(before):
    assert hints_after_painting([RED, BLUE], before, before.copy()) == [RED, BLUE]


def test_a_new_dot_is_added_and_the_others_stay_as_they_are(before):
    hints = hints_after_painting([RED, BLUE], before, disc(before, 0.5, 0.5, 8, (20, 160, 20, 255)))
    assert hints[:2] == [RED, BLUE]
    (new,) = hints[2:]
    assert new.colour == "#14a014" and abs(new.x - 0.5) < 0.01 and abs(new.y - 0.5) < 0.01


def test_the_round_rim_of_a_dot_is_not_found_again_with_the_next_one():
    first = disc(np.zeros((SIDE, SIDE, 4), np.uint8), 0.3, 0.3, 3.5, (200, 40, 40, 255))
    hints = hints_after_painting([], None, first)
    again = hints_after_painting(hints, first, disc(first, 0.7, 0.7, 3.5, (200, 40, 40, 255)))
    assert len(hints) == 1 and again[0] == hints[0] and len(again) == 2


def test_an_erased_hint_is_gone(before):
    assert hints_after_painting([RED, BLUE], before, disc(before, 0.25, 0.25, 20, (0, 0, 0, 0))) == [BLUE]


def test_of_a_hint_erased_in_part_the_rest_stays(before):
    erased = before.copy()
    erased[: round(0.25 * SIDE)] = 0
    kept, *rest = hints_after_painting([RED, BLUE], before, erased)
    assert kept == BLUE and rest
    assert all(hint.colour == RED.colour and hint.y > RED.y and hint.size < RED.size for hint in rest)


def test_a_hint_under_new_paint_is_gone_and_one_with_paint_on_its_corner_stays(before):
    green = (20, 160, 20, 255)
    covered = hints_after_painting([RED, BLUE], before, disc(before, 0.25, 0.25, 20, green))
    assert {hint.colour for hint in covered} == {"#2020c0", "#14a014"}
    assert hints_after_painting([RED, BLUE], before, disc(before, 0.2, 0.2, 6, green))[:2] == [RED, BLUE]


def test_an_empty_layer_has_no_hints(before):
    assert hints_after_painting([RED, BLUE], before, np.zeros_like(before)) == []
