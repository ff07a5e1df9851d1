"""What several tests share: chance from a seed, small pictures, a dataset and a model in the Hub's form, a Hub."""

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hub_server import TOKEN
from tests.loopback import ENVIRONMENT, HUB

# Libraries read these once, on import. A test has one core, for another runs beside it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.update(ENVIRONMENT)

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from packaging.requirements import Requirement
from PIL import Image as PILImage

from colouru.model import save_model
from colouru.networks import build_colourizer
from train.preset import PRESETS

ROOT = Path(__file__).parent.parent
# Of the kinds that ship.
SMALL_NETWORKS = {
    "baseline": {"network": "autoencoder", "widths": [4, 8]},
    "gan": {"network": "generator", "widths": [8, 8, 8], "semantic_widths": [8, 8, 8, 8]},
}

HUB_NUMBERS = itertools.count()
WORDNET_IDS = [*PRESETS["report"].classes, "n99999999"]


@pytest.fixture
def hub():
    """A Hub on loopback that the unmodified clients talk to, with nothing wrong with it yet."""
    HUB.faults.clear()
    yield HUB
    HUB.faults.clear()


@pytest.fixture
def repo() -> str:
    """An id that no other test uses, so nothing is cached of it."""
    return f"tester/colouru-{next(HUB_NUMBERS)}"


@pytest.fixture
def impatient(monkeypatch):
    """Take the waiting out of the client's repetitions, and nothing else."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


@pytest.fixture
def token(monkeypatch) -> str:
    """Log in."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def exiftool() -> Callable[..., dict[str, Any]]:
    """Runs exiftool on a file, with further arguments to change it, and gives all tags that it then finds there."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is missing: it is in Debian's package libimage-exiftool-perl")

    def run(path: Path, *changes: str) -> dict[str, Any]:
        if changes:
            subprocess.run(["exiftool", "-q", "-overwrite_original", *changes, str(path)], check=True)
        answer = subprocess.run(["exiftool", "-j", "-b", "-G1", str(path)], capture_output=True, text=True, check=True)
        return json.loads(answer.stdout)[0]

    return run


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A copy of the repository without what git ignores, as a fresh clone would have it."""
    copy = tmp_path_factory.mktemp("checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def pins() -> dict[str, Requirement]:
    """What requirements.txt asks for, by name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return {found.name: found for found in map(Requirement, filter(None, lines))}


@pytest.fixture
def colourful() -> np.ndarray:
    """(48,64,3) uint8: a picture with every hue, smooth, with one hard edge."""
    y, x = np.mgrid[0:48, 0:64] / np.array([48, 64])[:, None, None]
    rgb = np.stack([x, 1 - y, 0.5 + 0.5 * np.sin(6 * x)], -1)
    rgb[:, 40:] *= 0.5
    return (rgb * 255).round().astype(np.uint8)


@pytest.fixture
def notices(monkeypatch) -> list[str]:
    """The infos and warnings that the page would show."""
    sentences: list[str] = []
    for kind in ("Info", "Warning"):
        monkeypatch.setattr(f"gradio.{kind}", sentences.append)
    return sentences


def painted_scene(random: np.random.Generator, side: int = 64) -> np.ndarray:
    """A picture in which colour follows lightness, so that there is something to learn: sky, ground and a disc."""
    y, x = np.mgrid[0:side, 0:side] / side
    horizon = random.uniform(0.3, 0.7)
    rgb = np.where((y < horizon)[..., None], [0.45, 0.65, 0.9], [0.25, 0.45, 0.15])
    centre, radius = random.uniform(0.2, 0.8, 2), random.uniform(0.1, 0.3)
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
    rgb = np.where(disc[..., None], [0.95, 0.55, 0.1], rgb)
    return ((rgb + random.normal(0, 0.02, (side, side, 1))).clip(0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> str:
    """A folder in the form of Tiny ImageNet on the Hub: ten scenes a class, one of them grey."""
    folder = tmp_path_factory.mktemp("tiny-imagenet")
    (folder / "data").mkdir()
    random = np.random.default_rng(0)
    features = Features({"image": Image(), "label": ClassLabel(names=sorted(WORDNET_IDS))})
    for split in ("train", "valid"):
        scenes = [painted_scene(random) for _ in range(10 * len(WORDNET_IDS))]
        for i in range(0, len(scenes), 10):
            scenes[i] = np.repeat(scenes[i][..., :1], 3, axis=2)
        rows = {
            "image": [PILImage.fromarray(scene) for scene in scenes],
            "label": [i // 10 for i in range(len(scenes))],
        }
        Dataset.from_dict(rows, features=features).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text(dataset_card("train", "valid"))
    return str(folder)


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory):
    """The folder of a model of the shipped kind, with small networks that have learned nothing."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    networks = {role: build_colourizer(**values) for role, values in SMALL_NETWORKS.items()}
    save_model(folder, **networks, working_size={"baseline": 32, "gan": 64}, describe=SMALL_NETWORKS)
    return folder


@pytest.fixture(scope="session")
def report_model(tmp_path_factory):
    """The folder of a model with the report's own generator, that has learned nothing."""
    folder = tmp_path_factory.mktemp("report-model")
    torch.manual_seed(0)
    describe = {
        "baseline": {"network": "autoencoder", "widths": [4, 8]},
        "gan": {"network": "unet", "widths": [4, 8]},
    }
    networks = {role: build_colourizer(**values) for role, values in describe.items()}
    save_model(folder, **networks, working_size={"baseline": 32, "gan": 32}, describe=describe)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> str:
    """A folder in the form of a Hub dataset: photographs of ordinary size, in two shapes, one of them grey."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "data").mkdir()
    random = np.random.default_rng(1)
    for split in ("train", "test"):
        scenes = [painted_scene(random, 300)[: 300 - 60 * (i % 2)] for i in range(4)]
        scenes[3] = np.repeat(scenes[3][..., :1], 3, axis=2)
        rows = {"image": [PILImage.fromarray(scene) for scene in scenes]}
        Dataset.from_dict(rows, features=Features({"image": Image()})).to_parquet(
            folder / "data" / f"{split}-00000-of-00001.parquet"
        )
    (folder / "README.md").write_text(dataset_card("train", "test"))
    return str(folder)


def dataset_card(*splits: str) -> str:
    files = "".join(f"  - split: {split}\n    path: data/{split}-*\n" for split in splits)
    return f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n"
