"""The model card: what a person must know before they use published weights, and the figures for machines to read.

Knows nothing of how weights are trained or sent; figures are those of `train.evaluate`.
"""

from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from colouru.model import CONFIG_NAME, WEIGHTS_NAME, Config
from train.data import TINY_IMAGENET
from train.preset import PRESETS

CODE_LICENCE = Path(__file__).parent.parent / "LICENSE"

# What each network is called in tables.
NAMES = {"baseline": "baseline", "gan": "GAN", "levin": "Levin"}

EXTREMES = 10

# Of what train.evaluate draws; its sheets show images that are not ours to pass on.
CURVES = {
    "curve.png": "Normalized loss over the number of hints",
    "gain.png": "Gain over greyscale in dB over the number of hints",
}

TERMS = """\
- **Images.** The networks learned from Tiny ImageNet (`{dataset}`) and, with the preset `full`, from
  larger photographs (ours are of ImageNet and BSDS500), all for non-commercial research and education only. None is
  contained here, but whether weights may go further than the images they come from is not settled: keep to
  non-commercial purposes.
- **Code.** {code}
- **Pictures on this card** come with scikit-image, each under a licence of its own.
"""

LIMITS = """\
- **Colours are guesses except where a person gave a hint.** No colour of a uniform, a flag, a medal or a face is
  evidence of anything. Whoever publishes a picture coloured with this should say so beside it.
- **Skin.** ImageNet shows lighter skin more often than darker. Without hints expect skin to be drawn towards the tones
  that were common there, and give a hint for every face. How far off it is, by skin tone, was not measured.
- **What the training images lack** is guessed worst: scenes and things of other times and places, night, studio light,
  drawings, microscopy, maps.
- Without hints the colours are pale, and often no better than grey; with few hints they stay paler than the original.
- The networks see a copy of the photo {baseline} (baseline) and {gan} (GAN) pixels long. Finer colour is only guessed
  along the edges of the lightness.
- Not meant for medical or forensic pictures, nor to tell who or what is in a picture.
"""


def model_card(
    repo: str, tag: str, config: Config, trained: dict[str, dict], figures: dict[str, Any] | None, names: list[str]
) -> str:
    """The README.md of a model on the Hub, with its metadata.

    Args:
        tag: the version that the card belongs to.
        trained: the checkpoint of each network.
        figures: the metrics.json of `train.evaluate`; None where nothing was measured.
        names: the files beside the card.
    """
    user, name = repo.split("/")
    metadata = ModelCardData(
        model_name=name,
        license="other",
        license_name="imagenet-terms-of-access",
        license_link="https://www.image-net.org/download",
        library_name="colouru",
        pipeline_tag="image-to-image",
        tags=["image-colorization", "colorization", "interactive"],
        datasets=[TINY_IMAGENET],
        metrics=["normalized_loss"],
        eval_results=results(figures) if figures else None,
    )
    parts = [
        f"# {name}",
        introduction(repo, tag),
        f"## Files\n\n{files(names)}",
        f"## How good it is\n\n{measured(figures, names) if figures else 'This version was not measured.'}",
        f"## Limits and bias\n\n{LIMITS.format(**config.working_size)}",
        f"## How it was trained\n\n{training(config, trained)}",
        f"## Licence and terms\n\n{TERMS.format(dataset=TINY_IMAGENET, code=code_licence())}",
    ]
    if "examples.jpg" in names:
        parts.insert(2, "![Photos in grey, coloured without hints and with a few, and the originals](examples.jpg)")
    return f"---\n{metadata.to_yaml()}\n---\n\n" + "\n\n".join(part.strip() for part in parts) + "\n"


def results(figures: dict[str, Any]) -> list[EvalResult]:
    """The normalized loss of the GAN at each number of hints, as the Hub's `model-index` has it."""
    return [
        EvalResult(
            task_type="image-to-image",
            task_name="Colourization with hints",
            dataset_type=figures["dataset"],
            dataset_name="Tiny ImageNet" if figures["dataset"] == TINY_IMAGENET else figures["dataset"],
            dataset_split=figures["split"],
            dataset_revision=figures["revision"],
            metric_type="normalized_loss",
            metric_name=f"Normalized loss at {n} hints",
            metric_value=by_name["gan"]["normalized_loss"],
            metric_args={"hints": int(n)},
        )
        for n, by_name in figures["protocols"]["Protocol T"].items()
    ]


