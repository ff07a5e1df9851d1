import numpy as np
import pytest
import torch

from train.data import (
    LEAST_CROP,
    Pictures,
    augment,
    colour_jitter,
    cutmix,
    cutout,
    draw_batch,
    draw_crops,
    draw_examples,
    film_degradation,
    held_out,
    load_images,
    load_photos,
    random_stream,
    whole_batch,
)
from train.preset import PRESETS

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images(dataset):
    return load_images("train", dataset=dataset, classes=PRESETS["report"].classes)[0]


@pytest.fixture(scope="module")
def large(photos):
    return load_photos("train", datasets=[photos])


def test_only_the_classes_asked_for_are_loaded_and_no_grey_images(images):
    assert images.shape == (5 * 9, 3, 64, 64) and images.dtype == torch.uint8


def test_without_classes_every_image_is_loaded_at_the_size_asked_for(dataset):
    assert load_images("valid", dataset=dataset, size=32)[0].shape == (6 * 9, 3, 32, 32)


def test_a_limit_is_spread_over_the_split_and_every_image_has_its_class(dataset):
    images, classes = load_images("valid", dataset=dataset, limit=20)
    assert len(images) == len(classes) <= 20 and len(set(classes)) == 6


def test_photographs_keep_their_shape_and_grey_ones_are_left_out(photos, large):
    assert [tuple(photo.shape) for photo in large] == [(3, 300, 300), (3, 240, 300), (3, 300, 300)]
    (smaller, *_) = load_photos("test", datasets=[photos], longest=100, limit=2)
    assert smaller.shape == (3, 100, 100)
    assert [photo.shape[1] for photo in load_photos("train", datasets=[photos, photos], shortest=50)] == [50] * 6


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"split": "test"}, "has no split 'test'; it has train, valid"),
        ({"dataset": "nobody/nothing"}, "nobody/nothing cannot be loaded: "),
        ({"dataset": "no/such/folder"}, "no/such/folder cannot be loaded: "),
        ({"classes": ["n00000000"]}, "has no class 'n00000000'"),
    ],
)
def test_what_a_dataset_lacks_is_named(dataset, wrong, message):
    with pytest.raises(ValueError, match=message):
        load_images(**({"split": "train", "dataset": dataset} | wrong))


def test_a_dataset_without_images_is_named(dataset, monkeypatch):
    monkeypatch.setattr("train.data.IMAGE_COLUMN", "picture")
    with pytest.raises(ValueError, match="has no column 'picture'; it has image, label"):
        load_images("train", dataset=dataset)


def test_what_is_held_out_is_not_learned_from(images):
    held = held_out(len(images))
    assert held.shape == (len(images),) and held.sum() == 3
    assert held_out(98_000).sum() == 1000


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
    # The ramp keeps as much of its span as is seen of the width.
    span = (out[:, 0, 32, 0] - out[:, 0, 32, -1]).abs() / 0.6
    assert LEAST_CROP - 0.01 < span.min() and span.max() <= 1.001 and np.ptp(span.numpy()) > 0.9 * (1 - LEAST_CROP)


@pytest.mark.parametrize("size", [96, 256])
def test_crops_of_photographs_have_the_size_asked_for_and_their_colours(large, generator, size):
    L, ab = draw_crops(large, size, 3, generator)
    assert L.shape == (3, 1, size, size) and ab.shape == (3, 2, size, size)
    _, all_ab = whole_batch(large[0][None])
    assert ab.norm(dim=1).max() < 1.5 * all_ab.norm(dim=1).max()


def test_a_step_sees_small_images_or_crops_and_about_as_many_pixels_of_either(images, large):
    pictures = Pictures(images, torch.zeros(len(images)), large)
    shapes = set()
    for step in range(40):
        L, ab, hint_ab, hint_mask = draw_examples(pictures, PRESETS["full"], 16, random_stream(0, step, 0, CPU))
        assert L.shape[2:] == ab.shape[2:] == hint_ab.shape[2:] == hint_mask.shape[2:]
        assert 0.7 < L.numel() / (16 * 64 * 64) < 1.4
        shapes.add(L.shape[2])
    assert shapes == {64, 96, 128, 192, 256}


def test_the_report_sees_small_images_with_the_lightness_they_have(images):
    L, ab, _, _ = draw_examples(
        Pictures(images, torch.zeros(len(images)), []), PRESETS["report"], 4, random_stream(0, 3, 0, CPU)
    )
    expected = draw_batch(images, 4, random_stream(0, 3, 0, CPU))
    assert torch.equal(L, expected[0]) and torch.equal(ab, expected[1])


def test_ageing_touches_the_share_asked_for_and_stays_a_lightness(images, generator):
    L = whole_batch(images)[0].repeat(5, 1, 1, 1)
    aged = film_degradation(L, 0.4, generator)
    changed = (aged != L).flatten(1).any(1)
    assert 0.25 < changed.float().mean() < 0.55
    assert aged.min() >= -1 and aged.max() <= 1.001
    assert torch.equal(film_degradation(L, 0.0, generator), L)


def test_tinting_changes_the_colours_of_a_share_by_one_linear_function_each(images, generator):
    ab = whole_batch(images)[1].repeat(5, 1, 1, 1)
    tinted = colour_jitter(ab, 0.4, generator)
    changed = (tinted != ab).flatten(1).any(1)
    assert 0.25 < changed.float().mean() < 0.55
    known = torch.cat([ab, torch.ones_like(ab[:, :1])], 1).flatten(2).mT  # (N,HW,3)
    told = tinted.flatten(2).mT
    residual = told - known @ torch.linalg.lstsq(known, told).solution
    assert residual.abs().max() < 1e-4
    assert torch.equal(colour_jitter(ab, 0.0, generator), ab)


def test_patches_are_of_other_pictures_with_their_colours_and_belong_to_no_class(images, generator):
    L, ab = whole_batch(images[:8])
    labels = torch.arange(8)
    patched_L, patched_ab, patched_labels = cutmix(L, ab, labels, 0.5, generator)
    changed = patched_L != L
    assert torch.equal(changed, changed & (patched_L == L.roll(1, 0)))
    assert torch.equal(torch.where(changed, ab.roll(1, 0), ab), patched_ab)
    touched = patched_labels == -1
    assert 0 < touched.sum() < 8 and torch.equal(changed.flatten(1).any(1), touched)
    assert torch.equal(patched_labels[~touched], labels[~touched])


def test_what_is_hidden_is_one_grey_rectangle_of_at_most_a_quarter(images, generator):
    L = whole_batch(images)[0]
    hidden = cutout(L, 0.5, generator)
    changed = hidden != L
    assert 0.2 < changed.flatten(1).any(1).float().mean() < 0.8
    for picture, where in zip(hidden, changed, strict=True):
        if where.any():
            assert picture[where].unique().numel() == 1 and where.float().mean() <= 0.26
            rows, columns = (where[0].any(dim).nonzero().flatten() for dim in (1, 0))
            assert (rows.diff() <= 2).all() and (columns.diff() <= 2).all()


def test_many_rows_are_decoded_by_several_processes_in_their_order(dataset, monkeypatch):
    alone = load_images("train", dataset=dataset)
    monkeypatch.setattr("train.data.ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    pictures, classes = load_images("train", dataset=dataset)
    assert torch.equal(pictures, alone[0]) and classes == alone[1]


def test_a_dataset_that_fails_without_a_word_is_named_all_the_same(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError

    monkeypatch.setattr("train.data.load_dataset", fail)
    with pytest.raises(ValueError, match="cannot be loaded: OSError"):
        load_images("train", dataset=str(tmp_path))
