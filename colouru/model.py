"""Models: a folder with `config.json` and `model.safetensors`, written and read strictly. The package embeds one.

A model loads completely, or `WeightsError` gives the reason; there are no defaults and no fallbacks. Files are not
trusted: they are read as data, never as code, and everything in them is checked before it is used.
"""

import dataclasses
import hashlib
import json
import os
import re
import reprlib
import stat
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from colouru.networks import COLOURIZERS, build_colourizer
from colouru.quantization import dequantize, is_quantizable, quantize

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
FORMAT = 3

# The two networks of every model, by what they were trained as.
ROLES = ("baseline", "gan")

MAX_CONFIG_BYTES = 64 << 10
MAX_HEADER_BYTES = 1 << 20
MAX_WEIGHTS_BYTES = 512 << 20
FLOATS = ("F32", "F16", "BF16")

# The scales of a quantized tensor are stored under its name with this suffix.
SCALE = ".scale"

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


class WeightsError(ValueError):
    """The weights cannot be loaded. The message gives the reason and what to do."""


class DamagedError(WeightsError):
    """The weights do not have the sha256 of their `config.json`."""


@dataclasses.dataclass(frozen=True)
class Config:
    """The content of `config.json`.

    Attributes:
        baseline, gan: the keyword arguments of `build_colourizer` for each network.
        working_size: for each network, the longer side in pixels of the working copy of a photo that it sees.
        sha256: of the weights file.
    """

    baseline: dict[str, Any]
    gan: dict[str, Any]
    working_size: dict[str, int]
    sha256: str

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """The config in JSON text; raises WeightsError if a key is missing or unknown, or a value is out of bounds."""
        try:
            values = _parse(text)
        except (ValueError, RecursionError) as error:
            raise WeightsError(f"{CONFIG_NAME} is not valid JSON: {error}") from None
        if not isinstance(values, dict):
            raise WeightsError(f"{CONFIG_NAME} must hold an object")
        if values.pop("format", None) != FORMAT:
            raise WeightsError(f"{CONFIG_NAME} is not of format {FORMAT}; it may need another version of ColourU")
        names = {field.name for field in dataclasses.fields(cls)}
        if wrong := sorted(names ^ values.keys()):
            verb = "lacks" if wrong[0] in names else "has the unknown key"
            raise WeightsError(f"{CONFIG_NAME} {verb} {reprlib.repr(wrong[0])}; it may need another version of ColourU")
        for role in ROLES:
            _check_config_of(role, values[role])
        sizes, sha256 = values["working_size"], values["sha256"]
        if not isinstance(sizes, dict) or sizes.keys() != set(ROLES):
            raise WeightsError(f"{CONFIG_NAME}: working_size must have exactly {' and '.join(ROLES)}")
        for size in sizes.values():
            if type(size) is not int or not 16 <= size <= 1024:
                given = reprlib.repr(size)
                raise WeightsError(f"{CONFIG_NAME}: working_size must be whole numbers from 16 to 1024, not {given}")
        if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
            raise WeightsError(f"{CONFIG_NAME}: sha256 must be 64 hexadecimal digits")
        return cls(**values)

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2) + "\n"


def check_network(network: Any) -> None:
    """Raise ValueError unless `network` is one of `ROLES`."""
    if network not in ROLES:
        raise ValueError(f"expected the network {' or '.join(ROLES)}, got {network!r:.60}")


def _check_config_of(role: str, values: Any) -> None:
    """Raise WeightsError unless `values` are the arguments of a network of a known kind."""
    if not isinstance(values, dict) or "network" not in values:
        raise WeightsError(f"{CONFIG_NAME}: {role} must be an object that names its network")
    if not isinstance(values["network"], str) or values["network"] not in COLOURIZERS:
        given = reprlib.repr(values["network"])
        raise WeightsError(f"{CONFIG_NAME}: {role} must be one of {', '.join(COLOURIZERS)}, not {given}")
    names = ["widths", "semantic_widths"] if values["network"] == "generator" else ["widths"]
    if values.keys() != {"network", *names}:
        raise WeightsError(f"{CONFIG_NAME}: {role} must have exactly network and {' and '.join(names)}")
    for name in names:
        widths = values[name]
        if not isinstance(widths, list) or not 1 <= len(widths) <= 8:
            raise WeightsError(f"{CONFIG_NAME}: the {name} of {role} must be a list of one to eight numbers")
        if any(type(width) is not int or not 2 <= width <= 1024 for width in widths):
            raise WeightsError(f"{CONFIG_NAME}: the {name} of {role} must be whole numbers from 2 to 1024")


