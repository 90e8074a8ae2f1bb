"""``heedful train``: a model from a recipe or from pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heedful.cli import options
from heedful.errors import DataError, HeedfulError, SettingsError

if TYPE_CHECKING:
    from heedful.training.run import Ended

Table = dict[str, dict[str, Any]]


def train(  # noqa: PLR0913 (one argument an option)
    data: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE.toml | DATA.tsv | SOURCE TARGET",
            help="A recipe; or a file of pairs; or two of parallel text; or a built-in task such as task:dates.",
        ),
    ] = None,
    *,
    dev: Annotated[
        list[str] | None,
        typer.Option("--dev", metavar="FILE", help="Pairs to validate on; say it twice for two files."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; runs/NAME of the recipe or data.")
    ] = None,
    sets: options.Set = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that stands at --out.")] = False,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="DIR", help="Go on with a run as if it had never stopped.")
    ] = None,
    init_from: Annotated[
        Path | None,
        typer.Option("--init-from", metavar="MODEL", help="Begin with this model's weights and vocabulary."),
    ] = None,
    threads: options.Threads = None,
    on_bad: options.Bad = None,
) -> None:
    """Train a model from a recipe or a file of pairs.

    What neither the recipe nor --set says is chosen to suit the data, and written into the run's recipe.toml. Ctrl-C
    saves first; --resume goes on from there.
    """
    files, among = options.separated(data or [])
    if resume is None and not files:
        raise typer.BadParameter("name a recipe, a file of pairs, two parallel files, or --resume DIR")
    if resume is not None and (wrong := _against_resume(out, overwrite, init_from)):
        raise typer.BadParameter(f"--resume goes on with the run as it is, so {wrong} has no place beside it")
    from heedful.cli import show
    from heedful.cli.progress import watching
    from heedful.training import run

    overrides = options.read_overrides([*(sets or []), *among])
    if dev:
        overrides.append(("data.dev", options.as_place(dev, "--dev")))
    if on_bad is not None:
        overrides.append(("data.on_bad", on_bad.value))
    if threads is not None:
        overrides.append(("training.threads", threads))
    table = table_of(files)
    folder = resume or out or Path("runs") / stem_of(files[0])
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder}: is a file, and a run is a folder; choose another one")
    if resume is not None:
        with watching(folder) as watch:
            ended = run.resume(folder, watch, table, overrides)
    else:
        where = files[0] if not overrides else f"{files[0]} with --set"
        show.say(f"reading {' '.join(files)}")
        with watching(folder) as watch:
            ended = run.start(table, overrides, where, folder, watch, overwrite=overwrite, initial=init_from)
    _tell(folder, ended)


def _against_resume(out: Path | None, overwrite: bool, init_from: Path | None) -> str | None:
    given = {"--out": out is not None, "--overwrite": overwrite, "--init-from": init_from is not None}
    return next((name for name, said in given.items() if said), None)


def table_of(files: list[str]) -> Table:
    """What the files say: a recipe's tables, or a table that names the data."""
    from heedful.training.recipe import read_table

    if not files:
        return {}
    if any(file.endswith(".toml") for file in files):
        if len(files) > 1:
            raise SettingsError(
                f"a recipe stands alone, found {' '.join(files)}; name other data with --set data.train=FILE"
            )
        path = Path(files[0])
        if not path.is_file():  # said here, where the path is still as it was written
            raise DataError(f"{path}: no such file", "check the path of the recipe")
        # From the root on, for the run's copy of the recipe stands elsewhere.
        return read_table(path.absolute())
    return {"data": {"train": options.as_place(files, "heedful train")}}


def stem_of(file: str) -> str:
    """What a run of this recipe or data is called."""
    return file.removeprefix("task:") if file.startswith("task:") else Path(file).stem or "run"


def _tell(folder: Path, ended: "Ended") -> None:
    """What came of it, where it lies, and what to do with it."""
    from heedful.cli import show

    show.say(f"done: {ended.reason}")
    show.say(f"dev, {show.count(ended.report.count, 'source')}: {show.scores(ended.report)}", style="bold")
    pictures = sorted(path.name for path in folder.glob("attention-*"))
    written = [
        name for name in ("best", "last", "recipe.toml", "journal.jsonl", "metrics.json") if (folder / name).exists()
    ]
    show.say(f"{folder}: {', '.join(written)}")
    if pictures:
        show.say(f"heatmaps: {', '.join(str(folder / name) for name in pictures)}")
        _draw(folder, ended)
    what = "SOURCE" if ended.predictor.codec.data.framed else "TEXT"
    show.say(f"next: heedful evaluate {folder} TEST.tsv; heedful predict {folder} FILE; heedful attend {folder} {what}")


def _draw(folder: Path, ended: "Ended") -> None:
    """The first dev source's heatmap, in the terminal; pictures and sounds have theirs in the files."""
    if ended.predictor.codec.data.framed:
        return
    from heedful.cli import show
    from heedful.training import journal, run

    validated = [each for each in journal.read(folder / run.JOURNAL) if each["event"] == journal.Validated.kind]
    for sample in validated[-1]["samples"] if validated else []:
        try:
            found = ended.predictor.search([tuple(sample[0].split("\t"))])[0]
        except HeedfulError:  # a picture is not worth an error after a training that went well
            continue
        if found.attention is not None and found.attention.target:
            show.say("")
            show.heatmap(found.attention, f"{sample[0]} → {found.text}", stderr=True)
            return
