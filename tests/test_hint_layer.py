import numpy as np
import pytest
import torch
from scipy import ndimage

from colouru.hint_layer import hints_from_layer, inscribed_squares, layer_from_hints
from colouru.hints import Hint

RED = Hint(x=0.25, y=0.5, colour="#ff0000", size=0.1)


@pytest.mark.parametrize(
    "layer, message",
    [
        (np.zeros((0, 4, 4), np.uint8), "expected a painted layer"),
        (np.zeros((4, 4, 3), np.uint8), r"expected a painted layer of shape \(H,W,4\), uint8, got \(4, 4, 3\)"),
    ],
)
def test_an_array_that_is_no_layer_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        hints_from_layer(layer)


def disc(layer: np.ndarray, x: float, y: float, radius: float, colour: list[int]) -> None:
    rows, columns = np.mgrid[0 : layer.shape[0], 0 : layer.shape[1]] + 0.5
    layer[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = [*colour, 255]


def test_a_painted_dot_becomes_one_hint_in_its_middle():
    layer = np.zeros((512, 384, 4), np.uint8)
    disc(layer, 100, 200, 10, [200, 10, 20])
    (hint,) = hints_from_layer(layer)
    assert abs(hint.x * 384 - 100) <= 1 and abs(hint.y * 512 - 200) <= 1
    assert hint.colour == "#c80a14" and 12 <= hint.size * 512 <= 16


def test_touching_dots_of_different_colours_stay_apart():
    layer = np.zeros((512, 512, 4), np.uint8)
    disc(layer, 150, 250, 10, [255, 0, 0])
    disc(layer, 169, 250, 10, [0, 0, 255])
    assert sorted(hint.colour for hint in hints_from_layer(layer)) == ["#0000ff", "#ff0000"]


def test_the_blended_rim_between_two_colours_is_no_hint():
    # Drawn at four times the size and averaged, like the antialiasing of a browser.
    layer = np.zeros((2048, 2048, 4), np.uint8)
    disc(layer, 1000, 1000, 80, [255, 0, 0])
    disc(layer, 1040, 1040, 40, [0, 0, 255])
    smooth = layer.reshape(512, 4, 512, 4, 4).mean((1, 3)).round().astype(np.uint8)
    assert len(np.unique(smooth.reshape(-1, 4), axis=0)) > 10
    assert {hint.colour for hint in hints_from_layer(smooth)} == {"#ff0000", "#0000ff"}


def test_a_fine_line_beside_nothing_is_a_hint():
    layer = np.zeros((512, 512, 4), np.uint8)
    layer[100, 100:200] = [0, 128, 0, 255]
    assert hints_from_layer(layer)


def test_a_long_stroke_becomes_hints_all_along_it_and_none_beside_it():
    layer = np.zeros((200, 200, 4), np.uint8)
    for t in np.linspace(0, np.pi, 300):
        disc(layer, 100 - 80 * np.cos(t), 150 - 100 * np.sin(t), 6, [10, 120, 30])
    hints = hints_from_layer(layer)
    painted = layer[..., 3] > 0
    covered = layer_from_hints(hints, 200, 200)[..., 3] > 0
    assert len(hints) > 10
    assert not (covered & ~painted).any()
    assert (covered & painted).sum() > 0.6 * painted.sum()


def test_squares_are_the_largest_that_fit_one_after_the_other(generator):
    random = np.random.default_rng(0)
    patch = ndimage.binary_opening(random.random((60, 80)) < 0.9, np.ones((3, 3)), iterations=2)
    left = patch.copy()
    for row, column, side in inscribed_squares(patch, least=5):
        largest = 2 * int(ndimage.distance_transform_cdt(np.pad(left, 1), metric="chessboard").max()) - 1
        assert left[row : row + side, column : column + side].all() and side in (largest, largest + 1)
        left[row : row + side, column : column + side] = False


def test_a_photo_sized_layer_is_read_as_a_small_one():
    layer = np.zeros((3000, 4000, 4), np.uint8)
    disc(layer, 1000, 600, 60, [200, 10, 20])
    (hint,) = hints_from_layer(layer)
    assert abs(hint.x - 0.25) < 0.002 and abs(hint.y - 0.2) < 0.002 and 0.018 < hint.size < 0.025


def test_a_fine_stroke_out_of_a_large_area_is_kept():
    layer = np.zeros((512, 512, 4), np.uint8)
    layer[100:300, 100:300] = layer[196:210, 300:480] = [90, 60, 30, 255]
    hints = hints_from_layer(layer)
    assert hints[0].size == pytest.approx(200 / 512, abs=0.01) and max(hint.x for hint in hints) > 0.9
    assert len(hints) < 20


def test_half_transparent_paint_does_not_count():
    layer = np.zeros((20, 20, 4), np.uint8)
    layer[5:10, 5:10] = [255, 0, 0, 128]
    assert hints_from_layer(layer) == []


def test_hints_drawn_as_a_layer_are_found_again():
    hints = [RED, Hint(x=0.7, y=0.2, colour="#336699", size=0.055)]
    found = hints_from_layer(layer_from_hints(hints, 200, 300))
    for hint, again in zip(hints, sorted(found, key=lambda hint: hint.x), strict=True):
        assert again.colour == hint.colour
        assert abs(again.x - hint.x) < 0.005 and abs(again.y - hint.y) < 0.005 and abs(again.size - hint.size) < 0.005


def test_noise_as_a_layer_is_refused(generator):
    layer = torch.randint(0, 256, (300, 300, 4), generator=generator, dtype=torch.uint8).numpy()
    layer[..., 3] = 255
    with pytest.raises(ValueError, match="more than 10,000 separate patches"):
        hints_from_layer(layer)