def _parse(text: str) -> Any:
    """The value of JSON text; raises ValueError if a key comes twice, since readers differ in which one they take."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(values := dict(pairs)) < len(pairs):
            raise ValueError("a key comes twice")
        return values

    return json.loads(text, object_pairs_hook=once)


@dataclasses.dataclass(frozen=True)
class Model:
    """Both networks, ready to run, and their origin.

    Attributes:
        source: the origin, for people to read, and the beginning of the weights' sha256.
        name: the origin, as it is saved in pictures: "embedded", user/name@commit of the Hub, or the name of the folder
            without its path, which is private.
    """

    baseline: nn.Module
    gan: nn.Module
    config: Config
    source: str
    name: str


def save_model(
    folder: Path, baseline: nn.Module, gan: nn.Module, *, working_size: dict[str, int], describe: dict
) -> Config:
    """Write both networks, quantized, and their `config.json` into `folder`.

    Args:
        working_size: for each of `ROLES`, see `Config`.
        describe: for each of `ROLES` the keyword arguments of `build_colourizer`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = weights_bytes(baseline, gan)
    sha256 = hashlib.sha256(content).hexdigest()
    config = Config(**{role: describe[role] for role in ROLES}, working_size=working_size, sha256=sha256)
    (folder / WEIGHTS_NAME).write_bytes(content)
    (folder / CONFIG_NAME).write_text(config.to_json())
    return config


def weights_bytes(baseline: nn.Module, gan: nn.Module, *, whole: bool = False) -> bytes:
    """Both networks as the content of a safetensors file. It depends on nothing but the networks.

    Args:
        whole: whether everything is stored in single precision. If not, matrices are quantized to int8 and the rest is
            stored in half precision.
    """
    state = {}
    for role, network in zip(ROLES, (baseline, gan), strict=True):
        for name, tensor in network.state_dict().items():
            key = f"{role}.{name}"
            if whole or not tensor.is_floating_point():
                state[key] = tensor
            elif is_quantizable(tensor):
                state[key], state[key + SCALE] = quantize(tensor)
            else:
                state[key] = tensor.half()
    return save({key: tensor.contiguous().cpu() for key, tensor in state.items()}, metadata={"format": "pt"})


def load_model(source: str | Path | None = None) -> Model:
    """The model in a folder, or the one of a given weights file; the embedded one for None.

    Raises:
        WeightsError: if there is none, or it is damaged, or no ColourU model.
    """
    if source is None:
        return read_model(Path(str(resources.files("colouru") / "weights")), "embedded")
    folder = Path(source)
    if folder.suffix == ".safetensors":
        if folder.name != WEIGHTS_NAME:
            raise WeightsError(f"expected a folder with {CONFIG_NAME} and {WEIGHTS_NAME}, or the latter; got {source}")
        folder = folder.parent
    if not folder.is_dir():
        raise WeightsError(
            f"there is no ColourU model in {source}: expected a folder with {CONFIG_NAME} and {WEIGHTS_NAME}, or a Hub "
            "id of the form user/name"
        )
    return read_model(folder, str(source), folder.resolve().name)


def is_hub_id(source: str) -> bool:
    """Whether it is loaded from the Hub: it looks like user/name, and nothing of that name is on disk."""
    return bool(HUB_ID.fullmatch(source)) and not source.endswith(".safetensors") and not Path(source).exists()


def read_config(folder: Path) -> Config:
    """The `config.json` of a folder; raises WeightsError if it is missing or not valid."""
    return Config.from_json(_read(folder / CONFIG_NAME, MAX_CONFIG_BYTES).decode("utf-8", errors="replace"))


