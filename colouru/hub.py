"""Weights: a folder with `config.json` and `model.safetensors`, written and read strictly. The package embeds one.

Nothing is guessed and nothing falls back: what is asked for loads completely, or `WeightsError` says why not.
"""

import dataclasses
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from colouru.networks import COLOURIZERS, build_colourizer

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
FORMAT = 1
ROLES = ("baseline", "gan")

MAX_CONFIG_BYTES = 64 << 10
MAX_HEADER_BYTES = 1 << 20
MAX_WEIGHTS_BYTES = 512 << 20
FLOATS = {"F32", "F16", "BF16"}


class WeightsError(ValueError):
    """The weights cannot be had; the message says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Config:
    """What `config.json` says.

    Attributes:
        baseline, gan: the keyword arguments of `build_colourizer` for each network.
        working_size: for each network, the longer side in pixels of the copy of a photo that it sees.
        sha256: of the weights file.
    """

    baseline: dict[str, Any]
    gan: dict[str, Any]
    working_size: dict[str, int]
    sha256: str

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """Raises WeightsError if a key is missing, unknown, or has a value outside its bounds."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WeightsError(f"{CONFIG_NAME} is not valid JSON: {error}") from None
        if not isinstance(values, dict):
            raise WeightsError(f"{CONFIG_NAME} must hold an object")
        if values.pop("format", None) != FORMAT:
            raise WeightsError(f"{CONFIG_NAME} is not of format {FORMAT}; it may need another version of ColourU")
        names = {field.name for field in dataclasses.fields(cls)}
        if wrong := sorted(names ^ values.keys()):
            raise WeightsError(f"{CONFIG_NAME} {'lacks' if wrong[0] in names else 'has the unknown key'} {wrong[0]!r}")
        for role in ROLES:
            _check_network(role, values[role])
        sizes, sha256 = values["working_size"], values["sha256"]
        if not isinstance(sizes, dict) or sizes.keys() != set(ROLES):
            raise WeightsError(f"{CONFIG_NAME}: working_size must have exactly {' and '.join(ROLES)}")
        for size in sizes.values():
            if type(size) is not int or not 16 <= size <= 1024:
                raise WeightsError(f"{CONFIG_NAME}: working_size must be whole numbers from 16 to 1024, not {size!r}")
        if not isinstance(sha256, str) or len(sha256) != 64:
            raise WeightsError(f"{CONFIG_NAME}: sha256 must be 64 hexadecimal digits")
        return cls(**values)

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2) + "\n"


def _check_network(role: str, values: Any) -> None:
    if not isinstance(values, dict) or values.keys() != {"network", "widths"}:
        raise WeightsError(f"{CONFIG_NAME}: {role} must have exactly network and widths")
    if not isinstance(values["network"], str) or values["network"] not in COLOURIZERS:
        raise WeightsError(f"{CONFIG_NAME}: {role} must be one of {', '.join(COLOURIZERS)}, not {values['network']!r}")
    widths = values["widths"]
    if not isinstance(widths, list) or not 1 <= len(widths) <= 8:
        raise WeightsError(f"{CONFIG_NAME}: the widths of {role} must be a list of one to eight numbers")
    if any(type(width) is not int or not 2 <= width <= 1024 for width in widths):
        raise WeightsError(f"{CONFIG_NAME}: the widths of {role} must be whole numbers from 2 to 1024")


@dataclasses.dataclass(frozen=True)
class Model:
    """Both networks, ready to run, and where they came from.

    Attributes:
        source: for people: where that is, and the beginning of the weights' sha256.
        name: for pictures that are passed on: "embedded", or the folder's own name, for its path is nobody's business.
    """

    baseline: nn.Module
    gan: nn.Module
    config: Config
    source: str
    name: str


