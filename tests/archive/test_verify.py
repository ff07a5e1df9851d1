"""Compare the pictures of an archive with its manifest."""

import json

from colouru.archive.manifest import MANIFEST_NAME
from tests.archive.runs import exit_status, run_archive


def test_verify_finds_each_difference_from_the_manifest(model, scans, tmp_path, capsys):
    out = tmp_path / "out"
    (scans / "broken.jpg").touch()
    run_archive(model, scans, out)
    assert exit_status("--verify", out) == 0
    assert capsys.readouterr().out == f"pictures: 3; not as {MANIFEST_NAME} says: 0; photos without one: 1\n"
    content = bytearray((out / "000.jpg").read_bytes())
    content[-20] ^= 1
    (out / "000.jpg").write_bytes(content)
    (out / "001.jpg").unlink()
    lines = (out / MANIFEST_NAME).read_text().splitlines()
    forged = json.loads(lines[2]) | {"weights_sha256": "0" * 64, "hints_sha256": "1" * 64}
    (out / MANIFEST_NAME).write_text("\n".join([*lines[:2], json.dumps(forged)]) + "\n")
    (out / "foreign.jpg").touch()
    assert exit_status("--verify", out) == 3
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "000.jpg: its picture 000.jpg is no longer as it was written",
        "001.jpg: its picture 001.jpg is missing",
        "002.jpg: its picture 002.jpg names other weights and hints than the manifest",
        f"foreign.jpg: it is not in {MANIFEST_NAME}",
    ]


def test_verify_reads_no_file_outside_the_folder(model, scans, tmp_path, capsys):
    out = tmp_path / "out"
    run_archive(model, scans, out)
    lines = (out / MANIFEST_NAME).read_text().splitlines()
    forged = json.loads(lines[0]) | {"picture": "../scans/000.jpg"}
    (out / MANIFEST_NAME).write_text("\n".join([json.dumps(forged), *lines[1:]]) + "\n")
    assert exit_status("--verify", out) == 3
    assert "the name ../scans/000.jpg leads out of its folder" in capsys.readouterr().err


def test_verify_says_that_there_is_no_manifest(tmp_path, capsys):
    assert exit_status("--verify", tmp_path) == 1
    assert capsys.readouterr().err.startswith(f"colouru: there is no {MANIFEST_NAME} in")
