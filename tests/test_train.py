"""The stages as a person runs them: short runs on small images, in this process or, where it must die, in another."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from colouru.model import load_model
from colouru.networks import generator as generator_module
from train import adversary, album, gan, interpolate, pretrain, prior, publish, semantic
from train import generator as hint_stage
from train.checkpoint import load_checkpoint, save_checkpoint, trained_colourizer
from train.evaluate import __main__ as evaluate
from train.evaluate import constants, examples
from train.evaluate import references as measured_references
from train.pretrained import pretrained_encoder

pytestmark = pytest.mark.slow


def arguments(dataset, out, steps, **more):
    options = {
        "dataset": dataset,
        "out": out,
        "steps": steps,
        "batch-size": 8,
        "eval-every": 4,
        "save-every": 2,
        "preset": "report",
    }
    return [part for name, value in (options | more).items() for part in (f"--{name}", str(value))]


def lines(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def stages(dataset, photos, tmp_path_factory):
    """The folder in which every stage has run once: the report's, and then those of what ships."""
    folder = tmp_path_factory.mktemp("runs")
    pretrain.main(["--network", "autoencoder", *arguments(dataset, folder / "baseline", 120, **{"eval-every": 40})])
    pretrain.main(["--network", "unet", *arguments(dataset, folder / "generator", 24, **{"eval-every": 8})])
    more = {"generator": folder / "generator", "discriminator-steps": 3}
    gan.main(arguments(dataset, folder / "gan", 3, **more))
    names = {"baseline": "baseline", "gan": "gan", "folder": "model"}
    publish.main([f"--{name}={folder / value}" for name, value in names.items()])
    full = {"preset": "full", "photos": photos}
    semantic.main(arguments(dataset, folder / "semantic", 24, **full, **{"eval-every": 8}))
    more = {"semantic": folder / "semantic", "eval-every": 8}
    pretrain.main(["--network", "generator", *arguments(dataset, folder / "full", 24, **full, **more)])
    more = {"generator": folder / "full", "discriminator-steps": 2}
    gan.main(arguments(dataset, folder / "full-gan", 2, **full, **more))
    networks = [f"--baseline={folder / 'baseline'}", f"--gan={folder / 'full-gan'}"]
    publish.main([*networks, f"--folder={folder / 'full-model'}", "--working-size", "64", "96"])
    return folder


def test_training_lowers_the_loss(stages):
    first, *_, last = lines(stages / "baseline")
    assert last["loss_at_5"] < 0.9 * first["loss_at_5"]
    # Of the U-Net on the images it learned from: its batch norm takes more steps than a test has.
    first, *_, last = lines(stages / "generator")
    assert last["mse"] < 0.8 * first["mse"]


def test_the_generator_learns_from_small_images_and_photographs(stages):
    first, *_, last = lines(stages / "full")
    assert last["loss_at_5"] < first["loss_at_5"]
    assert {"mse", "automatic", "nll", "bins", "total"} <= last.keys()
    assert {"adversarial", "discriminator", "total"} <= lines(stages / "full-gan")[-1].keys()


def test_the_semantic_network_learns_colours_and_says_what_it_learned_by_heart(stages, photos):
    first, *_, last = lines(stages / "semantic")
    assert last["loss_at_0"] < first["loss_at_0"]
    held_out = f"{Path(photos).name}_at_0"
    assert {"classes", "training_at_0", held_out, "training_photographs_at_0"} <= last.keys()


@pytest.fixture(scope="module")
def next_stages(dataset, photos, tmp_path_factory):
    """The folder in which the stages of the next generator have run once."""
    folder = tmp_path_factory.mktemp("next")
    options = {"preset": "full", "photos": photos, "batch-size": 4}
    prior.main(arguments(dataset, folder / "prior", 8, **options, **{"decoder-steps": 4}))
    options["prior"] = folder / "prior"
    adversary.main(arguments(dataset, folder / "adversary", 32, **options, **{"eval-every": 16}))
    options["prior"] = folder / "adversary"
    hint_stage.main(arguments(dataset, folder / "generator", 8, **options))
    return folder


