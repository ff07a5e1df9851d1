"""The page's temporary folder: what is deleted, and when."""

import os
import time

from colouru.ui import storage


def test_what_is_old_goes_with_its_folder_and_what_is_in_use_stays(tmp_path):
    served = tmp_path / "served"
    for name in ("old/photo.jpg", "new/photo.jpg", "example/cat.png", "upload-part"):
        (served / name).parent.mkdir(parents=True, exist_ok=True)
        (served / name).touch()
    (served / "about-to-be-filled").mkdir()
    time.sleep(0.3)
    os.utime(served / "new" / "photo.jpg")
    (served / "just-made").mkdir()
    storage.delete_old_files(tmp_path, kept={str(served / "example" / "cat.png")}, age_s=0.2)
    left = {str(path.relative_to(served)) for path in served.rglob("*")}
    assert left == {"new", "new/photo.jpg", "example", "example/cat.png", "just-made"}


def test_nobody_is_sent_to_a_folder_that_another_one_made_before(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"colouru-{os.getuid()}").symlink_to(tmp_path / "theirs")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    try:
        storage.create_folder()
    except SystemExit as end:
        assert "belongs to someone else" in str(end)
    else:
        raise AssertionError("the folder was taken")
