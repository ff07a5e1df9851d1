import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

from colouru import normalized_loss
from colouru.colour import rgb_to_lab
from colouru.metrics import absence_of_colour, ciede2000, colourfulness, hint_error, is_coloured, psnr


@pytest.fixture
def ab(generator) -> torch.Tensor:
    return torch.rand(3, 2, 8, 8, generator=generator)


def test_loss_of_the_original_is_zero_and_of_grey_one(ab):
    assert normalized_loss(ab, ab).tolist() == [0, 0, 0]
    assert normalized_loss(torch.zeros_like(ab), ab).tolist() == [1, 1, 1]


def test_loss_of_half_the_chroma_is_a_quarter(ab):
    torch.testing.assert_close(normalized_loss(ab / 2, ab), torch.full((3,), 0.25))


def test_psnr_matches_skimage(generator):
    first, second = (torch.randint(0, 256, (2, 3, 8, 8), generator=generator, dtype=torch.uint8) for _ in range(2))
    expected = [peak_signal_noise_ratio(first[i].numpy(), second[i].numpy()) for i in range(2)]
    np.testing.assert_allclose(psnr(first, second).numpy(), expected, rtol=1e-5)


def test_ciede2000_of_a_known_pair():
    # The first pair of Sharma, Wu and Dalal (2005).
    first, second = (torch.tensor(lab).view(1, 3, 1, 1) for lab in ([50, 2.6772, -79.7751], [50, 0, -82.7485]))
    assert abs(float(ciede2000(first, second)) - 2.0425) < 1e-3


def test_grey_has_no_colourfulness_and_red_against_green_has_much():
    grey = torch.full((1, 3, 4, 4), 90, dtype=torch.uint8)
    vivid = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    vivid[:, 0, :2], vivid[:, 1, 2:] = 255, 255
    # Red-green is +-255 with mean 0; (red+green)/2 - blue is 127.5 throughout.
    assert float(colourfulness(grey)) == 0
    assert abs(float(colourfulness(vivid)) - (255 + 0.3 * 127.5)) < 1e-3


def test_hint_error_looks_at_hinted_pixels_alone():
    ab_pred, hint_ab, hint_mask = torch.full((1, 2, 4, 4), 9.0), torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 4, 4)
    hint_mask[0, 0, 1, 2] = 1
    ab_pred[0, :, 1, 2] = torch.tensor([3.0, 4.0])
    assert hint_error(ab_pred, hint_ab, hint_mask).tolist() == [5.0]


def jpeg(picture: Image.Image) -> np.ndarray:
    """The picture as a JPEG, shrunk to the size at which `absence_of_colour` is called."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer).convert("RGB").resize((64, 64), Image.Resampling.LANCZOS))


def test_a_colour_photo_has_colour():
    assert absence_of_colour(astronaut()) == "" and is_coloured(astronaut())


def test_a_grey_photo_saved_as_colour_has_none():
    grey = jpeg(Image.fromarray(astronaut()).convert("L").convert("RGB"))
    assert "no colour to compare" in absence_of_colour(grey) and not is_coloured(grey)


@pytest.mark.parametrize("dark, light", [("#1a0f05", "#fff1d0"), ("#0a1020", "#e8f0ff"), ("#201000", "#ffd9a0")])
def test_a_toned_photo_has_none_of_its_own(dark, light):
    toned = jpeg(ImageOps.colorize(Image.fromarray(astronaut()).convert("L"), dark, light))
    assert "toned in a single hue" in absence_of_colour(toned)


def test_absence_agrees_with_the_definition_at_the_threshold():
    lab = rgb_to_lab(torch.tensor([[130, 127, 126]]).T[None, ..., None] / 255)
    assert float(lab[:, 1:].norm()) < 2
    assert "no colour" in absence_of_colour(np.full((4, 4, 3), [130, 127, 126], np.uint8))
