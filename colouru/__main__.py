"""Colour photos from the command line: one, or an archive of them.

colouru portrait.jpg --hints hints.json -o portrait-colour.png
colouru scans/ -o coloured/                   with scans/NAME.json as the hints of scans/NAME.jpg, where there is one
colouru scans/ -o coloured/ --jobs 4          run again, it does what is missing or has changed
colouru "scans/19*/*.tif" -o coloured/ --ray auto
colouru --verify coloured/
colouru portrait.jpg --model user/name --revision v1.0 -o portrait-colour.png
"""

import argparse
import contextlib
import dataclasses
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from colouru.archive.album import Album, gather
from colouru.archive.cluster import colour_on_ray
from colouru.archive.crew import colour_here, colour_in_processes
from colouru.archive.folder import Folder
from colouru.archive.manifest import NAME, Manifest, read_manifest
from colouru.archive.proof import strangers, verify
from colouru.archive.run import Run, plan
from colouru.archive.scan import Finding, open_sources
from colouru.archive.worker import CrewError, NoRoomError, Settings
from colouru.images.saving import picture_format
from colouru.model import ROLES, Model
from colouru.pipeline import MAX_SCAN_MEGAPIXELS, Colourizer, find_model

# Ends of the program, for scripts; 2 is for what is no command.
NOTHING_DONE, SOME_FAILED = 1, 3
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

# How many photos that failed are named; the rest is in the manifest.
NAMED = 20

# Below so many seconds nobody needs to be told how far it is.
PATIENCE = 2.0

EXITS = """exit status:
  0 all photos are coloured, 3 some could not be, 1 none could be or nothing could be done,
  2 this is no such command, 130 Ctrl-C, 143 SIGTERM"""


class Terminated(KeyboardInterrupt):
    """SIGTERM came, and ends the program as Ctrl-C does."""


