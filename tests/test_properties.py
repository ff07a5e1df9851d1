"""Properties that hold for every photo and all hints."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from colouru import Hint, pipeline
from colouru.canvas import Canvas
from colouru.colour import AB_SCALE, hex_colour, into_gamut, picture_to_lab
from colouru.hint_maps import hint_regions, hint_squares

HEIGHT, WIDTH = 45, 60

quickly = settings(max_examples=15, deadline=None, derandomize=True)

places = st.floats(0, 1)
colours = st.tuples(*[st.integers(0, 255)] * 3).map(hex_colour)
hints = st.builds(Hint, x=places, y=places, colour=colours, size=st.floats(0.02, 0.5))


@st.composite
def apart(draw) -> list[Hint]:
    """Hints that do not overlap, each in a cell of its own."""
    cells = draw(st.lists(st.integers(0, 11), unique=True, min_size=2, max_size=6))
    at = [((cell % 4 + 0.5) / 4, (cell // 4 + 0.5) / 3) for cell in cells]
    return [Hint(x=x, y=y, colour=draw(colours), size=draw(st.floats(0.02, 0.15))) for x, y in at]


@pytest.fixture(scope="module")
def canvas(untrained_model) -> Canvas:
    """A small photo opened with an untrained model: the properties must hold for any weights."""
    photo = Image.fromarray(astronaut()[:300, :400]).resize((WIDTH, HEIGHT))
    return pipeline(untrained_model, device="cpu").open(photo)


@given(hints=apart(), random=st.randoms(use_true_random=False))
@quickly
def test_the_order_of_hints_that_do_not_overlap_does_not_matter(canvas, hints, random):
    shuffled = random.sample(hints, len(hints))
    one, other = canvas(hints), canvas(shuffled)
    for role in ("baseline", "gan"):
        assert np.array_equal(getattr(one, role), getattr(other, role))


@given(hints=st.lists(hints, max_size=4), saturation=st.floats(0, 2))
@quickly
def test_the_same_gives_the_same(canvas, hints, saturation):
    one, other = canvas(hints, saturation), canvas(hints, saturation)
    for role in ("baseline", "gan"):
        assert np.array_equal(getattr(one, role), getattr(other, role))
    assert one.normalized_loss == other.normalized_loss


@given(below=hints, colour=colours)
@quickly
def test_a_hint_wholly_under_a_later_one_is_as_if_it_were_not_there(canvas, below, colour):
    above = Hint(x=below.x, y=below.y, colour=colour, size=below.size)
    for role in ("baseline", "gan"):
        assert np.array_equal(getattr(canvas([below, above]), role), getattr(canvas([above]), role))


@given(hints=apart())
@quickly
def test_every_hint_is_kept_where_its_colour_exists(canvas, hints):
    coloured = picture_to_lab(np.asarray(canvas(hints).gan))[0]
    for rows, columns, ab in hint_squares(hints, HEIGHT, WIDTH):
        shown = coloured[:, rows, columns].flatten(1)
        asked = torch.cat([shown[:1], (ab * AB_SCALE)[:, None].expand(-1, shown.shape[1])])
        exists = (into_gamut(asked[None, ..., None])[0][0, ..., 0] - asked).norm(dim=0) < 0.1
        missed = (shown - asked).norm(dim=0)[exists & (shown[0] > 5)]
        # The rounding error of bytes is larger in dark colours.
        assert missed.numel() == 0 or (missed.mean() < 1 and missed.max() < 3)


@given(hints=st.lists(hints, max_size=4), saturation=st.floats(0, 2))
@quickly
def test_the_lightness_is_the_photos_own(canvas, hints, saturation):
    result = canvas(hints, saturation)
    L = picture_to_lab(canvas.photo.rgb)[:, 0]
    for role in ("baseline", "gan"):
        difference = (picture_to_lab(np.asarray(getattr(result, role)))[:, 0] - L).abs()
        assert difference.mean() < 0.3 and difference.max() < 2


# With the embedded weights, for properties that must be learned.


@pytest.fixture(scope="module", params=[astronaut, coffee, chelsea], ids=lambda photo: photo.__name__)
def photograph(request) -> np.ndarray:
    picture = Image.fromarray(request.param())
    picture.thumbnail((256, 256))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def colourize():
    return pipeline(device="cpu")


def difference(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The distance of two ab (1,2,h,w) in the networks' units, (h,w) in ab units."""
    return (one - other).norm(dim=1)[0] * AB_SCALE


def test_a_mirrored_photo_has_nearly_the_mirrored_colours(colourize, photograph):
    ab = colourize.open(photograph).chroma([], ["gan"])["gan"]
    mirrored = colourize.open(np.ascontiguousarray(photograph[:, ::-1])).chroma([], ["gan"])["gan"]
    # Not exactly: of its two thumbnails the semantic network sees one as it is and the larger one mirrored.
    assert difference(ab, mirrored.flip(3)).mean() < 1.5


def test_a_hint_of_the_colour_that_is_there_changes_next_to_nothing(colourize, photograph):
    canvas, chance = colourize.open(photograph), np.random.default_rng(0)
    ab, shown = canvas.chroma([], ["gan"])["gan"], canvas.colour([], ["gan"])["gan"][0]
    for x, y in chance.uniform(0.1, 0.9, (4, 2)):
        rows, columns = hint_regions([Hint(x=x, y=y, colour="#000000")], shown.height, shown.width)[0]
        mean = np.asarray(shown)[rows, columns].mean((0, 1)).round().astype(int)
        same = Hint(x=x, y=y, colour=hex_colour(mean))
        changed = difference(canvas.chroma([same], ["gan"])["gan"], ab)
        assert changed.mean() < 0.6 and changed.max() < 4
