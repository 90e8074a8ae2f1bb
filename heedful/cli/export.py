"""``heedful export``: a model for places without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heedful.cli import options
from heedful.errors import DataError, SettingsError

if TYPE_CHECKING:
    from heedful.checkpoint import Checkpoint
    from heedful.data.corpus import Corpus
    from heedful.export.exporting import Exported
    from heedful.export.quantising import Trial
    from heedful.training.recipe import Recipe


def _place(word: str) -> Path:
    """The folder to write."""
    if not word:
        raise typer.BadParameter("is empty; name the folder to write, as --onnx exported")
    return Path(word)


def export(
    model: options.Model,
    *,
    onnx: Annotated[Path, typer.Option("--onnx", metavar="DIR", parser=_place, help="The folder to write.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights in bytes: a quarter of the size, refused where it costs points.")
    ] = False,
    dev: Annotated[
        list[str] | None,
        typer.Option(
            "--dev", metavar="FILE", help="Pairs that --int8 is scored on; the run's own dev set unless named."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the folder that stands at --onnx.")] = False,
    threads: options.Threads = None,
    json: options.Json = False,
) -> None:
    """Write a model as two ONNX graphs, with a runner in one file that needs numpy and onnxruntime only.

    Nothing is written before the graphs were held against the model over many lengths and batch sizes, and the runner's search
    against its search.
    """
    if dev and not int8:
        raise SettingsError(
            "--dev is what --int8 is scored on, and has no effect without it; add --int8 or leave it out"
        )
    from heedful.checkpoint import load
    from heedful.cli import show
    from heedful.export import place
    from heedful.export.exporting import export as export_model

    options.use_threads(threads)
    place.check(onnx, overwrite=overwrite)
    checkpoint = load(model)
    trial = _trial(model, checkpoint, dev) if int8 else None
    found = export_model(checkpoint, onnx, trial=trial, overwrite=overwrite, threads=threads or 0)
    if json:
        show.json_line(_record(found))
    _tell(onnx, found)


def _trial(model: Path, checkpoint: "Checkpoint", dev: list[str] | None) -> "Trial":
    """What the rounded model is scored on.

    Raises:
        SettingsError: no dev data are named, and the model is of no run that knows any. DataError: they can't be read.
    """
    from heedful.cli import show
    from heedful.data.corpus import read_corpus
    from heedful.export.quantising import Trial

    recipe = _recipe(model)
    if dev:
        place = options.as_place(dev, "--dev")
        corpus = read_corpus(place if isinstance(place, str) else (place[0], place[1]), checkpoint.data)
    elif recipe is None:
        raise SettingsError("--int8 is scored on dev data, and this model is of no run that names any; pass --dev FILE")
    else:
        corpus = _dev_of(recipe)
    show.notes(corpus.notes, corpus.skipped, corpus.name)
    metric = checkpoint.evaluation.metrics[0] if recipe is None else recipe.training.metric
    return Trial(corpus, metric, checkpoint.evaluation)


def _recipe(model: Path) -> "Recipe | None":
    """The recipe of the run that this model is or belongs to."""
    from heedful.training.recipe import compose, read_table

    model = model.resolve()  # the folder that we are in has a name, too
    folder = model.parent if model.name in ("best", "last") else model
    path = folder / "recipe.toml"
    return compose(read_table(path), [], str(path)).recipe if path.is_file() else None


def _dev_of(recipe: "Recipe") -> "Corpus":
    """The dev pairs that the run was validated on.

    Raises:
        DataError: they can't be read any more.
    """
    from heedful.data.corpus import read_corpus
    from heedful.training.prepare import corpora

    try:
        return corpora(recipe.data)[1] if recipe.data.dev is None else read_corpus(recipe.data.dev, recipe.data)
    except DataError as error:
        raise DataError(f"--int8 is scored on the run's dev data: {error.problems[0]}", "pass --dev FILE") from None


def _record(found: "Exported") -> dict[str, object]:
    """What --json writes."""
    scores = None if found.scores is None else found.scores._asdict()
    return {"files": found.sizes, "differences": found.checked._asdict(), "scores": scores, "float32": found.float32}


def _tell(out: Path, found: "Exported") -> None:
    from heedful.cli import show
    from heedful.export.folder import ENCODER, STEP
    from heedful.export.quantising import vacuous

    far = found.checked
    undecided = f"; in {far.undecided:,} of them the last digit decides what is found" if far.undecided else ""
    show.say(
        f"checked: log-probabilities differ by {far.log_probs:.1g} at most, weights by {far.weights:.1g}, scores of "
        f"{far.searched:,} searches by {far.scores:.1g}{undecided}"
    )
    if found.scores is not None:
        each, size = found.scores, found.sizes[ENCODER] + found.sizes[STEP]
        show.say(
            f"int8: {each.metric} {each.rounded:.2f} %, in float32 {each.model:.2f} %; {each.same:,} of {each.count:,} outputs "
            f"are the same; the graphs have {size:,} bytes, in float32 {found.float32:,}"
        )
        if why := vacuous(each):
            show.say(f"note: {why}")
    if found.otherwise:
        few = " ".join(map(repr, found.otherwise[:5]))
        texts = show.count(len(found.otherwise), "text")
        show.say(
            f"note: the runner splits {texts} otherwise than the model, such as {few}: give it lists of units there"
        )
    show.say(f"{out}: {sum(found.sizes.values()):,} bytes; next: python {out}/runner.py {out} < FILE")
