import numpy as np
import pytest
import torch

from train.data import augment, draw_batch, hold_out, load_images, random_stream, whole_batch
from train.preset import PRESETS

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images(dataset):
    return load_images("train", dataset=dataset, classes=PRESETS["report"].classes)


def test_only_the_classes_asked_for_are_loaded_and_no_grey_images(images):
    assert images.shape == (5 * 9, 3, 64, 64) and images.dtype == torch.uint8


def test_without_classes_every_image_is_loaded_at_the_size_asked_for(dataset):
    assert load_images("valid", dataset=dataset, size=32).shape == (6 * 9, 3, 32, 32)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"split": "test"}, "has no split 'test'; it has train, valid"),
        ({"image_column": "picture"}, "has no column 'picture'; it has image, label"),
        ({"dataset": "nobody/nothing"}, "nobody/nothing cannot be loaded: "),
        ({"dataset": "no/such/folder"}, "no/such/folder cannot be loaded: "),
        ({"classes": ["n00000000"]}, "has no class 'n00000000'"),
    ],
)
def test_what_a_dataset_lacks_is_named(dataset, wrong, message):
    with pytest.raises(ValueError, match=message):
        load_images(**({"split": "train", "dataset": dataset} | wrong))


def test_what_is_held_out_is_not_learned_from(images):
    learn, watch = hold_out(images)
    assert len(learn) + len(watch) == len(images) and len(watch) == 3
    assert not any(torch.equal(one, other) for one in watch for other in learn)


def test_a_step_draws_the_same_whatever_was_drawn_before(images):
    first = draw_batch(images, 4, random_stream(0, 17, 0, CPU))
    torch.randn(1000)
    assert torch.equal(first[1], draw_batch(images, 4, random_stream(0, 17, 0, CPU))[1])


@pytest.mark.parametrize("other", [(1, 17, 0), (0, 18, 0), (0, 17, 1)])
def test_another_seed_step_or_process_draws_something_else(images, other):
    first = draw_batch(images, 4, random_stream(0, 17, 0, CPU))
    assert not torch.equal(first[0], draw_batch(images, 4, random_stream(*other, CPU))[0])


def test_a_whole_batch_is_the_images_in_the_units_of_the_network(images):
    L, ab = whole_batch(images[:2])
    assert L.shape == (2, 1, 64, 64) and ab.shape == (2, 2, 64, 64)
    assert -1 <= L.min() < L.max() <= 1.001 and ab.abs().max() < 1


def test_augmentation_mirrors_half_and_makes_up_no_colour(generator):
    ramp = torch.linspace(0.2, 0.8, 64).expand(200, 3, 64, 64)
    out = augment(ramp, generator)
    mirrored = (out[:, 0, 32, 0] > out[:, 0, 32, -1]).float().mean()
    assert 0.4 < mirrored < 0.6
    assert out.min() >= 0.2 - 1e-5 and out.max() <= 0.8 + 1e-5
    # Zoomed by up to a quarter: the ramp keeps at least three quarters of its span.
    span = (out[:, 0, 32, 0] - out[:, 0, 32, -1]).abs() / 0.6
    assert 0.74 < span.min() and span.max() <= 1.001 and np.ptp(span.numpy()) > 0.1
