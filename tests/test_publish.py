"""A model is published as one version, with a card that says what is known of it, or not at all."""

import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from huggingface_hub import ModelCard

from colouru import pipeline
from colouru.model import read_config, read_model
from colouru.networks import build_colourizer
from tests.conftest import SMALL_NETWORKS
from tests.hub_server import TOKEN
from train import publish
from train.checkpoint import save_checkpoint
from train.evaluate import __main__ as evaluate
from train.hub_upload import push
from train.model_card import model_card

TAG = "v7.0"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder with the checkpoints of two networks that have learned nothing."""
    folder = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    for name, colourizer in SMALL_NETWORKS.items():
        weights = build_colourizer(**colourizer).state_dict()
        (folder / name).mkdir()
        state = {"step": 123, "colourizer": colourizer, "weights": weights, "arguments": {"preset": "report"}}
        save_checkpoint(folder / name, state)
    return folder


@pytest.fixture(scope="module")
def evaluation(runs, dataset):
    """What train.evaluate leaves of that model."""
    arguments = [f"--baseline={runs / 'baseline'}", f"--gan={runs / 'gan'}", f"--folder={runs / 'first'}"]
    publish.main([*arguments, "--working-size", "32", "64"])
    options = ["--preset", "report", "--limit", "12", f"--out={runs / 'evaluation'}"]
    evaluate.main([f"--model={runs / 'first'}", f"--dataset={dataset}", *options])
    return runs / "evaluation"


def arguments(runs, folder, *more):
    networks = [f"--baseline={runs / 'baseline'}", f"--gan={runs / 'gan'}", "--working-size", "32", "64"]
    return [*networks, f"--folder={folder}", *more]


@pytest.fixture(scope="module")
def release(runs, evaluation, tmp_path_factory):
    """The folder of a version that is ready to be sent."""
    folder = tmp_path_factory.mktemp("release")
    publish.main(
        arguments(runs, folder, "--repo=tester/model", f"--tag={TAG}", f"--evaluation={evaluation}", "--dry-run")
    )
    return folder


@pytest.fixture
def names(release):
    return sorted(path.name for path in release.iterdir())


def test_a_dry_run_shows_the_folder_and_sends_nothing(hub, runs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(publish, "save_examples", lambda path, colourize: path.write_bytes(b"a sheet"))
    with hub.recorded() as requests:
        publish.main(arguments(runs, tmp_path, "--repo=tester/model", "--dry-run"))
    shown = capsys.readouterr().out
    assert not requests and shown.endswith("nothing was sent\n")
    assert all(str(path) in shown for path in tmp_path.iterdir())
    assert "This version was not measured." in (tmp_path / "README.md").read_text()
    assert not (tmp_path / "metrics.json").exists()


def test_a_version_is_one_commit_and_a_tag_and_comes_back_bit_for_bit(hub, repo, token, runs, evaluation, tmp_path):
    with hub.recorded() as requests:
        publish.main(arguments(runs, tmp_path, f"--repo={repo}", f"--tag={TAG}", f"--evaluation={evaluation}"))
    repository = hub.repositories["models", repo]
    assert sum("/commit/" in request.path for request in requests) == 1
    assert repository.tags == {TAG: repository.branches["main"]}
    files = repository.commits[repository.tags[TAG]]
    assert {name: content for name, content in files.items() if name != ".gitattributes"} == {
        path.name: path.read_bytes() for path in tmp_path.iterdir()
    }
    assert {request.token for request in requests if request.server == "hub"} <= {TOKEN, ""}
    assert {request.token for request in requests if request.server == "storage"} == {""}
    model, sent = pipeline(repo, revision=TAG).model, read_model(tmp_path, "sent")
    assert model.config == sent.config
    assert all(torch.equal(a, b) for a, b in zip(model.gan.parameters(), sent.gan.parameters(), strict=True))


def test_a_version_holds_weights_in_both_precisions_and_no_image_of_the_data(release, names, runs):
    assert names == [
        "README.md",
        "config.json",
        "curve.png",
        "examples.jpg",
        "metrics.json",
        "model.fp32.safetensors",
        "model.safetensors",
    ]
    packed, full = ((release / name).stat().st_size for name in ("model.safetensors", "model.fp32.safetensors"))
    assert 1.7 < full / packed < 2
    assert str(runs) not in (release / "metrics.json").read_text() + (release / "README.md").read_text()


def test_the_card_has_the_figures_for_machines(release):
    figures = json.loads((release / "metrics.json").read_text())
    card = ModelCard.load(release / "README.md").data
    results = {result.metric_args["hints"]: result for result in card.eval_results}
    assert sorted(results) == [0, 1, 2, 5, 10, 20, 50]
    for n, by_name in figures["protocols"]["Protocol T"].items():
        assert results[int(n)].metric_value == by_name["gan"]["normalized_loss"]
        assert results[int(n)].metric_type == "normalized_loss" and results[int(n)].dataset_split == "valid"
    assert (card.library_name, card.pipeline_tag, card.license) == ("colouru", "image-to-image", "other")
    assert card.model_name == "model" and card.datasets == ["zh-plus/tiny-imagenet"]


def test_the_card_says_what_a_person_must_know(release):
    card = (release / "README.md").read_text()
    assert f'pipeline("tester/model", revision="{TAG}")' in card
    for words in (
        "for non-commercial research and education only",
        "Skin",
        "a uniform, a flag",
        "Colours are guesses except where a person gave a hint",
        "32 (baseline) and 64 (GAN) pixels",
        "| GAN: generator | 8-8-8-8-8-8-8 | report | binomial | 123 |",
        "![Normalized loss over the number of hints](curve.png)",
    ):
        assert words in card
    assert all(len(line) < 150 for line in card.splitlines() if line.startswith("|"))


def test_the_card_ranks_the_classes(release):
    figures = json.loads((release / "metrics.json").read_text())
    losses = {f"n{i:08}": {"gan": i / 100, "baseline": 1.0} for i in range(30)}
    card = model_card(
        "tester/model", TAG, read_config(release), {}, figures | {"by class": losses}, ["curve.png"]
    ).splitlines()
    first = card.index("| best | loss | worst | loss |") + 2
    assert card[first] == "| `n00000000` | 0.000 | `n00000029` | 0.290 |"
    assert card[first + 9] == "| `n00000009` | 0.090 | `n00000020` | 0.200 |"
    assert not card[first + 10].startswith("|")


@pytest.mark.parametrize(
    "method, path, fault",
    [
        ("POST", "api/repos/create", {"status": 500}),
        ("GET", "/refs", {"drop": True}),
        ("POST", "validate-yaml", {"status": 500}),
        ("POST", "/preupload/", {"drop": True}),
        ("POST", "objects/batch", {"status": 500}),
        ("PUT", "/[0-9a-f]{64}", {"status": 500}),
        ("PUT", "/[0-9a-f]{64}", {"drop": True}),
        ("POST", "/verify", {"status": 404}),
        ("POST", "/commit/", {"status": 500}),
        ("POST", "/commit/", {"drop": True}),
        ("POST", "/tag/", {"status": 500}),
        ("POST", "/tag/", {"drop": True}),
        # These were done, but whoever asked never heard of it.
        ("POST", "/commit/", {"keep_bytes": 0}),
        ("POST", "/tag/", {"keep_bytes": 0}),
    ],
)
def test_a_push_that_fails_leaves_no_half_version_and_is_finished_by_another(
    hub, repo, token, impatient, release, names, method, path, fault
):
    hub.objects.clear()
    hub.break_next(method, path, times=99, **fault)
    with pytest.raises(ValueError, match=f"^{repo} is not published: .*; the same command goes on with it$") as error:
        push(release, names, repo, TAG)
    assert "\n" not in str(error.value)
    if repository := hub.repositories.get(("models", repo)):
        first, *others = repository.commits.values()
        assert first.keys() == {".gitattributes"} and all(files.keys() == {*first, *names} for files in others)
    hub.faults.clear()
    assert push(release, names, repo, TAG) == f"{hub.endpoint}/{repo}/tree/{TAG}"
    repository = hub.repositories["models", repo]
    assert len(repository.commits) == 2 and repository.tags == {TAG: repository.branches["main"]}


@pytest.mark.slow
def test_a_push_that_is_killed_leaves_nothing_and_is_finished_by_another(hub, repo, token, release, names):
    hub.objects.clear()
    program = (
        "import sys, pathlib, train.hub_upload as h; h.push(pathlib.Path(sys.argv[1]), sys.argv[4:], *sys.argv[2:4])"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(release), repo, TAG, *names])
    hub.break_next("POST", f"{repo}/commit/", drop=True, then=lambda: os.kill(process.pid, signal.SIGKILL))
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert len(hub.repositories["models", repo].commits) == 1
    with hub.recorded() as requests:
        push(release, names, repo, TAG)
    # The large files had come, and are not sent twice.
    assert not any(request.method == "PUT" for request in requests)
    assert pipeline(repo, revision=TAG).source.startswith(f"{repo}@")


def test_publishing_the_same_again_changes_nothing(hub, repo, token, release, names):
    push(release, names, repo, TAG)
    before = dict(hub.repositories["models", repo].commits)
    assert push(release, names, repo, TAG) == f"{hub.endpoint}/{repo}/tree/{TAG}"
    assert hub.repositories["models", repo].commits == before


def test_a_version_never_changes(hub, repo, token, release, names, tmp_path):
    push(release, names, repo, TAG)
    for name in names:
        (tmp_path / name).write_bytes((release / name).read_bytes())
    (tmp_path / "metrics.json").write_text("{}")
    before = dict(hub.repositories["models", repo].commits)
    with pytest.raises(ValueError, match=f"its {TAG} is another version, and versions never change: give a new --tag"):
        push(tmp_path, names, repo, TAG)
    assert hub.repositories["models", repo].commits == before
    push(tmp_path, names, repo, "v7.1")
    assert hub.repositories["models", repo].tags.keys() == {TAG, "v7.1"}


def test_without_a_token_it_is_said_before_anything_is_done(hub, runs, tmp_path):
    with (
        hub.recorded() as requests,
        pytest.raises(SystemExit, match="there is no token to push with: run `hf auth login`"),
    ):
        publish.main(arguments(runs, tmp_path / "model", "--repo=tester/model"))
    assert not requests and not (tmp_path / "model").exists()


def test_a_token_that_may_not_write_is_said(hub, repo, release, names, monkeypatch, token):
    hub.break_next("POST", "/commit/", status=403)
    with pytest.raises(ValueError, match=f"^the Hub does not let your token write to {repo}: give another one"):
        push(release, names, repo, TAG)
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    with pytest.raises(ValueError, match=f"^the Hub does not let your token write to {repo}: give another one"):
        push(release, names, repo, TAG)


def test_figures_of_other_weights_are_refused(runs, evaluation, tmp_path):
    options = ["--repo=tester/model", "--dry-run"]
    figures = json.loads((evaluation / "metrics.json").read_text())
    (tmp_path / "metrics.json").write_text(json.dumps(figures | {"sha256": "0" * 64}))
    with pytest.raises(
        SystemExit, match="measured other weights, .*; run train.evaluate --model on the folder of these"
    ):
        publish.main(arguments(runs, tmp_path / "model", *options, f"--evaluation={tmp_path}"))
    with pytest.raises(SystemExit, match="there is no metrics.json of train.evaluate in"):
        publish.main(arguments(runs, tmp_path / "model", *options, f"--evaluation={tmp_path / 'nowhere'}"))


def test_what_is_for_the_hub_needs_a_repo(runs, tmp_path, capsys):
    with pytest.raises(SystemExit):
        publish.main(arguments(runs, tmp_path, "--dry-run"))
    assert "give its --repo user/name" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="expected --repo user/name, got 'name'"):
        publish.main(arguments(runs, tmp_path, "--repo=name"))
