"""The packages that only exporting needs."""

from collections.abc import Iterator
from contextlib import contextmanager

from heedful.errors import MissingPackageError

PACKAGES = ("onnx", "onnxruntime")


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Around an import: says which package is missing, and leaves alone what else may go wrong with one that is there.

    Raises:
        MissingPackageError: one of ours is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise MissingPackageError(
            f"{what} needs {error.name}, which is not installed: pip install 'heedful[onnx]'"
        ) from None
