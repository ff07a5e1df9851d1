"""Models from a Hub on loopback, over real HTTP and with its unmodified client: complete, of one commit, or refused."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import torch
from huggingface_hub import constants

from colouru import pipeline
from colouru.model import MAX_WEIGHTS_BYTES, WeightsError, read_model
from colouru.pipeline import find_model
from colouru.ui import session
from tests.browser import running_app
from tests.hub_server import TOKEN

WEIGHTS = "model.safetensors"


@pytest.fixture
def files(untrained_model) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in untrained_model.iterdir()}


@pytest.fixture
def published(hub, repo, files) -> str:
    """The id of a model that is on the Hub and not in the cache."""
    hub.put("models", repo, files)
    return repo


@pytest.fixture
def nowhere(monkeypatch):
    """Set the Hub's address to one where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", address(probe))


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def same(model, folder) -> bool:
    expected = read_model(folder, "there")
    pairs = ((getattr(model, role).state_dict(), getattr(expected, role).state_dict()) for role in ("baseline", "gan"))
    return all(
        found.keys() == true.keys() and all(torch.equal(found[k], true[k]) for k in true) for found, true in pairs
    )


def test_a_model_of_the_hub_is_that_which_was_published(hub, published, untrained_model, colourful):
    commit = hub.repositories["models", published].branches["main"]
    colourize = pipeline(published)
    assert same(colourize.model, untrained_model)
    assert colourize.source.startswith(f"{published}@{commit} (sha256 ")
    assert colourize.model.name == f"{published}@{commit}"
    assert colourize(colourful).gan.size == (64, 48)


def test_both_files_come_from_the_commit_that_the_branch_was_at(hub, published, untrained_model):
    commit = hub.repositories["models", published].branches["main"]
    # A new commit is published during the download.
    overtake = {"config.json": b"{}", WEIGHTS: b"other"}
    hub.break_next("HEAD", f"{published}/resolve/.*/config.json", then=lambda: hub.put("models", published, overtake))
    with hub.recorded() as requests:
        assert same(find_model(published), untrained_model)
    assert sum("/api/" in request.path for request in requests) == 1
    assert all(f"/resolve/{commit}/" in request.path for request in requests if "/resolve/" in request.path)


def test_what_is_in_the_cache_is_not_asked_for_again(hub, published):
    commit = hub.repositories["models", published].branches["main"]
    find_model(published)
    with hub.recorded() as requests:
        find_model(published)
    assert [request.method for request in requests] == ["GET"]
    with hub.recorded() as requests:
        find_model(published, revision=commit)
    assert not requests


def test_a_tag_is_a_revision(hub, published, files):
    repository = hub.repositories["models", published]
    repository.tags["v1.0"] = first = repository.branches["main"]
    hub.put("models", published, {"config.json": b"{}"})
    assert f"@{first} " in find_model(published, revision="v1.0").source
    with pytest.raises(WeightsError, match="is not a model that this version of ColourU can read"):
        find_model(published)


def test_without_the_hub_the_cache_is_enough(hub, published):
    source = find_model(published).source
    hub.break_next("GET", published, times=9, drop=True)
    assert find_model(published).source == source


def test_a_hub_that_is_away_is_said_within_a_second(hub, repo, nowhere):
    started = time.monotonic()
    with pytest.raises(
        WeightsError, match=f"^the Hub does not answer and {repo} is not in the cache .*Connection refused"
    ):
        find_model(repo)
    assert time.monotonic() - started < 1


def test_a_hub_that_takes_the_call_and_says_nothing_is_not_waited_for_for_ever(repo, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", address(silent))
        monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.2)
        with pytest.raises(WeightsError, match="the Hub does not answer"):
            find_model(repo)


def test_offline_the_cache_is_all_there_is(hub, published, untrained_model):
    find_model(published)
    program = """
import sys
from colouru.model import WeightsError
from colouru.pipeline import find_model
print(find_model(sys.argv[1]).source)
try:
    find_model("tester/never-fetched")
except WeightsError as error:
    print(error)
"""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with hub.recorded() as requests:
        run = [sys.executable, "-c", program, published]
        cached, missing = subprocess.check_output(run, env=environment, text=True).splitlines()
    assert cached.startswith(f"{published}@")
    assert "tester/never-fetched is not in the cache, and HF_HUB_OFFLINE forbids to fetch it" in missing
    assert not requests


def test_the_token_goes_to_the_hub_and_never_to_where_large_files_are(hub, published, token):
    hub.repositories["models", published].private = True
    with hub.recorded() as requests:
        find_model(published)
    assert {request.token for request in requests if request.server == "hub"} == {TOKEN}
    assert [request.token for request in requests if request.server == "storage"] == [""]


def test_a_token_can_be_given_in_code(hub, published):
    hub.repositories["models", published].private = True
    find_model(published, token=TOKEN)


def test_a_private_model_is_like_none(hub, published):
    hub.repositories["models", published].private = True
    for wanted in (published, "tester/never-made"):
        with pytest.raises(WeightsError, match=f"^there is no model {wanted} on the Hub, nor a folder .* set HF_TOKEN"):
            find_model(wanted)


def test_a_gated_model_says_where_its_terms_are(hub, published, token):
    hub.repositories["models", published].gated = True
    with pytest.raises(
        WeightsError, match=f"is gated: accept its terms on {hub.endpoint}/{published}, then set HF_TOKEN"
    ):
        find_model(published)