def main(argv: list[str] | None = None) -> None:
    args = arguments(argv)
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        if args.verify:
            status = verify_archive(Folder(args.verify))
        else:
            model = find_model(args.model, revision=args.revision)
            status = colour_photo(model, args) if is_one_photo(args) else colour_archive(model, args)
    except KeyboardInterrupt as stop:
        status = _stopped(stop, "nothing was done")
    except (ValueError, OSError, CrewError, NoRoomError) as error:
        status = NOTHING_DONE
        print(f"colouru: {error}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(status)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Ends the program where they make no sense."""
    parser = argparse.ArgumentParser(
        prog="colouru", description=__doc__, epilog=EXITS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a photo; or an archive: folders with all that is in them, photos, patterns, URLs that fsspec opens, or a "
        "dataset, by its id on the Hub or as a folder of the same form",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="a .tif, .png, .jpg or .webp to write; of an archive a folder"
    )
    parser.add_argument("--hints", type=Path, help="JSON list of hints; of an archive NAME.json beside each NAME.jpg")
    parser.add_argument("--model", help="folder with the weights, or Hub id user/name, instead of the embedded ones")
    parser.add_argument("--revision", help="branch, tag or commit of the model on the Hub")
    parser.add_argument("--which", choices=ROLES, default="gan", help="the network whose picture to keep (%(default)s)")
    parser.add_argument(
        "--max-megapixels",
        type=float,
        default=MAX_SCAN_MEGAPIXELS,
        metavar="N",
        help="refuse photos with more (%(default)s)",
    )
    archive = parser.add_argument_group("archives")
    archive.add_argument(
        "--format",
        choices=("tif", "png", "jpg", "webp"),
        help="of the pictures (that of each photo, and png where that cannot be saved)",
    )
    archive.add_argument("--jobs", type=int, metavar="N", help="processes, which share the cores of this machine (1)")
    archive.add_argument(
        "--ray", metavar="ADDRESS", help='a Ray cluster to work on: host:port, "auto" for this machine\'s, or "local"'
    )
    archive.add_argument(
        "--album",
        action="store_true",
        help="hints of one photo tell the others what the same things look like, for photos of one series",
    )
    archive.add_argument("--verify", metavar="OUT", help=f"hold the pictures of a finished archive against its {NAME}")
    args = parser.parse_args(argv)
    if bool(args.verify) == bool(args.sources):
        parser.error("expected photos, or --verify OUT")
    if args.verify:
        return args
    if not args.output:
        parser.error("-o says where the pictures go")
    if args.jobs is not None and args.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {args.jobs}")
    if args.album and args.which == "baseline":
        parser.error("--album is of the GAN; the baseline knows no albums")
    if args.jobs and args.ray:
        parser.error("--jobs is for this machine; with --ray every core of the cluster has a process")
    if is_one_photo(args):
        if args.jobs or args.ray or args.format or args.album:
            parser.error("--jobs, --ray, --format and --album are for archives, whose OUT is a folder")
        if Path(args.sources[0]).resolve() == Path(args.output).resolve():
            parser.error("--output is the photo itself; nothing is written over it")
    elif args.hints:
        parser.error("--hints is for one photo; of an archive NAME.json beside NAME.jpg is read")
    return args


def is_one_photo(args: argparse.Namespace) -> bool:
    """Whether one photo becomes one picture, whose name is given; else it is an archive."""
    if len(args.sources) > 1 or any("://" in place for place in (*args.sources, args.output)):
        return False
    return not os.path.isdir(args.sources[0]) and bool(Path(args.output).suffix) and not os.path.isdir(args.output)


def colour_photo(model: Model, args: argparse.Namespace) -> int:
    """Colour one photo. A picture that ColourU saved brings its own hints, unless there are others."""
    photo, output = Path(args.sources[0]), Path(args.output)
    picture_format(output)
    if not output.parent.is_dir():
        raise ValueError(f"there is no folder {output.parent} for {output.name}")
    try:
        with Folder(str(output.parent)).placing(output.name) as path, _share_done() as progress:
            done = Colourizer(model).colour_file(
                photo, path, args.hints, args.which, max_megapixels=args.max_megapixels, progress=progress
            )
    except OSError as error:
        raise ValueError(f"the picture of {photo} could not be saved as {output}: {error.strerror or error}") from None
    except KeyboardInterrupt as stop:
        return _stopped(stop, f"{output} was not written")
    for remark in done.remarks:
        print(remark, file=sys.stderr)
    return 0


def colour_archive(model: Model, args: argparse.Namespace) -> int:
    """Colour what of an archive is missing or has changed."""
    out = Folder(args.output if "://" in args.output else os.path.abspath(args.output))
    settings = Settings(out, args.which, model.config.sha256, args.max_megapixels)
    sources = open_sources(args.sources, out)
    with _manifest(out) as manifest:
        found = sources.find()
        if args.album:
            settings = dataclasses.replace(settings, album=_gathered(found, model, args.max_megapixels))
        run = plan(found, manifest, settings, f".{args.format}" if args.format else None)
        if not run.there:
            raise ValueError(f"there are no photos in {', '.join(args.sources)}")
        if run.left_out:
            kinds = ", ".join(f"{count} {ending}" for ending, count in run.left_out.most_common())
            print(f"colouru: left out, for by their names they are no photos: {kinds}", file=sys.stderr)
        failures, coloured = [], run.there - len(run.tasks)
        if args.ray:
            crew = functools.partial(colour_on_ray, address=args.ray)
        elif (args.jobs or 1) > 1:
            crew = functools.partial(colour_in_processes, jobs=args.jobs)
        else:
            crew = colour_here
        try:
            with contextlib.closing(crew(run.tasks, model, settings)) as records, _photos_done(run) as bar:
                for record in records:
                    manifest.append(record)
                    bar.update()
                    if record.problem:
                        failures.append(record)
                    else:
                        coloured += 1
            manifest.flush()
            # Of processes and nodes that died meanwhile; what they began others have finished.
            out.sweep()
        except KeyboardInterrupt as stop:
            return _stopped(stop, f"{coloured} of {run.there} photos are coloured; the same again goes on from there")
        except (NoRoomError, CrewError, OSError) as error:
            print(f"colouru: {error}", file=sys.stderr)
            print(
                f"colouru: {coloured} of {run.there} photos are coloured; the same again goes on from there",
                file=sys.stderr,
            )
            return SOME_FAILED if coloured else NOTHING_DONE
    for record in failures[:NAMED]:
        named = record.problem.startswith(record.photo)
        print(record.problem if named else f"{record.photo}: {record.problem}", file=sys.stderr)
    if failures:
        rest = f", {len(failures) - NAMED} more of them named in {NAME}" if len(failures) > NAMED else ""
        print(f"colouru: {len(failures)} of {run.there} photos could not be coloured{rest}", file=sys.stderr)
    return (SOME_FAILED if coloured else NOTHING_DONE) if failures else 0


def verify_archive(out: Folder) -> int:
    """Hold every picture against the manifest."""
    try:
        records, _ = read_manifest(out)
    except FileNotFoundError:
        raise ValueError(f"there is no {NAME} in {out.url}, so nothing to hold its pictures against") from None
    checked, wrong = 0, []
    pictures = sum(not record.problem for record in records.values())
    with tqdm(verify(out, records), total=pictures, unit="picture", delay=PATIENCE, mininterval=_interval()) as bar:
        for photo, problem in bar:
            checked += 1
            if problem:
                wrong.append(f"{photo}: {problem}")
    wrong += [f"{name}: {NAME} does not tell of it" for name in strangers(out, records)]
    for sentence in wrong[:NAMED]:
        print(sentence, file=sys.stderr)
    print(f"pictures: {checked}; not as {NAME} says: {len(wrong)}; photos without one: {len(records) - pictures}")
    return SOME_FAILED if wrong else 0


def _manifest(out: Folder) -> Manifest:
    """Raises ValueError, before anything else is done, if nothing can be written there."""
    try:
        return Manifest(out)
    except OSError as error:
        raise ValueError(f"nothing can be written to {out.url}: {error.strerror or error}") from None


def _gathered(found: Finding, model: Model, max_megapixels: float) -> Album:
    with tqdm(total=len(found.scans), unit="photo", desc="hints", delay=PATIENCE, mininterval=_interval()) as bar:
        return gather(found.scans, Colourizer(model), max_megapixels, bar.update)


def _photos_done(run: Run) -> tqdm:
    return tqdm(total=run.there, initial=run.there - len(run.tasks), unit="photo", mininterval=_interval())


@contextlib.contextmanager
def _share_done() -> Iterator[Callable[[float], None]]:
    """A bar for one photo that takes long, moved on by the share that is done."""
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, delay=PATIENCE, bar_format=form, leave=False, mininterval=_interval()) as bar:
        yield lambda share: bar.update(share - bar.n)


def _interval() -> float:
    """Seconds between two states of a bar: few of them in a file that errors are kept in."""
    return 0.1 if sys.stderr.isatty() else 30.0


def _terminate(*_: object) -> None:
    raise Terminated


def _stopped(stop: KeyboardInterrupt, state: str) -> int:
    print(f"colouru: stopped; {state}", file=sys.stderr)
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


if __name__ == "__main__":
    main()
