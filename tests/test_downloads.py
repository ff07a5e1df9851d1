"""Downloads of one photo and of several."""

import os
import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from colouru.hints import Hint, hints_from_json
from colouru.images.photo import open_photo
from colouru.pipeline import pipeline
from colouru.ui import batch, downloads, handlers, i18n, messages, page, references
from colouru.ui.session import PREVIEW_SIDE

DOT = Hint(x=0.7, y=0.3, colour="#d02020", size=0.06, note="the flag")
pytestmark = pytest.mark.usefixtures("notices")


def start(path: Path) -> tuple:
    return handlers.start_session({"path": str(path), "hints": None})


def asked(kind: str, **more) -> dict:
    """A download request with one hint."""
    return {"kind": kind, "hints": [DOT.to_dict()], **more}


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "get_upload_folder", lambda: "/")


@pytest.fixture
def session(tmp_path):
    Image.fromarray(astronaut()).resize((900, 700)).save(tmp_path / "photo.jpg")
    return start(tmp_path / "photo.jpg")[0]


@pytest.mark.parametrize(
    "kind, name, size",
    [
        ("gan-png", "photo-gan.png", (900, 700)),
        ("gan-jpg", "photo-gan.jpg", (900, 700)),
        ("baseline-png", "photo-baseline.png", (900, 700)),
        ("layer", "photo-layer.png", (900, 700)),
        ("pair", "photo-pair.jpg", (900, 1400)),
    ],
)
def test_each_download_has_the_photo_s_own_size_and_leaves_nothing_behind(session, kind, name, size):
    download = downloads.download(session, asked(kind))
    file = next(download)
    assert Path(file).name == name
    with Image.open(file) as picture:
        assert picture.size == size and picture.mode == ("RGBA" if kind == "layer" else "RGB")
    assert list(download) == [] and not Path(file).exists()


def test_the_hints_are_saved_with_their_notes(session):
    download = downloads.download(session, asked("hints"))
    assert hints_from_json(Path(next(download)).read_text("utf-8")) == [DOT]


@pytest.mark.parametrize("kind", ["gan-png", "gan-jpg"])
def test_a_saved_picture_opens_again_with_its_hints_and_claims_no_loss(session, notices, kind):
    download = downloads.download(session, asked(kind))
    again, shown = start(next(download))
    assert again.hints == (DOT,) and shown["hints"] == [DOT.to_dict()]
    assert "no original to compare with" in again.canvas.no_loss_because
    assert i18n.HINTS_RESTORED.format(count=1) in notices


def test_the_pair_does_not_open_with_hints_that_lie_elsewhere_in_it(session):
    download = downloads.download(session, asked("pair"))
    provenance = open_photo(next(download)).provenance
    assert provenance.hints == () and provenance.network == "gan"


def test_what_is_shown_paler_is_saved_paler(session):
    def chroma(saturation: float) -> float:
        download = downloads.download(session, asked("gan-png", saturation=saturation))
        picture = np.asarray(Image.open(next(download))).astype(int)
        return (picture.max(2) - picture.min(2)).mean()

    assert chroma(0.5) < 0.8 * chroma(1)


def test_a_download_without_a_photo_says_what_to_do(session):
    with pytest.raises(gr.Error, match="Choose a photo first"):
        next(downloads.download(None, asked("gan-png")))
    for nonsense in (None, asked("../secrets"), {"kind": "gan-png"}, asked("gan-png", saturation=9)):
        with pytest.raises(gr.Error):
            next(downloads.download(session, nonsense))
    Path(session.path).unlink()
    with pytest.raises(gr.Error, match="dropped an hour after"):
        next(downloads.download(session, asked("gan-png")))


def test_what_the_browser_composes_is_what_is_saved(tmp_path):
    Image.fromarray(astronaut()).resize((900, 700)).save(tmp_path / "photo.png")
    session, _ = start(tmp_path / "photo.png")
    download = downloads.download(session, asked("gan-png", saturation=1.5))
    saved = np.asarray(Image.open(next(download))).astype(int)
    shown = np.asarray(session.canvas.colour([DOT], ["gan"], 1.5)["gan"][0]).astype(int)
    assert max(session.size) < PREVIEW_SIDE and np.abs(saved - shown).max() == 0
    assert messages.parse_request(asked("gan-png", saturation=1.5)).view.saturation == 1.5


def asked_all(folder: Path, names: tuple[str, ...], **more) -> dict:
    return {"photos": [{"path": str(folder / name), "hints": None} for name in names], **more}


def zipped(value: dict, check) -> None:
    """Run `check` on the archive, which is deleted afterwards."""
    for _, path in batch.colour_all(value):
        if isinstance(path, str):
            with zipfile.ZipFile(path) as archive:
                check(archive)