def test_a_wrong_token_is_said(hub, published, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    with pytest.raises(WeightsError, match=r"^the Hub refuses your token \(401\): log in with `hf auth login`"):
        find_model(published)


@pytest.mark.parametrize("revision", ["v9", "0" * 40])
def test_a_revision_that_does_not_exist_is_said(published, revision):
    with pytest.raises(WeightsError, match=f"has no revision '{revision}'; take one of those on .*/commits/main"):
        find_model(published, revision=revision)


@pytest.mark.parametrize(
    "others, message",
    [
        ({"README.md": b"# Data"}, "is not a ColourU model: it lacks config.json or model.safetensors"),
        (
            {"config.json": b'{"model_type": "bert"}', WEIGHTS: b"large"},
            "not a model that this version of ColourU can read",
        ),
        ({"pytorch_model.bin": b"\x80\x04."}, "is not a ColourU model: it lacks config.json or model.safetensors"),
    ],
)
def test_another_kind_of_model_is_said_before_its_weights_come_down(hub, repo, others, message):
    hub.put("models", repo, others)
    with hub.recorded() as requests, pytest.raises(WeightsError, match=message):
        find_model(repo)
    assert not any(request.server == "storage" for request in requests)


def test_weights_beyond_all_memory_are_not_fetched(hub, repo, files, monkeypatch):
    hub.put("models", repo, files)
    monkeypatch.setattr("colouru.hub.MAX_WEIGHTS_BYTES", len(files[WEIGHTS]) - 1)
    message = "model.safetensors of .* bytes; at most .* are fetched"
    with hub.recorded() as requests, pytest.raises(WeightsError, match=message):
        find_model(repo)
    assert not any(request.server == "storage" for request in requests) and MAX_WEIGHTS_BYTES > 100_000_000


def test_a_hub_that_fails_is_said(hub, published, impatient):
    hub.break_next("GET", f"api/models/{published}", status=500)
    with pytest.raises(WeightsError, match="the Hub does not answer and .*500 Internal Server Error"):
        find_model(published)
    hub.break_next("HEAD", "config.json", status=500, times=99)
    with pytest.raises(WeightsError, match="the Hub does not answer and .*500 Internal Server Error"):
        find_model(published)
    hub.faults.clear()
    for status in (500, 403, 404):
        hub.break_next("GET", r"^/[0-9a-f]{64}$", status=status)
        with pytest.raises(WeightsError, match=f"the Hub .*{status}"):
            find_model(published)
    find_model(published)


def test_a_connection_that_breaks_once_is_made_again(hub, published, untrained_model, impatient):
    hub.break_next("GET", r"^/[0-9a-f]{64}$", keep_bytes=1000)
    with hub.recorded() as requests:
        assert same(find_model(published), untrained_model)
    assert sum(request.server == "storage" for request in requests) == 2


def test_a_connection_that_always_breaks_is_said(hub, published, impatient):
    hub.break_next("GET", r"^/[0-9a-f]{64}$", keep_bytes=0, times=99)
    with pytest.raises(WeightsError, match=f"{published} could not be fetched .*; try again"):
        find_model(published)
    hub.faults.clear()
    hub.break_next("GET", r"^/[0-9a-f]{64}$", drop=True, times=99)
    with pytest.raises(WeightsError, match=f"{published} could not be fetched .*; try again"):
        find_model(published)
    hub.faults.clear()
    find_model(published)


@pytest.mark.parametrize("file", [r"^/[0-9a-f]{64}$", "config.json"])
def test_what_arrives_damaged_is_fetched_once_more(hub, published, untrained_model, file):
    hub.break_next("GET", file, flip=True)
    assert same(find_model(published), untrained_model)


def test_what_arrives_damaged_twice_is_said_and_mended_another_time(hub, published, untrained_model):
    hub.break_next("GET", r"^/[0-9a-f]{64}$", flip=True, times=2)
    with pytest.raises(WeightsError, match=f"the weights of {published}@.* do not have the sha256 in its config.json"):
        find_model(published)
    assert same(find_model(published), untrained_model)


def test_weights_published_with_the_wrong_hash_are_refused(hub, repo, files):
    hub.put("models", repo, files | {WEIGHTS: files[WEIGHTS][:-1] + b"\x01"})
    with pytest.raises(WeightsError, match="do not have the sha256 in its config.json"):
        find_model(repo)


@pytest.mark.slow
def test_the_app_serves_the_model_that_is_named_to_it(hub, published, monkeypatch):
    commit = hub.repositories["models", published].branches["main"]
    monkeypatch.setenv("COLOURU_MODEL", published)
    with running_app() as app:
        page = urllib.request.urlopen(f"{app}/config").read().decode()
    assert f"{published}@{commit} (sha256 " in page


@pytest.mark.slow
def test_the_command_line_takes_a_model_of_the_hub(hub, published, tmp_path):
    photo, command = "docs/screenshot.png", [sys.executable, "-m", "colouru"]
    run = [*command, photo, "--model", published, "--revision", "v9", "-o", str(tmp_path / "out.png")]
    done = subprocess.run(run, stderr=subprocess.PIPE, text=True)
    assert done.stderr.startswith(f"colouru: {published} has no revision 'v9'") and done.stderr.count("\n") == 1


def test_the_app_says_in_one_sentence_what_it_cannot_serve(hub, repo, monkeypatch):
    monkeypatch.setenv("COLOURU_MODEL", repo)
    with pytest.raises(
        SystemExit, match=f"^colouru: there is no model {repo} on the Hub, nor a folder of that name here"
    ):
        session.colourizer.__wrapped__()


def test_a_config_that_is_too_large_is_not_fetched(hub, repo, files):
    hub.put("models", repo, files | {"config.json": b" " * 2_000_000})
    with hub.recorded() as requests, pytest.raises(WeightsError, match="config.json of 2,000,000 bytes; at most"):
        find_model(repo)
    assert not any(request.method == "GET" and "config.json" in request.path for request in requests)
