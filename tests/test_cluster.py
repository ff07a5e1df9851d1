"""An archive on a cluster of Ray: two nodes on this machine, of which one dies."""

import contextlib
import os
import sys
import threading
import time

import pytest

from colouru.archive.cluster import _share_of_a_gpu, _worker, colour_on_ray
from colouru.archive.crew import colour_here
from colouru.archive.folder import Folder
from colouru.archive.manifest import NAME, Manifest
from colouru.archive.run import plan
from colouru.archive.scan import open_sources
from colouru.archive.worker import CrewError, Settings
from colouru.pipeline import find_model
from tests.test_archive import assert_each_once, make_scans, status

# Nothing of a test is told to anyone.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

# Bytes that a node keeps for objects; nothing large passes through it.
STORE = 100 << 20


@pytest.fixture
def cluster():
    """Two nodes of one core each, and the second of them."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    yield nodes, nodes.add_node(num_cpus=1, object_store_memory=STORE)
    nodes.shutdown()


@pytest.mark.slow
def test_what_one_machine_began_two_go_on_with_and_though_one_dies_each_photo_is_done_once(
    cluster, untrained_model, tmp_path
):
    nodes, second = cluster
    scans, out, model = make_scans(tmp_path / "scans", 40), tmp_path / "out", find_model(untrained_model)
    settings = Settings(Folder(str(out)), "gan", model.config.sha256, 100)
    with Manifest(settings.out) as manifest:
        tasks = plan(open_sources([str(scans)], settings.out).find(), manifest, settings, None).tasks
        with contextlib.closing(colour_here(tasks, model, settings)) as records:
            for _ in range(5):
                manifest.append(next(records))

    def kill() -> None:
        while (out / NAME).read_bytes().count(b"\n") < 12:
            time.sleep(0.02)
        nodes.remove_node(second, allow_graceful=False)

    death = threading.Thread(target=kill, daemon=True)
    death.start()
    assert status(scans, "-o", out, "--model", untrained_model, "--ray", nodes.address) == 0
    death.join()
    assert_each_once(out, scans)


def test_a_node_that_does_not_see_where_the_pictures_go_is_named(tmp_path, monkeypatch):
    settings = Settings(Folder(str(tmp_path / "out")), "gan", "", 100)
    monkeypatch.setattr("ray.get", lambda reference: (None, settings))
    with pytest.raises(CrewError, match=f"the node 192.0.2.7 does not see {tmp_path}/out; it must be there under"):
        _worker.__wrapped__(None, None, "192.0.2.7")


def test_where_there_is_no_cluster_one_sentence_says_so(untrained_model, tmp_path, capsys, monkeypatch):
    def none(*_, **__):
        raise ConnectionError("Could not find any running Ray instance.\nPlease specify one.")

    monkeypatch.setattr("ray.init", none)
    scans = make_scans(tmp_path / "scans", 1)
    assert status(scans, "-o", tmp_path / "out", "--model", untrained_model, "--ray", "auto") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "colouru: there is no Ray cluster at auto: Could not find any running Ray instance. Please specify one."
    )


def test_without_ray_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    settings = Settings(Folder(str(tmp_path)), "gan", "", 100)
    with pytest.raises(ValueError, match=r"--ray takes Ray: pip install 'colouru\[cluster\]'"):
        list(colour_on_ray([], None, settings, "auto"))


def test_cores_share_the_gpus_there_are():
    def node(alive=True, **resources):
        return {"Alive": alive, "Resources": {name.upper(): number for name, number in resources.items()}}

    assert _share_of_a_gpu([node(cpu=8), node(cpu=2)]) == 0
    assert _share_of_a_gpu([node(cpu=8), node(cpu=16, gpu=4)]) == 0.25
    assert _share_of_a_gpu([node(cpu=4, gpu=1), node(cpu=2, gpu=1)]) == 0.3333
    assert _share_of_a_gpu([node(cpu=1, gpu=4), node(alive=False, cpu=64, gpu=1)]) == 1