def read_model(folder: Path, source: str, name: str | None = None) -> Model:
    """The model in a folder.

    Args:
        source: the origin, for people to read.
        name: `Model.name`; `source` if not given.

    Raises:
        DamagedError: if the weights do not have the sha256 in `config.json`.
        WeightsError: if anything else in the two files is wrong.
    """
    config = read_config(folder)
    try:
        with torch.device("meta"):
            networks = nn.ModuleDict({role: build_colourizer(**getattr(config, role)) for role in ROLES})
    except ValueError as error:
        raise WeightsError(f"{CONFIG_NAME}: {error}") from None
    content = _read(folder / WEIGHTS_NAME, MAX_WEIGHTS_BYTES)
    if hashlib.sha256(content).hexdigest() != config.sha256:
        raise DamagedError(
            f"{folder / WEIGHTS_NAME} is damaged: its sha256 is not the one in {CONFIG_NAME}; fetch both files again"
        )
    networks.load_state_dict(_read_state(content, networks.state_dict()), strict=True, assign=True)
    networks.eval().requires_grad_(False)
    return Model(
        networks["baseline"],
        networks["gan"],
        config,
        source=f"{source} (sha256 {config.sha256[:12]})",
        name=name or source,
    )


def _read(path: Path, limit: int) -> bytes:
    """The content of a file; raises WeightsError if it cannot be read or has more than `limit` bytes."""
    try:
        # Not to wait for the writer of a pipe, which may never come. Pipes and devices are then not read.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise WeightsError(f"{path} is no file with content of its own; put the file itself there")
            if status.st_size > limit:
                raise WeightsError(f"{path} has {status.st_size:,} bytes; at most {limit:,} are read")
            # The file may grow while it is read.
            content = file.read(limit + 1)
            if len(content) > limit:
                raise WeightsError(f"{path} grew while it was read, beyond {limit:,} bytes")
            return content
    except OSError as error:
        raise WeightsError(f"there is no ColourU model in {path.parent}: {path.name}: {error.strerror}") from None


def _read_state(content: bytes, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises WeightsError unless names, shapes and types are those of `expected`."""
    header = _read_header(content)
    quantized = [name for name in expected if _dtype(header.get(name)) == "I8"]
    scales = {name + SCALE: torch.empty(expected[name].shape[:1], device="meta") for name in quantized}
    stored = expected | scales
    if wrong := sorted(stored.keys() ^ header.keys()):
        verb = "lacks" if wrong[0] in stored else "has, but the networks do not,"
        named = wrong[0] if wrong[0] in stored else reprlib.repr(wrong[0])
        raise WeightsError(f"{WEIGHTS_NAME} {verb} {len(wrong)} tensors, {named} among them")
    for name, entry in header.items():
        _check_tensor(name, entry, stored[name])
    try:
        state = load(content)
    except SafetensorError as error:
        raise WeightsError(f"{WEIGHTS_NAME} is not a valid safetensors file: {error}") from None
    for name in quantized:
        state[name] = dequantize(state[name], state.pop(name + SCALE).float())
    state = {name: tensor.to(expected[name].dtype) for name, tensor in state.items()}
    if lost := [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]:
        raise WeightsError(f"{WEIGHTS_NAME} holds values that are not finite, in {lost[0]}")
    return state


def _read_header(content: bytes) -> dict[str, Any]:
    """The header of a safetensors file, by tensor: https://github.com/huggingface/safetensors#format."""
    length = int.from_bytes(content[:8], "little")
    if length > MAX_HEADER_BYTES:
        raise WeightsError(f"{WEIGHTS_NAME} is not a safetensors file of ours: its header is too large")
    try:
        header = _parse(content[8 : 8 + length].decode())
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{WEIGHTS_NAME} is not a valid safetensors file: {error}") from None
    if not isinstance(header, dict):
        raise WeightsError(f"{WEIGHTS_NAME} is not a valid safetensors file: its header is no object")
    header.pop("__metadata__", None)
    return header


def _dtype(entry: Any) -> Any:
    return entry.get("dtype") if isinstance(entry, dict) else None


def _check_tensor(name: str, entry: Any, expected: Tensor) -> None:
    """Raise WeightsError unless the header's `entry` has the shape and a type of `expected`."""
    shape, dtype = entry.get("shape") if isinstance(entry, dict) else None, _dtype(entry)
    if shape != list(expected.shape):
        raise WeightsError(f"{name} has shape {reprlib.repr(shape)}, where the network has {list(expected.shape)}")
    types = FLOATS if expected.is_floating_point() else ("I64",)
    if expected.is_floating_point() and expected.ndim > 1:
        types = (*types, "I8")
    if dtype not in types:
        raise WeightsError(f"{name} is stored as {reprlib.repr(dtype)}; expected {' or '.join(types)}")
