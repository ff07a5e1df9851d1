"""One photo, opened: hints are exact, suggestions and advice are consistent, and bands leave no trace."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut, camera

from colouru import Hint, pipeline
from colouru.colour import AB_SCALE, into_gamut, rgb_to_lab
from colouru.hint_layer import layer_from_hints
from colouru.hint_maps import hint_squares

RED = Hint(x=0.5, y=0.5, colour="#d02020", size=0.1)


@pytest.fixture(scope="module")
def colourize():
    return pipeline(device="cpu")


def lab(rgb) -> torch.Tensor:
    return rgb_to_lab(torch.tensor(np.asarray(rgb)).movedim(-1, 0)[None].float() / 255)


@pytest.fixture(scope="module")
def exact(untrained_model):
    """An untrained model: its generator must keep hints with any weights."""
    return pipeline(untrained_model, device="cpu")


def test_a_hint_is_kept_exactly_at_the_size_of_the_photo(exact):
    photo = astronaut()[:301, :467]
    hints = [Hint(x=0.3, y=0.4, colour="#b08060", size=0.05), Hint(x=0.999, y=0.001, colour="#6080a0", size=0.03)]
    result = exact(photo, hints)
    coloured = lab(result.gan)
    for rows, columns, ab in hint_squares(hints, 301, 467):
        # Only where sRGB has the colour at that lightness. The rounding error of bytes is larger in dark colours.
        asked = torch.cat(
            [
                coloured[0, :1, rows, columns],
                (ab * AB_SCALE)[:, None, None].expand(2, *coloured[0, 0, rows, columns].shape),
            ]
        )
        possible = (into_gamut(asked[None])[0][0] - asked).norm(dim=0) < 0.1
        missed = (coloured[0, 1:, rows, columns] - ab[:, None, None] * AB_SCALE).norm(dim=0)[possible]
        assert possible.any() and missed.mean() < 0.5 and missed.max() < 2


def test_of_two_hints_on_one_spot_the_later_one_holds(exact):
    photo = np.full((100, 100, 3), 120, np.uint8)
    first, second = (Hint(x=0.5, y=0.5, colour=colour, size=0.1) for colour in ("#a06060", "#6060a0"))
    a, b = lab(exact(photo, [first, second]).gan)[0, 1:, 50, 50]
    assert a > 0 > b and abs(float(a) - 14) < 6


def test_a_colour_that_does_not_exist_at_that_lightness_is_named(exact):
    photo = np.full((64, 64, 3), 250, np.uint8)
    photo[:, 32:] = 110
    hints = [
        Hint(x=0.1, y=0.5, colour="#0000ff"),
        Hint(x=0.9, y=0.5, colour="#a06060"),
        Hint(x=0.1, y=0.1, colour="#808080"),
    ]
    assert exact(photo, hints).clipped == (0,)
    assert exact(photo).clipped == ()


def test_suggestions_do_not_depend_on_earlier_predictions(exact):
    fresh, answered = exact.open(astronaut()), exact.open(astronaut())
    answered.chroma([RED])
    assert answered.suggest(0.3, 0.6, [RED]) == fresh.suggest(0.3, 0.6, [RED])
    answered.chroma([])
    assert answered.suggest(0.6, 0.3, [RED]) == fresh.suggest(0.6, 0.3, [RED])


def test_a_spot_has_up_to_nine_likely_colours(exact):
    canvas = exact.open(astronaut())
    found = canvas.suggest(0.999, 1.0, [RED])
    assert 1 <= len(found) <= 9 and len({suggestion.colour for suggestion in found}) == len(found)
    assert [s.likelihood for s in found] == sorted((s.likelihood for s in found), reverse=True)
    with pytest.raises(ValueError, match="expected a spot inside the picture, x and y from 0 to 1, got 1.5, 0.5"):
        canvas.suggest(1.5, 0.5)


@pytest.mark.parametrize("shape", [(512, 512), (1, 900), (900, 1), (1, 1), (3, 2)])
def test_the_next_dot_is_advised_inside_the_picture(exact, shape):
    advice = exact.open(np.full(shape, 90, np.uint8)).where_next([RED])
    assert 0 <= advice.x <= 1 and 0 <= advice.y <= 1
    assert advice.gain.shape == advice.deviation.shape and np.isfinite(advice.gain).all()


def test_the_next_dot_is_not_advised_where_one_is(exact):
    canvas = exact.open(astronaut())
    first = canvas.where_next()
    second = canvas.where_next([Hint(x=first.x, y=first.y, colour="#808080", size=0.1)])
    assert (first.x, first.y) != (second.x, second.y) and second.gain.max() < first.gain.max()


def test_the_generator_of_the_report_gives_no_advice(report_model):
    canvas = pipeline(report_model, device="cpu").open(camera())
    assert canvas([RED]).gan.size == (512, 512)
    for ask in (canvas.where_next, lambda: canvas.suggest(0.5, 0.5)):
        with pytest.raises(ValueError, match="this model's generator is the report's"):
            ask()


def test_without_features_similar_means_of_similar_lightness(report_model):
    canvas = pipeline(report_model, device="cpu").open(
        np.repeat(np.uint8([[30], [220]]), 32, axis=0).repeat(64, axis=1)
    )
    assert (canvas.similarity_mask(0.5, 0.1)[:14] > 250).all() and (canvas.similarity_mask(0.5, 0.1)[18:] < 10).all()
    with pytest.raises(ValueError, match="inside the picture"):
        canvas.similarity_mask(1.5, 0)


def test_a_layer_of_other_proportions_is_refused(colourize):
    with pytest.raises(ValueError, match="the photo's proportions, 200 x 100, got 100 x 100"):
        colourize(np.zeros((100, 200), np.uint8), layer_from_hints([RED], 100, 100))


def test_bands_leave_no_seam(colourize, monkeypatch):
    photo = astronaut()[:150]
    whole = np.asarray(colourize(photo, [RED]).gan)
    monkeypatch.setattr("colouru.images.pixels.BAND_PIXELS", 512 * 7)
    assert np.array_equal(np.asarray(colourize(photo, [RED]).gan), whole)
