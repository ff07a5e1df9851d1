"""Colour photos from the command line.

python -m colouru portrait.jpg --hints hints.json -o portrait-colour.png
python -m colouru scans/ -o coloured/
python -m colouru portrait.jpg --model user/name --revision v1.0 -o portrait-colour.png
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from colouru.model import ROLES
from colouru.picture.photo import open_photo
from colouru.picture.saving import picture_format
from colouru.pipeline import Colourizer, pipeline


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="colouru", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path, help="a photo, or a folder of them")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a .png, .jpg or .webp to write, or a folder")
    parser.add_argument("--hints", type=Path, help="JSON list of hints; of a folder NAME.json beside each photo")
    parser.add_argument("--model", help="folder with the weights, or Hub id user/name, instead of the embedded ones")
    parser.add_argument("--revision", help="branch, tag or commit of the model on the Hub")
    parser.add_argument("--which", choices=ROLES, default="gan", help="the network whose picture to keep (%(default)s)")
    args = parser.parse_args(argv)
    if args.photo.is_dir() and args.hints:
        parser.error("--hints is for one photo; of a folder NAME.json beside NAME.jpg is read")
    if args.photo.resolve() == args.output.resolve():
        parser.error("--output is where the photos are; nothing is written over them")
    try:
        colourize = pipeline(args.model, revision=args.revision)
        if args.photo.is_dir():
            failures = colour_folder(colourize, args.photo, args.output, args.which)
        else:
            colour_file(colourize, args.photo, args.hints, args.output, args.which)
            failures = 0
    except (ValueError, OSError) as error:
        sys.exit(f"colouru: {error}")
    if failures:
        sys.exit(f"colouru: {failures} of the files could not be coloured")


def colour_file(colourize: Colourizer, photo: Path, hints: Path | None, output: Path, which: str) -> None:
    """Colour one photo. A picture that ColourU saved brings its own hints, unless there are others."""
    picture_format(output)
    opened = open_photo(photo)
    remarks = opened.remarks
    if hints is None and opened.provenance:
        hints = opened.provenance.hints
        remarks += (f"{photo.name} was saved by ColourU: its own hints, {len(hints)} of them, are used again.",)
    colourize(opened, hints).save(output, which)
    for remark in remarks:
        tqdm.write(remark, file=sys.stderr)


def colour_folder(colourize: Colourizer, folder: Path, output: Path, which: str) -> int:
    """Colour every file NAME.jpg of `folder` into `output`/NAME.jpg.png, and return how many could not be."""
    photos = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".json")
    if not photos:
        raise ValueError(f"there are no files in {folder}")
    output.mkdir(parents=True, exist_ok=True)
    failures = 0
    for photo in tqdm(photos, unit="photo"):
        hints = photo.with_suffix(".json")
        try:
            colour_file(colourize, photo, hints if hints.exists() else None, output / f"{photo.name}.png", which)
        except ValueError as error:
            failures += 1
            tqdm.write(f"{photo.name}: {error}", file=sys.stderr)
    return failures


if __name__ == "__main__":
    main()
