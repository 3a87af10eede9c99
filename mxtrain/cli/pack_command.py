"""mxtrain pack: record files of images, made and looked after."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxtrain.base.errors import DataError, Interrupted, UsageError
from mxtrain.cli._common import emit, say
from mxtrain.cli._counter import Style, Tell, counter
from mxtrain.cli._packed import report

if TYPE_CHECKING:
    from mxtrain.data.packing.listing import Listing
    from mxtrain.data.remote.packs import Packs

HELP = """Pack images into record files (RecordIO, as MXNet reads and writes them), and look after them.

PACK stands for a .rec file, a manifest (.json), what both begin with, or a pattern in quotes ('train-*.rec'); check, ls
and cat also take one behind s3://, gs://, hdfs:// or http(s)://."""

APP = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True, help=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


class Encode(StrEnum):
    """Formats of payloads."""

    jpeg = "jpeg"
    png = "png"
    raw = "raw"


class Channels(StrEnum):
    """Colour of the packed images."""

    keep = "keep"
    gray = "1"
    colour = "3"


Given = Annotated[list[str], typer.Argument(metavar="PACK...", help="what to read", show_default=False)]
OnePack = Annotated[str, typer.Argument(metavar="PACK", help="what to read", show_default=False)]
Out = Annotated[Path, typer.Argument(metavar="OUT", help="what the new files begin with", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="JSON lines instead of text")]
Shards = Annotated[int, typer.Option(metavar="N", min=1, max=99999, help="record files per set")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="decides the order and what is held out")]
Threads = Annotated[
    int | None, typer.Option(metavar="N", min=1, max=256, help="threads; default: one per core", show_default=False)
]
Val = Annotated[
    float, typer.Option(metavar="FRACTION", min=0, max=1, help="hold out as OUT-val; the rest is OUT-train")
]
Stratify = Annotated[bool, typer.Option("--stratify", help="hold out that fraction of each class")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace a pack of that name")]
Progress = Annotated[Style, typer.Option(help="progress on stderr")]


Source = Annotated[
    str, typer.Argument(metavar="FOLDER|LIST|-", help="class folders, a .lst, or paths; -: stdin", show_default=False)
]
Root = Annotated[Path | None, typer.Option(metavar="FOLDER", help="where paths of a list start; default: its folder")]
Resize = Annotated[int | None, typer.Option(metavar="S", min=1, help="length of the shorter edge")]
Crop = Annotated[bool, typer.Option("--center-crop", help="cut the middle square")]
Format = Annotated[Encode | None, typer.Option(help="raw: decoded pixels, fastest to read", show_default="jpeg")]
Quality = Annotated[int | None, typer.Option(metavar="Q", min=1, max=100, help="of JPEG", show_default="95")]
Colour = Annotated[Channels, typer.Option(help="keep: gray stays gray")]
AsTheyAre = Annotated[bool, typer.Option("--pass-through", help="store the files as they are")]
Formats = Annotated[str, typer.Option(metavar="A,B", help="formats to take: jpeg, png, bmp, gif, ppm, webp")]
Classes = Annotated[Path | None, typer.Option(metavar="FILE", help="names of the classes, a line each, in label order")]
Shuffle = Annotated[bool | None, typer.Option(help="mix the images; default: those of folders and lists of paths")]
Strict = Annotated[bool, typer.Option("--strict", help="stop at the first image that cannot be packed")]
Null = Annotated[bool, typer.Option("-0", "--null", help="paths from stdin end with a zero byte")]


@APP.command("images", short_help="pack class folders, a .lst, or a list of paths")
def images(
    source: Source, out: Out, root: Root = None, shards: Shards = 1, resize: Resize = None, center_crop: Crop = False,
    encode: Format = None, quality: Quality = None, channels: Colour = Channels.keep, pass_through: AsTheyAre = False,
    formats: Formats = "jpeg,png", classes: Classes = None, val: Val = 0.0, stratify: Stratify = False,
    shuffle: Shuffle = None, seed: Seed = 0, threads: Threads = None, strict: Strict = False,
    overwrite: Overwrite = False, null: Null = False, progress: Progress = Style.auto,
) -> None:  # fmt: skip
    """Pack a folder with one folder per class, a .lst (INDEX, LABEL..., PATH, with tabs), or a list of paths.

    Makes OUT.rec (with --shards: OUT-00000-of-0000N.rec ...), .idx and checksums beside it, OUT.lst (what was packed)
    and OUT.json: classes, counts, mean and deviation of the pixels, every file that was left out and why. The same
    images and options give the same bytes, whatever the threads. An interrupted command goes on when it is given
    again; a finished one does nothing. Exit code 3: some images could not be packed; all others were.
    """
    from mxtrain.data.pack import Options, pack
    from mxtrain.data.packing.convert import Recipe
    from mxtrain.data.packing.shard import Manner

    if pass_through and (encode or quality or resize or center_crop or channels is not Channels.keep):
        raise UsageError(
            "--pass-through stores files as they are: leave out --encode, --quality, --resize, --center-crop"
        )
    if quality and encode not in (None, Encode.jpeg):
        raise UsageError(f"--quality is JPEG's; --encode {encode.value if encode else ''} has none")
    if stratify and not val:
        raise UsageError("--stratify goes with --val FRACTION")
    taken = _formats(formats)
    listing = _listing(source, root, taken, _class_names(classes), null)
    recipe = Recipe(
        "keep" if pass_through else encode.value if encode else "jpeg", quality or 95, resize, center_crop,
        None if channels is Channels.keep else int(channels.value), taken,  # type: ignore[arg-type]
    )  # fmt: skip
    mixed = listing.kind != "list" if shuffle is None else shuffle
    options = Options(recipe, shards, val, stratify, mixed, seed)
    with counter(progress, "packing", len(listing)) as shown, _stoppable(shown) as tell:
        made = pack(listing, out, options, Manner(_threads(threads), strict, overwrite, tell))
    report(made, shards)


def _listing(source: str, root: Path | None, formats: tuple[str, ...], classes: tuple[str, ...], null: bool) -> Listing:
    from mxtrain.data.packing import listing

    if null and source != "-":
        raise UsageError("-0 is for paths from stdin (-)")
    if source != "-" and Path(source).is_dir():
        if root is not None:
            raise UsageError(f"--root goes with a list; {source} is a folder")
        return listing.of_folder(Path(source), formats, classes)
    with _file(source) as file:
        name = "stdin" if source == "-" else Path(source).name
        start = root or (Path() if source == "-" else Path(source).parent)
        if not start.is_dir():
            raise UsageError(f"--root {start}: is no folder")
        if not null and listing.is_lst(file):
            return listing.of_list(file, start, classes or None, name)
        return listing.of_paths(listing.path_lines(file, b"\0" if null else b"\n"), start, name, classes)


@contextmanager
def _file(source: str) -> Iterator[Path]:
    """The list as a file: stdin is copied into one."""
    if source != "-":
        if not Path(source).exists():
            raise DataError(f"{source}: nothing is there; expected class folders, a .lst, or - for stdin")
        if not Path(source).is_file():
            raise UsageError(f"{source}: is no folder and no list; expected class folders, a .lst, or - for stdin")
        yield Path(source)
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads a list from stdin: find . -name '*.jpg' | mxtrain pack images - OUT")
    with tempfile.TemporaryDirectory(prefix="mxtrain-") as folder:
        path = Path(folder, "stdin")
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path


def _formats(text: str) -> tuple[str, ...]:
    from mxtrain.data.image import FORMATS

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        raise UsageError(f"--formats: no format {unknown[0]!r}; there are: {', '.join(FORMATS)}")
    return names


def _class_names(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        names = tuple(filter(None, (line.strip() for line in path.read_text(encoding="utf-8").splitlines())))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not names or len(set(names)) != len(names):
        raise DataError(f"{path}: expected the names of the classes, one per line, all different")
    return names


def _threads(threads: int | None) -> int:
    return threads or len(os.sched_getaffinity(0))


@contextmanager
def _stoppable(tell: Tell) -> Iterator[Tell]:
    """Let SIGINT and SIGTERM end the work between two images, where nothing half is left; a second one ends it at once.

    Raises:
        Interrupted: where `tell` is called next.
    """
    asked: list[int] = []

    def note(number: int, frame: object) -> None:
        asked.append(number)
        signal.signal(number, earlier[number])

    def told(done: int, bad: int) -> None:
        tell(done, bad)
        if asked:
            raise Interrupted(asked[0], "interrupted; finished shards stay: the same command goes on")

    earlier: dict[int, Any] = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _find(packs: Sequence[str]) -> list[Path]:
    from mxtrain.data.packing import places
    from mxtrain.data.remote.address import is_remote

    far = next(filter(is_remote, packs), None)
    if far:
        raise UsageError(f"{far}: only check, ls and cat read remote packs; copy it to this machine first")
    return list(dict.fromkeys(rec for pack in packs for rec in places.find(Path(pack))))


@contextmanager
def _found(packs: Sequence[str]) -> Iterator[tuple[list[Path | str], Packs | None]]:
    """The record files, here or elsewhere, and what reads those elsewhere."""
    from mxtrain.data.remote.address import is_remote
    from mxtrain.data.remote.options import Options
    from mxtrain.data.remote.packs import Packs

    if not any(map(is_remote, packs)):
        yield list(_find(packs)), None
        return
    defaults: dict[str, Any] = {}
    with Packs(Options(**defaults)) as far:
        recs: list[Path | str] = []
        for pack in packs:
            recs += far.find(pack) if is_remote(pack) else _find([pack])
        yield list(dict.fromkeys(recs)), far


@APP.command("check", short_help="walk every record; code 3 if anything is wrong")
def check(
    packs: Given,
    decode: Annotated[bool, typer.Option("--decode", help="decode every image, too")] = False,
    threads: Threads = None,
    json: Json = False,
    progress: Progress = Style.auto,
) -> None:
    """Walk every record: magic words, lengths, checksums, the .idx, the manifest. Exit code 3 if anything is wrong."""
    from mxtrain.data.packing import check as checking

    bad = 0
    with _found(packs) as (recs, far), counter(progress, "checking", None, "records") as tell:
        for found in checking.check(recs, decode, _threads(threads), tell, far):
            bad += found.count
            _show_findings(found, decode, json)
    for problem in checking.check_list([rec for rec in recs if isinstance(rec, Path)]):
        bad += 1
        say(problem)
    if bad:
        raise DataError("1 problem" if bad == 1 else f"{bad:,} problems")


def _show_findings(found: Any, decode: bool, json: bool) -> None:
    if json:
        emit({**vars(found), "rec": str(found.rec)})
        return
    parts = [f"{found.records:,} records"]
    if found.without_image:
        parts.append(f"{found.without_image:,} of them without an image")
    if decode:
        parts.append(f"{found.decoded:,} decoded")
    for name in ("index", "checksums", "manifest"):
        parts.append(name if getattr(found, name) else f"no {name}")
    verdict = {0: "whole", 1: "1 problem"}.get(found.count, f"{found.count:,} problems")
    sys.stdout.write(f"{found.rec}: {verdict}: {', '.join(parts)}\n")
    for problem in found.problems:
        say(problem)


@APP.command("ls", short_help="list records")
def ls(packs: Given, json: Json = False) -> None:
    """List records, with tabs between: number, id, labels, bytes of the payload, format, class, path of the image."""
    from mxtrain.data.packing import records

    with _found(packs) as (recs, far):
        names = records.names_of(recs, far)
        for number, row in enumerate(records.rows(recs, far)):
            id = None if row.header is None else row.header.id
            about = [id, list(row.labels), len(row.payload), row.kind, names.class_of(row), names.path_of(row)]
            if json:
                keys = ("id", "labels", "bytes", "format", "class", "path")
                emit({"number": number, "rec": str(row.rec), **dict(zip(keys, about, strict=True))})
            else:
                about[1] = " ".join(f"{label:g}" for label in row.labels)
                sys.stdout.write("\t".join(["" if v is None else str(v) for v in (number, *about)]) + "\n")


@APP.command("cat", short_help="write one record to stdout")
def cat(
    pack: OnePack,
    number: Annotated[int, typer.Argument(metavar="N", min=0, help="number of the record, from 0", show_default=False)],
    key: Annotated[bool, typer.Option("--key", help="N is a key of the .idx (the id), not a number")] = False,
) -> None:
    """Write the payload of one record (an image file) to stdout."""
    from mxtrain.data.packing import records

    with _found([pack]) as (recs, far):
        row = records.row_at(recs, number, key, far)
        sys.stdout.flush()
        sys.stdout.buffer.write(row.payload)


@APP.command("unpack", short_help="write every image as a file into class folders")
def unpack(packs: Given, out: Out, progress: Progress = Style.auto) -> None:
    """Write every image as a file into class folders below OUT, and OUT.lst: ids, labels, paths."""
    from mxtrain.data.packing.unpack import unpack as write

    with counter(progress, "unpacking", None) as tell:
        done = write(_find(packs), out, tell)
    without = f"; {done.without_image} records hold none" if done.without_image else ""
    say(f"{out}: {done.files:,} images{without}")


@APP.command("merge", short_help="make one pack of several")
def merge(
    packs: Given, out: Out, shards: Shards = 1, overwrite: Overwrite = False, progress: Progress = Style.auto
) -> None:
    """Make one pack of several. Classes are joined by name; an id that comes again is replaced by a free one."""
    from mxtrain.data.packing import rewrite

    with counter(progress, "merging", None, "records") as tell:
        made = rewrite.merge([_find([pack]) for pack in packs], out, shards, overwrite, tell)
    say(f"{out}: {made.records:,} records")


@APP.command("split", short_help="make two packs of one, or other shards")
def split(
    pack: OnePack, out: Out, val: Val = 0.0, stratify: Stratify = False, seed: Seed = 0, shards: Shards = 1,
    overwrite: Overwrite = False, progress: Progress = Style.auto,
) -> None:  # fmt: skip
    """Make two packs of one (--val), or cut it into another number of --shards. Ids and order stay."""
    from mxtrain.data.packing import rewrite

    if stratify and not val:
        raise UsageError("--stratify goes with --val FRACTION")
    how = {"shards": shards, "stratify": stratify, "seed": seed}
    with counter(progress, "splitting", None, "records") as tell:
        made = rewrite.split(_find([pack]), out, val, how, overwrite, tell)
    say(f"{out}: {' and '.join(f'{m.records:,}' for m in made)} records")


@APP.command("index", short_help="make indices and checksums anew")
def index(packs: Given) -> None:
    """Make .idx (keys: the ids, or numbers if an id comes twice), checksums and the mapped index of record files."""
    from mxtrain.data.packing.indexing import make_index

    for rec in _find(packs):
        done = make_index(rec)
        keys = "ids" if done.by_id else "numbers from 0: the ids are not all different"
        say(f"{rec}: {done.records:,} records; keys are {keys}")
