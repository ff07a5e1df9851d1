"""Names of pictures."""

import posixpath

import pytest

from colouru.archive.output_names import picture_names


def names(*photos: str, ending: str | None = None, existing: dict[str, str] | None = None) -> list[str]:
    found = picture_names(photos, ending, existing or {})
    return [found[photo] for photo in photos]


def test_a_picture_has_the_name_of_its_photo_if_it_can_be_saved_in_that_format():
    assert names("a.jpg", "one/b.JPEG", "c.webp", "d.heic", "e", "f.gif") == [
        "a.jpg", "one/b.JPEG", "c.webp", "d.heic.png", "e.png", "f.gif.png",
    ]  # fmt: skip


def test_a_chosen_ending_is_added_to_names_with_another():
    assert names("a.jpg", "a.png", "a.PNG.jpg", ending=".png") == ["a.jpg.png", "a.png", "a.PNG.jpg.png"]


@pytest.mark.parametrize(
    "one, two",
    [
        ("A.jpg", "a.jpg"),
        ("a.JPG", "a.jpg"),
        ("ONE/a.jpg", "one/a.jpg"),
        ("STRASSE.jpg", "straße.jpg"),
        ("e\u0301.jpg", "\u00e9.jpg"),
        ("a.heic", "a.heic.png"),
    ],
)
def test_names_that_a_file_system_may_take_for_equal_get_different_pictures(one, two):
    first, second = names(one, two)
    assert first.casefold() != second.casefold() and names(two, one) == [second, first]


def test_a_name_stays_when_photos_are_added():
    (alone,) = names("a.jpg")
    together = names("A.jpg", "a.jpg", existing={"a.jpg": alone})
    assert together[1] == alone and together[0] != alone
    assert names("A.jpg", "a.jpg", existing=dict(zip(("A.jpg", "a.jpg"), together, strict=True))) == together


def test_a_name_with_slashes_or_dots_too_many_stays_inside_the_output_folder():
    assert names("/tmp/x.jpg", "a//b.jpg", "../c.jpg", "d/./e.gif") == ["tmp/x.jpg", "a/b.jpg", "c.jpg", "d/e.gif.png"]
    first, second = names("/tmp/x.jpg", "tmp/x.jpg")
    assert first != second and posixpath.dirname(first) == posixpath.dirname(second) == "tmp"


def test_a_picture_does_not_get_the_name_of_a_folder_of_photos():
    first, second = names("b", "b.png/c.png")
    assert first.startswith("b~") and second == "b.png/c.png"
    assert names("b", "B.PNG/c.png", existing={"b": "b.png"})[0] == first


def test_another_format_gives_another_name():
    assert names("a.jpg", ending=".png", existing={"a.jpg": "a.jpg"}) == ["a.jpg.png"]


def test_no_name_is_longer_than_file_systems_allow():
    first, second = names("é" * 125 + ".heic", "é" * 125 + ".heif")
    assert first != second and max(len(first.encode()), len(second.encode())) <= 255
    assert first.endswith(".png") and first.startswith("é" * 100)


def test_a_name_that_is_not_valid_utf8_can_be_shortened():
    (name,) = names("\udce9" * 252 + ".gif")
    assert len(name.encode("utf-8", "surrogateescape")) <= 255