def test_several_photos_come_back_in_one_archive_each_with_its_own_hints(tmp_path, notices):
    Image.fromarray(camera()).save(tmp_path / "a.png")
    Image.fromarray(astronaut()).save(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_text("no photo")
    value = asked_all(tmp_path, ("a.png", "b.jpg", "c.jpg"))
    value["photos"][1] |= {"hints": [DOT.to_dict()], "saturation": 1.4}

    def check(archive: zipfile.ZipFile) -> None:
        assert sorted(archive.namelist()) == ["a-gan.png", "b-gan.jpg", "problems.txt"]
        assert "c.jpg is not a picture" in archive.read("problems.txt").decode()
        archive.extractall(tmp_path / "out")

    zipped(value, check)
    assert open_photo(tmp_path / "out" / "a-gan.png").provenance.hints == ()
    provenance = open_photo(tmp_path / "out" / "b-gan.jpg").provenance
    assert provenance.hints == (DOT,) and provenance.saturation == 1.4
    assert notices == [i18n.PROBLEMS.format(count=1)]


def test_the_baseline_and_the_losses_are_in_the_archive_on_request_and_names_do_not_collide(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(astronaut()[::4, ::4]).save(tmp_path / folder / "a.png")

    def check(archive: zipfile.ZipFile) -> None:
        pictures = ["a-baseline.png", "a-gan.png", "a-baseline-2.png", "a-gan-2.png"]
        assert sorted(archive.namelist()) == sorted([*pictures, "losses.csv"])
        header, first, second = archive.read("losses.csv").decode().splitlines()
        assert header == "photo,dots,baseline,gan" and first == second
        name, dots, baseline, gan = first.split(",")
        assert (name, dots) == ("a.png", "0") and 0 < float(gan) < 1.5 and 0 < float(baseline) < 1.5

    zipped(asked_all(tmp_path, ("one/a.png", "two/a.png"), baseline=True, losses=True), check)


def test_an_archive_of_nothing_usable_says_why(tmp_path):
    for nonsense in (None, [], {}, {"photos": []}, {"photos": "all"}):
        with pytest.raises(gr.Error, match="Choose some photos first"):
            next(batch.colour_all(nonsense))
    (tmp_path / "diary.jpg").write_text("Dear diary")
    with pytest.raises(gr.Error, match="diary.jpg is not a picture"):
        list(batch.colour_all(asked_all(tmp_path, ("diary.jpg",))))
    with pytest.raises(gr.Error, match="at most 500"):
        next(batch.colour_all(asked_all(tmp_path, ("diary.jpg",) * 501)))


def test_among_several_a_photo_is_seen_small_with_its_losses_and_hints(tmp_path):
    Image.fromarray(astronaut()).resize((900, 700)).save(tmp_path / "photo.jpg")
    seen = batch.preview({"path": str(tmp_path / "photo.jpg"), "hints": [DOT.to_dict()], "stamp": 7})
    assert seen["stamp"] == 7 and seen["hints"] == [DOT.to_dict()] and seen["picture"].startswith("data:image/jpeg")
    canvas = start(tmp_path / "photo.jpg")[0].canvas
    expected = canvas.losses(canvas.chroma([DOT]), [DOT])
    for role, loss in seen["losses"].items():
        assert abs(loss - expected[role]) < 0.02
    for nonsense in ({"path": "/nowhere", "stamp": 8}, {"path": str(tmp_path / "photo.jpg"), "hints": [7], "stamp": 8}):
        assert batch.preview(nonsense)["stamp"] == 8 and batch.preview(nonsense)["problem"]
    assert batch.preview(None) == {"type": "preview", "stamp": None, "problem": batch.preview(None)["problem"]}


def test_what_is_still_here_of_several_photos_is_told_and_kept(tmp_path):
    (tmp_path / "here.png").write_bytes(b"")
    os.utime(tmp_path / "here.png", (0, 0))
    assert batch.uploads_present([str(tmp_path / "here.png"), str(tmp_path / "gone.png"), 7]) == [True, False, False]
    assert (tmp_path / "here.png").stat().st_mtime > 0
    assert batch.uploads_present(None) == []


def of_one_series(folder: Path) -> list[dict]:
    """Two views of one scene as a browser sends them, the first with hints, and a file that is no photo."""
    for name, crop in (("a.png", astronaut()[:360, :360]), ("b.png", astronaut()[-360:, -360:])):
        Image.fromarray(crop).save(folder / name)
    (folder / "diary.jpg").write_text("Dear diary")
    suit = DOT.to_dict() | {"x": 0.75, "y": 0.9, "colour": "#2040ff"}
    return [{"path": str(folder / name), "hints": hints} for name, hints in (("a.png", [suit]), ("b.png", []))] + [
        {"path": str(folder / "diary.jpg"), "hints": [suit]}
    ]


def test_in_a_series_a_photo_is_seen_opened_and_saved_as_the_hints_of_the_others_tell(tmp_path):
    first, second, diary = of_one_series(tmp_path)
    alone = batch.preview(second)
    followed_preview = batch.preview(second | {"references": [first, diary, 7]})
    assert followed_preview["picture"] != alone["picture"] and followed_preview["hints"] == []
    assert batch.preview(second | {"references": "all"})["picture"] == alone["picture"]

    session, shown = handlers.start_session(second | {"references": [first, diary]})
    assert shown["losses"]["gan"] == pytest.approx(followed_preview["losses"]["gan"], rel=0.02)
    *_, (session, _) = handlers.edit(session, {"hints": [], "stamp": 1})
    download = downloads.download(session, {"kind": "gan-png", "hints": []})
    saved = open_photo(next(download))
    assert saved.provenance.album == 1
    assert np.array_equal(saved.rgb, np.asarray(session.canvas.colour([], ["gan"])["gan"][0]))


def test_an_archive_of_a_series_is_an_album_of_it_on_request(tmp_path):
    photos = of_one_series(tmp_path)
    for asked_for, followed in ((True, [0, 1]), (False, [0, 0]), ("yes", [0, 0])):
        out = tmp_path / f"out-{asked_for}"
        zipped({"photos": photos, "series": asked_for}, lambda archive, out=out: archive.extractall(out))
        assert [open_photo(out / f"{name}-gan.png").provenance.album for name in "ab"] == followed


def test_a_model_that_knows_no_albums_colours_each_photo_of_a_series_alone(tmp_path, monkeypatch, report_model):
    monkeypatch.setattr(batch, "colourizer", lambda: pipeline(report_model))
    monkeypatch.setattr(references, "colourizer", lambda: pipeline(report_model))
    first, second, _ = of_one_series(tmp_path)
    assert batch.preview(second | {"references": [first]})["picture"].startswith("data:image/jpeg")
    assert page.html_arguments("", references=False)["references"] is False
