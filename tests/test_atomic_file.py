"""Replace a file in one step."""

import pytest

from colouru.atomic_file import PARTIAL_PREFIX, atomic_write


def test_the_new_content_appears_only_at_the_end(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")
    with atomic_write(path) as partial:
        partial.write_bytes(b"new")
        assert partial.parent == tmp_path and partial.name.startswith(PARTIAL_PREFIX) and partial.suffix == ".jpg"
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", [None, "a.jpg.partial"])
def test_an_error_leaves_the_old_content_and_no_partial_file(tmp_path, name):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_write(path, tmp_path / name if name else None) as partial:
        partial.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
