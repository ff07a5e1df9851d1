"""Colour an archive on a Ray cluster: two nodes on this machine, one of which is killed."""

import contextlib
import os
import signal
import sys
import threading
import time

import pytest

from colouru.archive.catalog import open_sources
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest
from colouru.archive.plan import make_plan
from colouru.archive.process_pool import colour_sequentially
from colouru.archive.ray_backend import _cached_worker, _gpus_per_task, colour_on_ray
from colouru.archive.worker import Settings, WorkerError
from colouru.pipeline import find_model
from tests.archive.runs import assert_each_once, exit_status, make_scans

# Tests send no usage statistics.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

# Memory of a node for objects, in bytes. Only the small model is stored there.
OBJECT_STORE_BYTES = 100 << 20


@pytest.fixture
def cluster():
    """Two nodes of one core each, and the second of them."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    yield nodes, nodes.add_node(num_cpus=1, object_store_memory=OBJECT_STORE_BYTES)
    nodes.shutdown()


@pytest.mark.slow
def test_a_cluster_continues_a_local_run_and_each_photo_is_done_once_though_a_node_dies(
    cluster, untrained_model, tmp_path
):
    nodes, second = cluster
    scans, out, model = make_scans(tmp_path / "scans", 40), tmp_path / "out", find_model(untrained_model)
    settings = Settings(Folder(str(out)), "gan", model.config.sha256, 100)
    with Manifest(settings.out) as manifest:
        tasks = make_plan(open_sources([str(scans)], settings.out).catalog(), manifest, settings, None).tasks
        with contextlib.closing(colour_sequentially(tasks, model, settings)) as records:
            for _ in range(5):
                manifest.append(next(records))

    def kill() -> None:
        while (out / MANIFEST_NAME).read_bytes().count(b"\n") < 12:
            time.sleep(0.02)
        nodes.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert exit_status(scans, "-o", out, "--model", untrained_model, "--ray", nodes.address) == 0
    killer.join()
    assert_each_once(out, scans)


def test_a_node_that_cannot_access_the_output_folder_is_named(tmp_path, monkeypatch):
    settings = Settings(Folder(str(tmp_path / "out")), "gan", "", 100)
    monkeypatch.setattr("ray.get", lambda reference: (None, settings))
    with pytest.raises(WorkerError, match=f"the node 192.0.2.7 does not see {tmp_path}/out; it must be there under"):
        _cached_worker.__wrapped__(None, None, "192.0.2.7")


def test_a_missing_cluster_is_reported_in_one_sentence(untrained_model, tmp_path, capsys, monkeypatch):
    def none(*_, **__):
        raise ConnectionError("Could not find any running Ray instance.\nPlease specify one.")

    monkeypatch.setattr("ray.init", none)
    scans = make_scans(tmp_path / "scans", 1)
    assert exit_status(scans, "-o", tmp_path / "out", "--model", untrained_model, "--ray", "auto") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "colouru: there is no Ray cluster at auto: Could not find any running Ray instance. Please specify one."
    )


@pytest.mark.parametrize("kind", ["an interrupt of Ray's core", "the handler of a Ray node"])
def test_sigterm_while_ray_starts_ends_the_run_with_143(untrained_model, tmp_path, capsys, monkeypatch, kind):
    def init(*_, **__):
        if kind == "the handler of a Ray node":
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("ray.init", init)
    scans = make_scans(tmp_path / "scans", 1)
    assert exit_status(scans, "-o", tmp_path / "out", "--model", untrained_model, "--ray", "auto") == 143
    assert capsys.readouterr().err.splitlines()[-1].startswith("colouru: stopped; 0 of 1 photos are coloured")


def test_without_ray_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    settings = Settings(Folder(str(tmp_path)), "gan", "", 100)
    with pytest.raises(ValueError, match=r"--ray takes Ray: pip install 'colouru\[cluster\]'"):
        list(colour_on_ray([], None, settings, "auto"))


def test_gpus_are_shared_among_the_cores_of_their_nodes():
    def node(alive=True, **resources):
        return {"Alive": alive, "Resources": {name.upper(): number for name, number in resources.items()}}

    assert _gpus_per_task([node(cpu=8), node(cpu=2)]) == 0
    assert _gpus_per_task([node(cpu=8), node(cpu=16, gpu=4)]) == 0.25
    assert _gpus_per_task([node(cpu=4, gpu=1), node(cpu=2, gpu=1)]) == 0.3333
    assert _gpus_per_task([node(cpu=1, gpu=4), node(alive=False, cpu=64, gpu=1)]) == 1
