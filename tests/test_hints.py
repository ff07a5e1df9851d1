import json

import numpy as np
import pytest
import torch
from scipy import ndimage

from colouru.colour import AB_SCALE, rgb_to_lab
from colouru.hints import (
    MAX_HINTS,
    Hint,
    as_hints,
    hints_from_json,
    hints_from_layer,
    hints_to_json,
    inscribed_squares,
    layer_from_hints,
    rasterize,
    simulate_hints,
)

RED = Hint(x=0.25, y=0.5, colour="#ff0000", size=0.1)


@pytest.fixture
def ab(generator) -> torch.Tensor:
    """True colours (400,2,64,64), none of them zero."""
    return 0.2 + torch.rand(400, 2, 64, 64, generator=generator)


def test_simulated_hints_show_true_colours_and_nothing_else(ab, generator):
    hint_ab, hint_mask = simulate_hints(ab, generator)
    assert set(hint_mask.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(hint_ab, ab * hint_mask)


def test_same_seed_same_hints(ab):
    first, second = (simulate_hints(ab, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first[1], second[1])


def test_binomial_counts_average_five_and_geometric_counts_seven_with_many_zeros(generator):
    # One pixel a hint on a large picture, so that hardly any two meet and pixels count hints.
    ab = torch.ones(300, 2, 512, 512)
    binomial = simulate_hints(ab, generator, counts="binomial", sides=(1, 1))[1].sum((1, 2, 3))
    geometric = simulate_hints(ab, generator, counts="geometric", sides=(1, 1))[1].sum((1, 2, 3))
    assert abs(float(binomial.mean()) - 5) < 0.5
    assert abs(float(geometric.mean()) - 7) < 1.5
    assert float((geometric == 0).float().mean()) > 0.08 > float((binomial == 0).float().mean())


def test_places_are_normal_around_the_middle_with_a_quarter_of_the_side(generator):
    ab = torch.ones(4000, 2, 64, 64)
    hint_mask = simulate_hints(ab, generator, counts=1, sides=(1, 1))[1]
    rows = hint_mask[:, 0].nonzero()[:, 1].float()
    inner = rows[(rows > 0) & (rows < 63)]
    assert abs(float(rows.mean()) - 31.5) < 1
    # What falls outside is moved to the border: about 2.3% on either side.
    assert 0.025 < 1 - len(inner) / len(rows) < 0.075
    assert 13 < float(inner.std()) < 16


def test_sides_are_uniform_from_one_to_nine(generator):
    ab = torch.ones(3000, 2, 256, 256)
    side = simulate_hints(ab, generator, counts=1)[1].sum((1, 2, 3)).sqrt().round()
    shares = torch.bincount(side.long(), minlength=10)[1:].float() / len(side)
    # The border cuts some squares.
    assert len(shares) == 9 and shares.min() > 0.07 and shares.max() < 0.15


def test_an_exact_number_of_hints_is_possible_and_none_too(ab, generator):
    assert simulate_hints(ab, generator, counts=0)[1].sum() == 0
    assert (simulate_hints(ab, generator, counts=1, sides=(3, 3))[1].sum((1, 2, 3)) >= 4).all()


def test_an_unknown_law_of_counts_is_refused(ab, generator):
    with pytest.raises(
        ValueError, match="expected counts to be 'binomial', 'geometric', 'wide' or a whole number, got 'poisson'"
    ):
        simulate_hints(ab, generator, counts="poisson")


def test_a_hint_becomes_a_square_of_its_ab_and_nothing_else():
    hint_ab, hint_mask = rasterize([RED], 40, 60)
    red = rgb_to_lab(torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1))[0, 1:, 0, 0] / AB_SCALE
    assert hint_mask.sum() == 36 and hint_mask[0, 0, 20, 15] == 1
    torch.testing.assert_close(hint_ab[0, :, 20, 15], red)
    assert torch.equal(hint_ab, hint_ab * hint_mask)


def test_the_later_of_two_hints_on_one_spot_lies_on_top():
    blue = Hint(x=RED.x, y=RED.y, colour="#0000ff", size=RED.size)
    assert torch.equal(rasterize([RED, blue], 40, 60)[0], rasterize([blue], 40, 60)[0])


@pytest.mark.parametrize("x, y", [(0, 0), (1, 1), (0, 1), (1, 0)])
def test_a_hint_in_a_corner_paints_the_corner(x, y):
    hint_mask = rasterize([Hint(x=x, y=y, colour="#00ff00", size=0.05)], 30, 20)[1]
    assert hint_mask[0, 0, -y, -x] == 1


def test_the_smallest_hint_paints_one_pixel():
    assert rasterize([Hint(x=0.5, y=0.5, colour="#00ff00", size=1e-6)], 1, 5000)[1].sum() == 1


def test_hints_survive_json():
    hints = [RED, Hint(x=0, y=1, colour="#C68642", note="jacket: khaki, from the pay book")]
    assert hints_from_json(hints_to_json(hints)) == hints
    assert "note" not in json.loads(hints_to_json(hints))[0]


def test_hints_are_taken_in_every_form(tmp_path):
    file = tmp_path / "hints.json"
    file.write_text(hints_to_json([RED]))
    layer = layer_from_hints([RED], 100, 100)
    for form in ([RED], [RED.to_dict()], file, str(file), hints_to_json([RED])):
        assert as_hints(form) == [RED]
    assert as_hints(None) == []
    assert as_hints(layer)[0].colour == RED.colour


@pytest.mark.parametrize(
    "form, message",
    [
        ("{not json", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"x": 1}', "must be a JSON list"),
        ('[{"x": 0.5, "y": 0.5}]', "hint 1: a hint needs x, y and colour; colour is missing"),
        ('[{"x": 0.5, "y": 0.5, "colour": "#ffffff", "z": 1}]', "unknown key 'z'"),
        ('[{"x": NaN, "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got nan"),
        (f'[{{"x": {"9" * 400}, "y": 0, "colour": "#ffffff"}}]', "x must lie inside the picture, from 0 to 1, got 9"),
        ('[{"x": -Infinity, "y": 0.5, "colour": "#ffffff"}]', "x must lie inside the picture, from 0 to 1, got -inf"),
        ('[{"x": "left", "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got 'left'"),
        ('[{"x": true, "y": 0.5, "colour": "#ffffff"}]', "x must be a number, got True"),
        ('[{"x": 0.5, "y": 1.5, "colour": "#ffffff"}]', "y must lie inside the picture, from 0 to 1, got 1.5"),
        ('[{"x": 0.5, "y": 0.5, "colour": "red"}]', "colour must look like #c68642, got 'red'"),
        ('[{"x": 0.5, "y": 0.5, "colour": "#ffffff", "size": 0}]', "size must lie above 0 and at most 1"),
        ("[3]", "hint 1: a hint must be an object"),
        ([RED] * (MAX_HINTS + 1), "more than 10,000 hints"),
        ("no-such-file.json", "no hints could be read from 'no-such-file.json'"),
        (7, "expected a list of hints, a JSON file or a painted layer, got 7"),
        (np.zeros((0, 4, 4), np.uint8), "expected a painted layer"),
        (np.zeros((4, 4, 3), np.uint8), r"expected a painted layer of shape \(H,W,4\), uint8, got \(4, 4, 3\)"),
    ],
)
def test_hints_that_are_none_give_one_clear_sentence(form, message):
    with pytest.raises(ValueError, match=message) as caught:
        as_hints(form)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


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
    # Drawn at four times the size and averaged, as a browser smooths the rim of a dot.
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


def test_numbers_of_numpy_are_numbers():
    hint = Hint(x=np.float32(0.5), y=np.float64(0.25), colour="#ffffff", size=np.float32(0.125))
    assert hint == Hint(x=0.5, y=0.25, colour="#ffffff", size=0.125) and type(hint.x) is float


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


def test_the_wide_law_has_many_hints_now_and_then(generator):
    ab = torch.zeros(2000, 2, 64, 64)
    counted = {
        law: simulate_hints(ab, generator, counts=law, sides=(1, 1))[1].sum((1, 2, 3)) for law in ("geometric", "wide")
    }
    assert (counted["wide"] == 0).any()
    assert (counted["wide"] > 40).float().mean() > 0.04 > 0.02 > (counted["geometric"] > 40).float().mean()


def test_flat_hints_have_the_mean_of_their_square(generator):
    ab = torch.rand(200, 2, 32, 32, generator=generator)
    hint_ab, hint_mask = simulate_hints(ab, generator, counts=1, sides=(5, 5), flat=1.0)
    for one, mask, truth in zip(hint_ab, hint_mask, ab, strict=True):
        hinted = mask[0] > 0
        torch.testing.assert_close(one[:, hinted], truth[:, hinted].mean(1, keepdim=True).expand(2, int(hinted.sum())))
        assert not one[:, ~hinted].any()


def test_strokes_are_longer_than_wide(generator):
    ab = torch.rand(300, 2, 64, 64, generator=generator)
    dots = simulate_hints(ab, generator, counts=1, sides=(3, 3))[1].sum((1, 2, 3))
    strokes = simulate_hints(ab, generator, counts=1, sides=(3, 3), strokes=1.0)[1].sum((1, 2, 3))
    assert strokes.mean() > 2.5 * dots.mean() and strokes.max() <= 4 * 9