def introduction(repo: str, tag: str) -> str:
    return f"""\
Weights for ColourU, which turns a black-and-white photograph into a colour one under your guidance: you paint a few
dots of colour, and two networks colour the whole photo from them. **baseline** is a plain autoencoder, **GAN** a
generator that was trained against a discriminator and keeps every dot, as far as sRGB has that colour there.

```python
from colouru import Hint, pipeline

colourize = pipeline("{repo}", revision="{tag}")
result = colourize("portrait.jpg", hints=[Hint(x=0.42, y=0.31, colour="#c68642")])
result.save("portrait-colour.png")
```"""


def files(names: list[str]) -> str:
    about = {
        WEIGHTS_NAME: "both networks, matrices in one byte a number, which is what `pipeline` reads",
        "model.fp32.safetensors": "the same in single precision, to train on from",
        CONFIG_NAME: "how the networks are built, and the sha256 of the weights that `pipeline` reads",
        "metrics.json": "every figure of `train.evaluate`",
    }
    return "\n".join(f"- `{name}`: {about[name]}" for name in names if name in about)


def measured(figures: dict[str, Any], names: list[str]) -> str:
    """The figures as text: by hint count, and the classes that it colours best and worst."""
    small = figures["protocols"]["Protocol T"]
    lines = [
        "**Normalized loss** is MSE(recolourization, original) / MSE(greyscale, original) in CIELAB: 0 is the",
        "original, 1 no better than grey; over a set the ratio of the sums. Hints have the true colours.",
        "",
        f"{figures['images']} images of `{figures['dataset']}`, split `{figures['split']}`, 64 x 64, with n hints of",
        "3 x 3 pixels, beside Levin et al. (2004), which learns nothing:",
        "",
        *loss_table(small),
    ]
    if photographs := figures["protocols"].get("Protocol Z"):
        lines += [
            "",
            f"{figures['photos']} photographs at 256 x 256, with n hints of 6 x 6 pixels:",
            "",
            *loss_table(photographs),
        ]
    lines += [line for name, title in CURVES.items() if name in names for line in ("", f"![{title}]({name})")]
    if by_class := figures.get("by class"):
        lines += ["", *class_table(by_class)]
    return "\n".join(lines)


def loss_table(by_count: dict[str, dict[str, dict]]) -> list[str]:
    lines = [
        "| hints | " + " | ".join(f"loss: {name}" for name in NAMES.values()) + " | worse than grey: GAN |",
        "|---|" + "---|" * (len(NAMES) + 1),
    ]
    for n, by_name in by_count.items():
        losses = [f"{by_name[name]['normalized_loss']:.3f}" if name in by_name else "-" for name in NAMES]
        lines.append(f"| {n} | {' | '.join(losses)} | {by_name['gan']['share_worse_than_grey']:.1%} |")
    return lines


def class_table(by_class: dict[str, dict[str, float]]) -> list[str]:
    """The classes, by their WordNet ids, with the lowest and the highest loss of the GAN."""
    ranked = sorted(by_class, key=lambda name: by_class[name]["gan"])
    count = min(EXTREMES, len(ranked) // 2)
    rows = zip(ranked[:count], ranked[::-1][:count], strict=True)
    cells = [[f"`{name}` | {by_class[name]['gan']:.3f}" for name in row] for row in rows]
    return [
        f"Of {len(ranked)} classes, by WordNet id, those coloured best and worst by the GAN at five hints:",
        "",
        "| best | loss | worst | loss |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]


def training(config: Config, trained: dict[str, dict]) -> str:
    lines = ["| network | widths | preset | number of hints | steps of its last stage |", "|---|---|---|---|---|"]
    for role, checkpoint in trained.items():
        described = getattr(config, role)
        widths = [width for name, widths in described.items() if name.endswith("widths") for width in widths]
        preset = checkpoint.get("arguments", {}).get("preset", "-")
        hints = PRESETS[preset].hint_counts if preset in PRESETS else "-"
        shown = [
            f"{NAMES[role]}: {described['network']}",
            "-".join(map(str, widths)),
            preset,
            hints,
            str(checkpoint["step"]),
        ]
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines)


def code_licence() -> str:
    if CODE_LICENCE.exists():
        return f"ColourU's code is under the {CODE_LICENCE.read_text().splitlines()[0].strip()}."
    return "ColourU's code comes without a licence so far: ask its authors before you pass it on."