def test_the_prior_learns_colours_on_an_encoder_whose_first_stages_stay(next_stages, photos):
    first, *_, last = lines(next_stages / "prior")
    assert last["loss_at_0"] < first["loss_at_0"]
    assert {"nll", "bins", "classes", f"{Path(photos).name}_at_0", "training_photographs_at_0"} <= last.keys()
    weights = load_checkpoint(next_stages / "prior")["weights"]
    pretrained = pretrained_encoder(2, in_channels=1).state_dict()
    moved = {name for name, tensor in pretrained.items() if not torch.equal(tensor, weights[f"encoder.{name}"])}
    assert moved and all(
        name.startswith(("stages.2", "stages.3", "stages.4", "stages.5", "stages.6")) for name in moved
    )


def test_the_adversary_moves_the_bold_decoder_alone(next_stages):
    before, after = (load_checkpoint(next_stages / name)["average"] for name in ("prior", "adversary"))
    moved = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert moved and all(name.startswith("bold_decoder.") for name in moved)
    last = lines(next_stages / "adversary")[-1]
    assert {"careful_frechet", "half_frechet", "bold_frechet", "bold_chroma", "discriminator"} <= last.keys()
    assert last["careful_frechet"] > 0


def test_the_next_generator_learns_to_use_hints_around_a_prior_that_stays(next_stages, photos):
    first, *_, last = lines(next_stages / "generator")
    assert last["loss_at_5"] < first["loss_at_5"] and f"{Path(photos).name}_loss_at_5_on_colour" in last
    given, inside = (load_checkpoint(next_stages / name)["average"] for name in ("adversary", "generator"))
    assert all(torch.equal(tensor, inside[f"prior.{name}"]) for name, tensor in given.items())


def test_a_prior_resumes_where_it_was(dataset, photos, next_stages, tmp_path):
    options = {"preset": "full", "photos": photos, "batch-size": 4, "decoder-steps": 2, "decay-steps": 1}
    prior.main(arguments(dataset, tmp_path / "whole", 4, **options))
    prior.main(arguments(dataset, tmp_path / "half", 2, **options))
    prior.main([*arguments(dataset, tmp_path / "half", 4, **options), "--resume"])
    whole, half = (load_checkpoint(tmp_path / name)["weights"] for name in ("whole", "half"))
    assert all(torch.equal(tensor, half[name]) for name, tensor in whole.items())


def test_the_generator_keeps_the_semantic_network_that_it_was_given(stages):
    given, inside = (load_checkpoint(stages / name)["average"] for name in ("semantic", "full"))
    assert all(torch.equal(tensor, inside[f"semantic.{name}"]) for name, tensor in given.items())


