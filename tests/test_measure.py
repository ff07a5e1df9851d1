"""What is measured, on pictures whose figures can be told beforehand."""

import numpy as np
import torch

from colouru.colour import AB_SCALE, from_network, lab_to_rgb, to_bytes
from colouru.hints import Hint
from train.evaluate.figures import gradient, joined, measure, shown, summary
from train.evaluate.protocol import original, true_hint, true_hints


def figures(photo, ab_pred, hint_ab=None, hint_mask=None):
    rgb, L, ab = original(photo)
    hint_ab = torch.zeros_like(ab) if hint_ab is None else hint_ab
    hint_mask = torch.zeros_like(L) if hint_mask is None else hint_mask
    return measure(*shown(L, ab_pred(ab)), rgb, L, ab, hint_ab, hint_mask)


def test_the_original_loses_nothing_and_grey_everything(colourful):
    perfect, grey = summary(figures(colourful, lambda ab: ab)), summary(figures(colourful, lambda ab: 0 * ab))
    assert perfect["normalized_loss"] < 1e-4 and abs(perfect["colourfulness_ratio"] - 1) < 0.01
    assert grey["normalized_loss"] == 1 and grey["psnr_gain"] == 0 and grey["colourfulness_ratio"] < 0.02
    assert perfect["psnr_gain"] > 20 and perfect["flat_gradient_ratio"] is None


def test_colour_invented_in_a_flat_area_is_seen():
    flat = (
        to_bytes(lab_to_rgb(torch.tensor([60.0, 20, 10]).view(1, 3, 1, 1).expand(1, 3, 40, 40)))[0]
        .movedim(0, -1)
        .numpy()
    )
    # One flat half and one with a little of its own, or there would be nothing to compare with.
    flat = flat.copy()
    flat[:, ::7] += np.array([1, 0, 0], np.uint8)
    noise = 0.02 * torch.randn(1, 2, 40, 40, generator=torch.Generator().manual_seed(0))
    assert summary(figures(flat, lambda ab: ab + noise))["flat_gradient_ratio"] > 3


def test_a_gradient_is_the_change_to_the_next_pixels():
    ab = torch.zeros(1, 2, 3, 3)
    ab[0, 0, 1, 1], ab[0, 1, 1, 1] = 3, 4
    torch.testing.assert_close(gradient(ab)[0], torch.tensor([[0, 5], [5, 50**0.5]]))


def test_hints_that_cannot_be_kept_do_not_count(colourful):
    _, L, ab = original(colourful)
    hint_mask = torch.zeros_like(L)
    hint_mask[..., :2, :2] = 1
    possible, impossible = ab * hint_mask, 10 * hint_mask.expand_as(ab)
    kept = figures(colourful, lambda ab: ab, possible, hint_mask)
    assert float(kept["hint_error_mean"]) < 0.05
    missed = figures(colourful, lambda ab: ab + 3 / AB_SCALE, possible, hint_mask)
    assert 3 < float(missed["hint_error_worst"]) < 5
    assert figures(colourful, lambda ab: ab, impossible, hint_mask)["hint_error_mean"].isnan()


def test_a_picture_that_is_shown_already_is_measured_as_it_is():
    original_photo, picture = (np.full((4, 4, 3), rgb, np.uint8) for rgb in ([255, 255, 183], [255, 254, 190]))
    rgb, L, ab = original(original_photo)
    rgb_pred, L_pred, ab_pred = original(picture)
    hint_mask = torch.ones_like(L)
    found = measure(from_network(L_pred, ab_pred), rgb_pred, rgb, L, ab, ab * hint_mask, hint_mask)
    difference = (ab_pred - ab)[0, :, 0, 0].norm() * AB_SCALE
    # At the original's lightness, a trace brighter, sRGB would not have its colour.
    torch.testing.assert_close(found["hint_error_worst"], difference[None], atol=1e-3, rtol=0)


def test_a_set_is_summed_up_by_the_ratio_of_sums():
    one = {"error": torch.tensor([1.0, 1.0]), "grey_error": torch.tensor([2.0, 0.5])}
    others = ("psnr", "grey_psnr", "ciede2000", "colourfulness", "original_colourfulness", "hint_error_mean")
    others += ("hint_error_worst", "flat_gradient", "original_flat_gradient")
    figures = summary(joined([{**one, **{name: torch.ones(2) for name in others}}]))
    assert figures["normalized_loss"] == 0.8 and figures["share_worse_than_grey"] == 0.5


def test_a_true_hint_has_the_mean_colour_of_its_square(colourful):
    hint = true_hint(colourful, 1.0, 0.0, 6)
    assert isinstance(hint, Hint) and hint.size == 6 / 64
    mean = colourful[:3, 61:].reshape(-1, 3).mean(0)
    assert np.abs(np.array(list(bytes.fromhex(hint.colour[1:]))) - mean).max() < 12


def test_hints_of_a_seed_are_always_the_same(colourful):
    draw = lambda seed: true_hints(colourful, 5, (1, 9), torch.Generator().manual_seed(seed))  # noqa: E731
    assert draw(0) == draw(0) != draw(1) and len(draw(0)) == 5


def test_hints_on_colour_lie_on_it():
    photo = np.full((60, 80, 3), 120, np.uint8)
    photo[50:, 70:] = [200, 40, 40]
    hints = true_hints(photo, 20, (1, 1), torch.Generator().manual_seed(0), colourful=True)
    assert len(hints) == 20
    assert all(hint.x > 70 / 80 and hint.y > 50 / 60 and hint.colour == "#c82828" for hint in hints)
    assert true_hints(photo, 0, (1, 1), torch.Generator(), colourful=True) == []
