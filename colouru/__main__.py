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

from colouru.archive.catalog import Catalog, hints_files, open_sources
from colouru.archive.folder import Folder
from colouru.archive.manifest import MANIFEST_NAME, Manifest, Record, read_manifest
from colouru.archive.plan import Plan, make_plan
from colouru.archive.process_pool import colour_in_processes, colour_sequentially
from colouru.archive.ray_backend import colour_on_ray
from colouru.archive.references import References, collect_references
from colouru.archive.verify import untracked, verify
from colouru.archive.worker import OutputError, Settings, WorkerError
from colouru.hints import as_hints
from colouru.images.saving import picture_format
from colouru.model import ROLES, Model
from colouru.pipeline import MAX_SCAN_MEGAPIXELS, Colourizer, find_model

# Exit statuses. argparse uses 2 for arguments that make no sense.
NOTHING_DONE, SOME_FAILED = 1, 3
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

# How many photos with errors are listed on stderr. All are in the manifest.
MAX_LISTED = 20

# A progress bar is shown after so many seconds.
BAR_DELAY_S = 2.0

EXIT_STATUS_HELP = """exit status:
  0 all photos are coloured, 3 some could not be, 1 none could be or nothing could be done,
  2 the arguments are wrong, 130 Ctrl-C, 143 SIGTERM"""


class SigtermHandler:
    """A signal handler that ends the program in the way of Ctrl-C, and remembers that it was called.

    The type of the exception would not tell: Ray replaces it by a KeyboardInterrupt of its own while it starts.
    """

    def __init__(self) -> None:
        self.called = False

    def __call__(self, *_: object) -> None:
        self.called = True
        raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    sigterm = SigtermHandler()
    before = signal.signal(signal.SIGTERM, sigterm)
    try:
        if args.verify:
            status = verify_archive(Folder(args.verify))
        else:
            model = find_model(args.model, revision=args.revision)
            status = colour_photo(model, args) if is_single_photo(args) else colour_archive(model, args)
    except KeyboardInterrupt:
        status = _report_interrupt("nothing was done")
    except (ValueError, OSError, WorkerError, OutputError) as error:
        status = NOTHING_DONE
        print(f"colouru: {error}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(TERMINATED if status == INTERRUPTED and sigterm.called else status)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Parse and check the arguments. If they make no sense, the program ends with status 2 and a sentence."""
    parser = _parser()
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
    if is_single_photo(args):
        if args.jobs or args.ray or args.format or args.album:
            parser.error("--jobs, --ray, --format and --album are for archives, whose OUT is a folder")
        if Path(args.sources[0]).resolve() == Path(args.output).resolve():
            parser.error("--output is the photo itself; nothing is written over it")
    elif args.hints:
        parser.error("--hints is for one photo; of an archive NAME.json beside NAME.jpg is read")
    return args


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="colouru",
        description=__doc__,
        epilog=EXIT_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a photo; or an archive: folders with all their subfolders, photos, patterns, URLs that fsspec opens, or "
        "a dataset, by its id on the Hub or as a folder of the same layout",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="the .tif, .png, .jpg or .webp to write; for an archive, a folder"
    )
    parser.add_argument(
        "--hints", type=Path, help="JSON list of hints; for an archive, NAME.json beside each NAME.jpg is read instead"
    )
    parser.add_argument("--model", help="folder with the weights, or Hub id user/name, instead of the embedded ones")
    parser.add_argument("--revision", help="branch, tag or commit of the model on the Hub")
    parser.add_argument("--which", choices=ROLES, default="gan", help="the network that colours (%(default)s)")
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
        help="of the pictures (the format of each photo, or png where that cannot be saved)",
    )
    archive.add_argument("--jobs", type=int, metavar="N", help="processes, which share the cores of this machine (1)")
    archive.add_argument(
        "--ray", metavar="ADDRESS", help='a Ray cluster to work on: host:port, "auto" for this machine\'s, or "local"'
    )
    archive.add_argument(
        "--album",
        action="store_true",
        help="use the hints of each photo for all others, too: for photos of the same people, places or things",
    )
    archive.add_argument(
        "--verify", metavar="OUT", help=f"compare the pictures of a finished archive with its {MANIFEST_NAME}"
    )
    return parser