def test_generators_before_and_after_the_adversarial_phase_are_mixed_as_asked_for(stages, tmp_path):
    before, after = (trained_colourizer(stages / name)[0].state_dict() for name in ("full", "full-gan"))
    folders = [str(stages / "full"), str(stages / "full-gan")]
    for share in (0.0, 0.25, 1.0):
        interpolate.main([*folders, "--share", str(share), "--out", str(tmp_path / str(share))])
        mixed = trained_colourizer(tmp_path / str(share))[0].state_dict()
        for name, tensor in mixed.items():
            torch.testing.assert_close(tensor, before[name] + share * (after[name] - before[name]))
    with pytest.raises(SystemExit, match="from 0 to 1"):
        interpolate.main([*folders, "--share", "2", "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit, match="train.interpolate: .* holds"):
        interpolate.main(
            [str(stages / "baseline"), str(stages / "gan"), "--share", "0.5", "--out", str(tmp_path / "x")]
        )


def test_albums_are_learned_while_all_else_holds_still(stages, photos, tmp_path, capsys):
    options = ["--photos", photos, "--steps", "2", "--batch-size", "1"]
    album.main([f"--generator={stages / 'full-gan'}", f"--out={tmp_path}", *options])
    before, after = (trained_colourizer(folder)[0].state_dict() for folder in (stages / "full-gan", tmp_path))
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("album.") for name in moved)
    with pytest.raises(SystemExit, match="train.album: .* holds no generator but unet"):
        album.main([f"--generator={stages / 'gan'}", f"--out={tmp_path}", *options])
    measured_references.main(["--photos", photos, f"--model={stages / 'full-model'}"])
    assert [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines()[2:]] == ["1", "5", "10"]


def test_a_dataset_of_the_hub_is_learned_from_as_a_folder_is(hub, repo, token, dataset, tmp_path):
    files = {path.relative_to(dataset).as_posix(): path.read_bytes() for path in Path(dataset).rglob("*.*")}
    commit = hub.put("datasets", repo, files)
    hub.put("datasets", repo, {"README.md": b"changed since"})
    with hub.recorded() as requests:
        pretrain.main(["--network", "autoencoder", *arguments(repo, tmp_path / "hub", 2, revision=commit)])
    pretrain.main(["--network", "autoencoder", *arguments(dataset, tmp_path / "folder", 2)])
    states = [load_checkpoint(tmp_path / name)["weights"] for name in ("hub", "folder")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert {request.token for request in requests if request.server == "storage"} == {""}
    assert any(request.path.endswith(".parquet") and commit in request.path for request in requests)


def test_the_preset_full_does_not_go_without_photographs(dataset, tmp_path):
    with pytest.raises(SystemExit, match="the preset full learns from larger photographs too: give them with --photos"):
        pretrain.main(["--network", "generator", *arguments(dataset, tmp_path, 1, preset="full")])
    with pytest.raises(SystemExit, match="the preset report has no generator; it has autoencoder, unet"):
        pretrain.main(["--network", "generator", *arguments(dataset, tmp_path, 1)])


def test_a_run_leaves_metrics_samples_and_a_checkpoint(stages):
    assert [line["step"] for line in lines(stages / "generator")] == [8, 16, 24]
    assert (stages / "generator" / "sample-000024.png").stat().st_size > 1000
    assert load_checkpoint(stages / "generator")["step"] == 24


def test_the_discriminator_learns_alone_before_the_generator_moves(dataset, stages, tmp_path):
    options = {"generator": stages / "generator", "discriminator-steps": 12}
    gan.main(arguments(dataset, tmp_path, 0, **options))
    before, after = load_checkpoint(stages / "generator")["average"], load_checkpoint(tmp_path)["weights"]
    learned = [name for name in before if name.endswith("weight")]
    assert all(torch.equal(before[name], after[name]) for name in learned)
    told = [line["discriminator"] for line in lines(tmp_path)]
    # Knowing nothing scores ln 2, 0.69.
    assert told[-1] < 0.5 and "mse" not in lines(tmp_path)[-1]


def test_the_adversarial_phase_moves_the_generator_and_keeps_an_average(stages):
    state = load_checkpoint(stages / "gan")
    before = load_checkpoint(stages / "generator")["weights"]
    name = "leave.weight"
    assert not torch.equal(state["weights"][name], before[name])
    assert not torch.equal(state["weights"][name], state["average"][name])
    assert {"discriminator", "mse", "adversarial"} <= lines(stages / "gan")[-1].keys()


def test_a_published_model_is_what_was_trained(stages):
    model = load_model(stages / "model")
    network, _ = trained_colourizer(stages / "gan")
    L, hints = torch.rand(1, 1, 64, 64), (torch.zeros(1, 2, 64, 64), torch.zeros(1, 1, 64, 64))
    torch.testing.assert_close(model.gan(L, *hints), network(L, *hints), atol=2e-2, rtol=0)


def test_evaluation_measures_both_networks_and_levin_on_the_same_hints(dataset, photos, stages, tmp_path, capsys):
    options = ["--model", str(stages / "full-model"), "--dataset", dataset, "--photos", photos]
    options += ["--photos-split", "train", "--limit", "30"]
    evaluate.main([*options, "--out", str(tmp_path / "first")])
    evaluate.main([*options, "--out", str(tmp_path / "second")])
    first, second = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("first", "second"))
    assert first == second and first["images"] == 24 and first["photos"] == 3
    protocols = first["protocols"]
    assert set(protocols["Protocol T"]) == {"0", "1", "2", "5", "10", "20", "50"}
    assert set(protocols["Protocol Z"]) == {"0", "1", "2", "5", "10", "20", "50", "100"}
    for protocol in ("Protocol T, on colour", "Protocol Z, on colour"):
        assert set(protocols[protocol]) == {"1", "2", "5", "10", "20"}
    assert set(protocols["report's test, 512 px"]) == {"0", "2", "4", "5", "8"}
    for by_name in (*protocols["Protocol T"].values(), protocols["Protocol Z"]["5"]):
        assert set(by_name) == {"baseline", "gan", "levin"}
        for figures in by_name.values():
            assert 0 < figures["normalized_loss"] < 3 and 0 <= figures["share_worse_than_grey"] <= 1
    # A hint is a fact in the generator's output, in the end of a pipeline and at every size.
    for protocol in protocols.values():
        *_, most = protocol.values()
        assert most["gan"]["hint_error_mean"] < 0.5 < most["baseline"]["hint_error_mean"]
    assert protocols["Protocol T"]["0"]["gan"]["hint_error_mean"] is None
    assert set(first["where next"]) == {"1", "3", "5", "10"} and len(first["by class"]) == 6
    assert all(0 <= share <= 1 for share in first["palette"].values())
    assert "| 50 | gan |" in capsys.readouterr().out
    for name in ("table.md", "curve.png", "gain.png", "sheet.png", "photos.png"):
        assert (tmp_path / "first" / name).stat().st_size > 500
    rows = (tmp_path / "first" / "pictures.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * (7 + 5) * 24 + (2 * 8 + 4) * 3 + (2 * 5 + 3) * 3 + 2 * 3 * 5 * 3


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(dataset, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = {"eval-every": 100, "save-every": 20}
    pretrain.main(["--network", "autoencoder", *arguments(dataset, whole, 200, **options)])
    command = ["--network", "autoencoder", *arguments(dataset, killed, 200, **options)]
    process = subprocess.Popen([sys.executable, "-m", "train.pretrain", *command], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert 0 < load_checkpoint(killed)["step"] < 200
    pretrain.main([*command, "--resume"])
    first, second = (load_checkpoint(folder)["weights"] for folder in (whole, killed))
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=1e-3, atol=1e-5)
    assert [line["step"] for line in lines(killed)] == [100, 200]


def test_an_adversarial_run_resumes_with_everything_it_had(dataset, stages, tmp_path, monkeypatch):
    options = {"generator": stages / "generator", "discriminator-steps": 2, "save-every": 3}
    gan.main(arguments(dataset, tmp_path / "whole", 4, **options))
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        # Dies at step 4, when the last checkpoint is of step 3.
        patch.setattr(gan, "evaluate_held_out", lambda *_: 1 / 0)
        gan.main(arguments(dataset, tmp_path / "half", 4, **options))
    gan.main([*arguments(dataset, tmp_path / "half", 4, **options), "--resume"])
    whole, half = (load_checkpoint(tmp_path / name) for name in ("whole", "half"))
    for part in ("weights", "average", "discriminator"):
        for name in whole[part]:
            torch.testing.assert_close(whole[part][name], half[part][name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("around", [False, True], ids=["its own run", "the generator's around it"])
def test_the_semantic_network_leaves_out_the_same_when_a_run_resumes(around, dataset, photos, stages, tmp_path):
    options = {"preset": "full", "photos": photos}
    stage = ["--network", "generator", "--semantic", str(stages / "semantic")] if around else []
    for folder, steps in (("whole", 4), ("parts", 2), ("parts", 4)):
        more = ["--resume"] if (tmp_path / folder / "checkpoint.pt").exists() else []
        run = [*stage, *arguments(dataset, tmp_path / folder, steps, **{"decay-steps": 1}, **options), *more]
        (pretrain if around else semantic).main(run)
    whole, parts = (load_checkpoint(tmp_path / name)["weights"] for name in ("whole", "parts"))
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], rtol=1e-4, atol=1e-6)


def test_ctrl_c_saves_and_says_how_to_go_on(dataset, tmp_path):
    options = arguments(dataset, tmp_path, 10_000, **{"save-every": 10_000, "eval-every": 1})
    command = [sys.executable, "-m", "train.pretrain", "--network", "autoencoder", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "metrics.jsonl").exists() or not lines(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    step = load_checkpoint(tmp_path)["step"]
    assert process.returncode == 1 and f"stopped after step {step}; --resume goes on from there" in errors
    assert "Traceback" not in errors


def test_a_loss_that_is_lost_stops_the_run_and_keeps_the_last_good_checkpoint(dataset, tmp_path):
    pretrain.main(["--network", "unet", *arguments(dataset, tmp_path, 6)])
    state = load_checkpoint(tmp_path) | {"step": 2}
    state["weights"]["leave.bias"].fill_(float("nan"))
    broken = tmp_path / "broken"
    broken.mkdir()
    save_checkpoint(broken, state)
    before = (broken / "checkpoint.pt").read_bytes()
    with pytest.raises(SystemExit, match="step 2: mse is nan. The last good checkpoint is in"):
        pretrain.main(["--network", "unet", "--resume", *arguments(dataset, broken, 6)])
    assert (broken / "checkpoint.pt").read_bytes() == before


def test_weights_are_never_moved_by_a_gradient_that_is_not_finite(dataset, tmp_path, monkeypatch):
    # A finite loss may have an infinite gradient; the checkpoint of that very step must not be written.
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_, **__: torch.tensor(float("inf")))
    with pytest.raises(SystemExit, match="step 0: gradient is inf"):
        pretrain.main(["--network", "unet", *arguments(dataset, tmp_path, 4, **{"save-every": 1})])
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_run_is_neither_overwritten_nor_resumed_as_another(dataset, stages, tmp_path):
    command = ["--network", "autoencoder", *arguments(dataset, tmp_path, 2)]
    pretrain.main(command)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(SystemExit, match="holds a run already; --resume goes on with it"):
        pretrain.main(command)
    with pytest.raises(SystemExit, match="has --network autoencoder, not unet: give the same"):
        pretrain.main(["--network", "unet", *arguments(dataset, tmp_path, 2), "--resume"])
    with pytest.raises(SystemExit, match="has --seed 0, not 1: give the same"):
        pretrain.main([*command, "--resume", "--seed", "1"])
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    with pytest.raises(SystemExit, match="holds the baseline"):
        gan.main(arguments(dataset, tmp_path / "gan", 1, generator=stages / "baseline"))
    with pytest.raises(SystemExit, match="holds no baseline"):
        folders = {"baseline": stages / "gan", "gan": stages / "gan", "folder": tmp_path / "model"}
        publish.main([f"--{name}={folder}" for name, folder in folders.items()])


def test_a_new_run_goes_on_from_the_weights_of_another(dataset, stages, tmp_path):
    kept = load_checkpoint(stages / "generator")["average"]
    more = {"resume": stages / "generator", "lr": 0}
    pretrain.main(["--network", "unet", *arguments(dataset, tmp_path / "more", 1, **more)])
    name = "leave.weight"
    assert torch.equal(load_checkpoint(tmp_path / "more")["weights"][name], kept[name])
    with pytest.raises(SystemExit, match="holds {'network': 'unet', .*, not {'network': 'autoencoder'"):
        pretrain.main(["--network", "autoencoder", *arguments(dataset, tmp_path / "other", 1, **more)])
    with pytest.raises(SystemExit, match="--resume takes no folder here"):
        gan.main(arguments(dataset, tmp_path / "gan", 1, generator=stages / "generator", resume=stages / "gan"))


def test_a_new_run_goes_on_from_the_weights_of_a_model(dataset, photos, stages, tmp_path):
    more = {"preset": "full", "photos": photos, "resume": stages / "full-model", "lr": 0}
    pretrain.main(["--network", "generator", *arguments(dataset, tmp_path / "generator", 1, **more)])
    semantic.main(arguments(dataset, tmp_path / "semantic", 1, **more))
    shipped = load_model(stages / "full-model").gan.state_dict()
    for run, inner in (("generator", ""), ("semantic", "semantic.")):
        for name, tensor in load_checkpoint(tmp_path / run)["weights"].items():
            assert torch.equal(tensor, shipped[inner + name].float())


def test_what_constants_are_worth_is_a_row_a_variant_and_they_are_put_back(
    dataset, photos, stages, monkeypatch, capsys
):
    monkeypatch.setattr(constants, "VARIANTS", {"ships": {}, "believed": {"BELIEVED": 1.0}, "small": {"SMALL": 1000}})
    options = ["--dataset", dataset, "--photos", photos]
    constants.main([*options, f"--model={stages / 'full-model'}"])
    ships, believed, small = (line.split("|")[2:-1] for line in capsys.readouterr().out.splitlines()[2:])
    # They differ where there are photographs, and for small images nothing changes.
    assert ships[:5] == believed[:5] == small[:5] and ships[5] != believed[5]
    change = -2
    assert float(ships[change]) < float(small[change])
    assert (generator_module.BELIEVED, generator_module.SMALL) == (0.85, 96)
    with pytest.raises(SystemExit, match="holds no generator"):
        constants.main([*options, f"--model={stages / 'model'}"])
    with pytest.raises(SystemExit, match="give them with --photos"):
        constants.main(["--dataset", dataset])


def test_two_processes_train_together(dataset, photos, stages, tmp_path):
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    for stage, options in (
        (["train.pretrain", "--network", "unet"], {}),
        (["train.gan"], {"generator": stages / "generator", "discriminator-steps": 2}),
        (["train.pretrain", "--network", "generator"], {"preset": "full", "photos": photos}),
    ):
        out = tmp_path / "-".join(stage)
        command = [*launch, *stage, *arguments(dataset, out, 4, **options)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
        # Sixteen images a step are the eight of both.
        steps = 4 + options.get("discriminator-steps", 0)
        assert lines(out)[-1]["images"] == 16 * steps and load_checkpoint(out)["step"] == steps


def test_a_stage_says_in_one_line_what_it_lacks(dataset, tmp_path):
    with pytest.raises(SystemExit, match="train.gan: there is no checkpoint.pt in .*; give the --out folder"):
        gan.main(arguments(dataset, tmp_path / "gan", 1, generator=tmp_path))
    with pytest.raises(SystemExit, match="train.pretrain: there is no checkpoint.pt"):
        pretrain.main(["--network", "unet", "--resume", *arguments(dataset, tmp_path, 1)])
    (tmp_path / "checkpoint.pt").write_bytes(b"half a checkpo")
    with pytest.raises(SystemExit, match="checkpoint.pt is no checkpoint of ColourU"):
        pretrain.main(["--network", "unet", "--resume", *arguments(dataset, tmp_path, 1)])


def test_an_interrupted_write_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    state = {"step": 1, "colourizer": {}, "weights": {}}
    save_checkpoint(tmp_path, state)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "the disk is full")))
    with pytest.raises(SystemExit, match="the disk is full"):
        save_checkpoint(tmp_path, state | {"step": 2})
    assert load_checkpoint(tmp_path) == state


def test_the_sheet_of_examples_has_a_row_for_each(untrained_model, tmp_path):
    examples.main([str(tmp_path / "sheet.jpg"), "--model", str(untrained_model)])
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.height > 5 * examples.SIDE and sheet.width > 6 * examples.SIDE
