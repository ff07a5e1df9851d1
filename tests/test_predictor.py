"""Predictors: what is measured on small pictures is what photos are shown with."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from colouru import Hint, pipeline
from colouru.colour import AB_SCALE, hex_colour
from colouru.config import InferenceSettings
from colouru.hint_maps import hint_squares, rasterize
from colouru.model import ROLES
from colouru.pipeline import Colourizer, find_model
from colouru.predictor import max_hint_change, max_patch_change


@pytest.fixture(scope="module")
def colourize():
    return pipeline(device="cpu")


@pytest.fixture
def canvas(colourize):
    return colourize.open(Image.fromarray(astronaut()).resize((128, 128)))


def hints_like(canvas, shift: int) -> list[Hint]:
    """Two hints that differ by about that much from what is shown without any."""
    shown = np.asarray(canvas.colour([], ["gan"])["gan"][0]).astype(int)
    colours = [shown[y, x] + [shift, 0, -shift] for x, y in ((40, 40), (90, 70))]
    red, blue = (hex_colour(colour.clip(0, 255)) for colour in colours)
    return [Hint(x=40 / 128, y=40 / 128, colour=red), Hint(x=90 / 128, y=70 / 128, colour=blue)]


@pytest.mark.parametrize("shift", [0, 2, 40])
def test_networks_are_measured_as_photos_are_shown(colourize, canvas, shift):
    hints = hints_like(canvas, shift)
    chroma = canvas.chroma(hints)
    for role in ROLES:
        L = canvas.L[role]
        ab_pred = colourize.networks_on(L)[role](*rasterize(hints, *L.shape[2:]))
        torch.testing.assert_close(ab_pred, chroma[role], atol=1e-5, rtol=0)


def test_in_a_batch_every_picture_is_answered_as_it_is_alone(colourize, canvas):
    L = canvas.L["gan"]
    maps = [rasterize(hints_like(canvas, shift)[: 1 + number], *L.shape[2:]) for number, shift in enumerate((1, 40))]
    maps.append(rasterize([], *L.shape[2:]))
    batch = (torch.cat(each) for each in zip(*maps, strict=True))
    together = colourize.networks_on(L.repeat(3, 1, 1, 1))["gan"](*batch)
    alone = [colourize.networks_on(L)["gan"](*each) for each in maps]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=0)


def test_the_largest_change_is_that_of_one_hint():
    shown_ab = torch.zeros(2, 40, 60)
    hints = [Hint(x=0.2, y=0.2, colour="#808080", size=0.1), Hint(x=0.8, y=0.8, colour="#c06060", size=0.1)]
    hint_ab, hint_mask = (each[0] for each in rasterize(hints, 40, 60))
    expected = float((hint_squares(hints, 40, 60)[1][2] * AB_SCALE).norm())
    assert max_hint_change(shown_ab, hint_squares(hints, 40, 60)) == pytest.approx(expected)
    assert max_patch_change(shown_ab, hint_ab, hint_mask) == pytest.approx(expected, rel=1e-4)
    assert max_patch_change(shown_ab, 0 * hint_ab, 0 * hint_mask) == 0


def test_settings_are_those_of_every_prediction(untrained_model):
    plain, bold = (
        Colourizer(find_model(untrained_model), "cpu", InferenceSettings(chroma_boost=boost)) for boost in (0.0, 1.0)
    )
    hint = Hint(x=0.1, y=0.1, colour="#c06060", size=0.05)
    plain, bold = (each.open(astronaut()).chroma([hint])["gan"] for each in (plain, bold))
    assert bold.norm() > 1.2 * plain.norm()


def test_a_network_without_features_says_that_it_gives_no_guidance(report_model):
    predictor = pipeline(report_model, device="cpu").predictors["gan"]
    encoding = predictor.encode(torch.zeros(1, 1, 32, 32))
    maps = rasterize([], 32, 32)
    assert not predictor.supports_guidance and predictor.decode(encoding, *maps).ab.shape == (1, 2, 32, 32)
    for ask in (
        lambda: predictor.context(encoding, *maps),
        lambda: predictor.likely_colours(encoding, maps[0], 0.5, 0.5, 50.0),
        lambda: predictor.uncertainty(encoding, maps[1]),
        lambda: predictor.reference_hints(encoding, *maps),
        lambda: predictor.with_references(encoding, []),
    ):
        with pytest.raises(ValueError, match="this model's generator is the report's"):
            ask()