def is_single_photo(args: argparse.Namespace) -> bool:
    """Whether OUT is the name of one picture of one photo. Otherwise it is the output folder of an archive."""
    if len(args.sources) > 1 or any("://" in place for place in (*args.sources, args.output)):
        return False
    return not os.path.isdir(args.sources[0]) and bool(Path(args.output).suffix) and not os.path.isdir(args.output)


def colour_photo(model: Model, args: argparse.Namespace) -> int:
    """Colour one photo, and return the exit status.

    Without --hints, the hints in a file beside the photo are used, or those in the metadata of a picture that ColourU
    saved.
    """
    photo, output = Path(args.sources[0]), Path(args.output)
    picture_format(output)
    if not output.parent.is_dir():
        raise ValueError(f"there is no folder {output.parent} for {output.name}")
    hints = args.hints or _hints_beside(photo)
    try:
        with Folder(str(output.parent)).atomic_write(output.name) as path, _single_photo_bar() as progress:
            done = Colourizer(model).colour_file(
                photo, path, hints, args.which, max_megapixels=args.max_megapixels, progress=progress
            )
    except OSError as error:
        raise ValueError(f"the picture of {photo} could not be saved as {output}: {error.strerror or error}") from None
    except KeyboardInterrupt:
        return _report_interrupt(f"{output} was not written")
    for remark in done.remarks:
        print(remark, file=sys.stderr)
    return 0


def colour_archive(model: Model, args: argparse.Namespace) -> int:
    """Colour the photos whose picture is missing or out of date, and return the exit status."""
    out = Folder(args.output if "://" in args.output else os.path.abspath(args.output))
    settings = Settings(out, args.which, model.config.sha256, args.max_megapixels)
    sources = open_sources(args.sources, out)
    with _open_manifest(out) as manifest:
        catalog = sources.catalog()
        if args.album:
            references = _collect_references(catalog, model, args.max_megapixels)
            settings = dataclasses.replace(settings, references=references)
        plan = make_plan(catalog, manifest, settings, f".{args.format}" if args.format else None)
        _report_skipped(catalog)
        if not plan.total:
            raise ValueError(f"there are no photos in {', '.join(args.sources)}")
        failures: list[Record] = []
        coloured = plan.total - len(plan.tasks)
        try:
            with contextlib.closing(_backend(args)(plan.tasks, model, settings)) as records, _archive_bar(plan) as bar:
                for record in records:
                    manifest.append(record)
                    bar.update()
                    if record.problem:
                        failures.append(record)
                    else:
                        coloured += 1
            manifest.flush()
            # Processes and nodes that were killed in this run may have left partial files.
            out.remove_partial_files()
        except (KeyboardInterrupt, OutputError, WorkerError, OSError) as error:
            state = f"{coloured} of {plan.total} photos are coloured; the same command goes on from there"
            if isinstance(error, KeyboardInterrupt):
                return _report_interrupt(state)
            print(f"colouru: {error}\ncolouru: {state}", file=sys.stderr)
            return SOME_FAILED if coloured else NOTHING_DONE
    _report_failures(failures, plan.total)
    return (SOME_FAILED if coloured else NOTHING_DONE) if failures else 0


def verify_archive(out: Folder) -> int:
    """Compare every picture with the manifest, print what is wrong, and return the exit status."""
    try:
        records, _ = read_manifest(out)
    except FileNotFoundError:
        raise ValueError(f"there is no {MANIFEST_NAME} in {out.url}, so its pictures cannot be checked") from None
    checked, wrong = 0, []
    pictures = sum(not record.problem for record in records.values())
    with tqdm(
        verify(out, records), total=pictures, unit="picture", delay=BAR_DELAY_S, mininterval=_bar_interval()
    ) as bar:
        for photo, problem in bar:
            checked += 1
            if problem:
                wrong.append(f"{photo}: {problem}")
    wrong += [f"{name}: it is not in {MANIFEST_NAME}" for name in untracked(out, records)]
    for sentence in wrong[:MAX_LISTED]:
        print(sentence, file=sys.stderr)
    without = len(records) - pictures
    print(f"pictures: {checked}; not as {MANIFEST_NAME} says: {len(wrong)}; photos without one: {without}")
    return SOME_FAILED if wrong else 0