def save_model(
    folder: Path, baseline: nn.Module, gan: nn.Module, *, working_size: dict[str, int], describe: dict
) -> Config:
    """Write both networks as half-precision weights with their `config.json` into `folder`.

    Args:
        working_size: for each of `ROLES`, see `Config`.
        describe: for each of `ROLES` the keyword arguments of `build_colourizer`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        f"{role}.{name}": _halved(tensor)
        for role, network in zip(ROLES, (baseline, gan), strict=True)
        for name, tensor in network.state_dict().items()
    }
    content = save(state, metadata={"format": "pt"})
    sha256 = hashlib.sha256(content).hexdigest()
    config = Config(**{role: describe[role] for role in ROLES}, working_size=working_size, sha256=sha256)
    (folder / WEIGHTS_NAME).write_bytes(content)
    (folder / CONFIG_NAME).write_text(config.to_json())
    return config


def _halved(tensor: Tensor) -> Tensor:
    return (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu()


def load_model(source: str | Path | None = None) -> Model:
    """The model in a folder, or beside a given weights file; the embedded one for None.

    Raises:
        WeightsError: if there is none, it is damaged, or it is not a ColourU model.
    """
    if source is None:
        folder, name = Path(str(resources.files("colouru") / "weights")), "embedded"
    else:
        folder, name = Path(source), str(source)
        if folder.suffix == ".safetensors":
            if folder.name != WEIGHTS_NAME:
                raise WeightsError(
                    f"expected a folder with {CONFIG_NAME} and {WEIGHTS_NAME}, or the latter; got {name}"
                )
            folder = folder.parent
    config = Config.from_json(_read(folder / CONFIG_NAME, MAX_CONFIG_BYTES).decode("utf-8", errors="replace"))
    path = folder / WEIGHTS_NAME
    if hashlib.sha256(_read(path, MAX_WEIGHTS_BYTES)).hexdigest() != config.sha256:
        raise WeightsError(f"{path} is damaged: its sha256 is not the one in {CONFIG_NAME}; fetch both files again")
    try:
        with torch.device("meta"):
            networks = nn.ModuleDict({role: build_colourizer(**getattr(config, role)) for role in ROLES})
    except ValueError as error:
        raise WeightsError(f"{CONFIG_NAME}: {error}") from None
    networks.load_state_dict(_read_state(path, networks.state_dict()), strict=True, assign=True)
    networks.eval().requires_grad_(False)
    return Model(
        networks["baseline"],
        networks["gan"],
        config,
        source=f"{name} (sha256 {config.sha256[:12]})",
        name=name if source is None else folder.resolve().name,
    )


def _read(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise WeightsError(f"{path} has {path.stat().st_size:,} bytes; at most {limit:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"there is no ColourU model in {path.parent}: {path.name}: {error.strerror}") from None


def _read_state(path: Path, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a safetensors file, after names, shapes and types were seen to be those of `expected`."""
    with open(path, "rb") as file:
        if int.from_bytes(file.read(8), "little") > MAX_HEADER_BYTES:
            raise WeightsError(f"{path.name} is not a safetensors file of ours: its header is too large")
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118, it is no dictionary
            if wrong := sorted(expected.keys() ^ slices.keys()):
                verb = "lacks" if wrong[0] in expected else "has, but the network does not,"
                raise WeightsError(f"{path.name} {verb} {len(wrong)} tensors, {wrong[0]} among them")
            for name, part in slices.items():
                _check_tensor(name, part, expected[name])
            state = {name: file.get_tensor(name).to(expected[name].dtype) for name in slices}
    except SafetensorError as error:
        raise WeightsError(f"{path.name} is not a valid safetensors file: {error}") from None
    if lost := [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]:
        raise WeightsError(f"{path.name} holds values that are not finite, in {lost[0]}")
    return state


def _check_tensor(name: str, part: Any, expected: Tensor) -> None:
    if list(part.get_shape()) != list(expected.shape):
        raise WeightsError(f"{name} has shape {part.get_shape()}, where the network has {list(expected.shape)}")
    types = FLOATS if expected.is_floating_point() else {"I64"}
    if part.get_dtype() not in types:
        raise WeightsError(f"{name} is stored as {part.get_dtype()}; expected {' or '.join(sorted(types))}")