def _open_manifest(out: Folder) -> Manifest:
    """Open the manifest before anything else is done.

    Raises:
        ValueError: if nothing can be written to `out`.
    """
    try:
        return Manifest(out)
    except OSError as error:
        raise ValueError(f"nothing can be written to {out.url}: {error.strerror or error}") from None


def _backend(args: argparse.Namespace) -> Callable[..., Iterator[Record]]:
    """The function that colours the tasks, as chosen by --ray and --jobs."""
    if args.ray:
        return functools.partial(colour_on_ray, address=args.ray)
    if (args.jobs or 1) > 1:
        return functools.partial(colour_in_processes, jobs=args.jobs)
    return colour_sequentially


def _collect_references(catalog: Catalog, model: Model, max_megapixels: float) -> References:
    with tqdm(
        total=len(catalog.photos), unit="photo", desc="hints", delay=BAR_DELAY_S, mininterval=_bar_interval()
    ) as bar:
        return collect_references(catalog.photos, Colourizer(model), max_megapixels, bar.update)


def _hints_beside(photo: Path) -> Path | None:
    """The file with the hints of a single photo, None if there is none. All such files are named on stderr."""
    used = None
    for name in hints_files(Folder(str(photo.parent)), photo.name):
        path = photo.with_name(name)
        try:
            as_hints(path)
        # It may be a file of another program.
        except ValueError as error:
            print(f"colouru: {name} is not used: {error}", file=sys.stderr)
            continue
        print(f"colouru: {name} is {'not ' if used else ''}used", file=sys.stderr)
        used = used or path
    return used


def _report_skipped(catalog: Catalog) -> None:
    """Name the files and folders of an archive that are not used."""
    unreadable = [f"{name} ({reason})" for name, reason in catalog.unreadable.items()]
    counts = [f"{count} {ending}" for ending, count in catalog.skipped.most_common()]
    for reason, names in (
        ("skipped, because they cannot be read", unreadable),
        ("skipped, because their names are not those of photos", counts),
        ("hints that are not used, because they belong to no photo", catalog.unused_hints),
    ):
        if names:
            more = f", and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
            print(f"colouru: {reason}: {', '.join(names[:MAX_LISTED])}{more}", file=sys.stderr)


def _report_failures(failures: list[Record], total: int) -> None:
    for record in failures[:MAX_LISTED]:
        names_photo = record.problem.startswith(record.photo)
        print(record.problem if names_photo else f"{record.photo}: {record.problem}", file=sys.stderr)
    if failures:
        more = len(failures) - MAX_LISTED
        rest = f", {more} more of them named in {MANIFEST_NAME}" if more > 0 else ""
        print(f"colouru: {len(failures)} of {total} photos could not be coloured{rest}", file=sys.stderr)


def _archive_bar(plan: Plan) -> tqdm:
    """A progress bar in photos."""
    return tqdm(total=plan.total, initial=plan.total - len(plan.tasks), unit="photo", mininterval=_bar_interval())


@contextlib.contextmanager
def _single_photo_bar() -> Iterator[Callable[[float], None]]:
    """A progress bar for one photo. Yields a function that sets the share that is done, from 0 to 1."""
    form = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, delay=BAR_DELAY_S, bar_format=form, leave=False, mininterval=_bar_interval()) as bar:
        yield lambda share: bar.update(share - bar.n)


def _bar_interval() -> float:
    """Seconds between two updates of a bar: long if stderr is a log file, where each is a line."""
    return 0.1 if sys.stderr.isatty() else 30.0


def _report_interrupt(state: str) -> int:
    print(f"colouru: stopped; {state}", file=sys.stderr)
    return INTERRUPTED


if __name__ == "__main__":
    main()
