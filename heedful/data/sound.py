"""Sound to frames: the logarithm of the energy in mel bands, some hundred times a second.

Windows of ``window_ms``, one every ``hop_ms``; triangular bands evenly spaced on the mel scale, 2595 log10(1 + f / 700)
(O'Shaughnessy 1987), from 0 hertz to half the ``rate``. Each sound is brought to mean 0 and deviation 1 as a whole.
"""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from heedful.contracts import Frames
from heedful.data.frames import Array, BadFramesError, Framed, Kind, Look, checked_file, joined
from heedful.errors import MissingPackageError

FLOOR = 1e-7
"""Energy below this share of a full-scale tone counts as none."""
SPECTROGRAM_HEIGHT = 80
"""Dots of a spectrogram as people see it."""


def soundfile() -> Any:
    """The package that reads sound.

    Raises:
        MissingPackageError: it is not installed, or its library is not.
    """
    try:
        import soundfile as package
    except (ImportError, OSError):
        raise MissingPackageError(
            "sound needs soundfile, which is not installed: pip install 'heedful[audio]'"
        ) from None
    return package


class LogMel(Kind):
    """Log-mel frames of mono sound at ``rate``; several channels are averaged, other rates resampled."""

    dtype: ClassVar[type[np.generic]] = np.float16
    seen_as: ClassVar[Literal["picture", "spectrogram", "vectors"]] = "spectrogram"

    def frame(self) -> Frames:
        """A frame's bands, low to high; joined frames side by side in depth."""
        return Frames(self.column.said("mels"), self.column.said("join"))

    def open(self, path: Path) -> Array:
        """Samples at ``rate``."""
        checked_file(path)
        package, most = soundfile(), self.column.said("max_seconds")
        try:
            with package.SoundFile(str(path)) as opened:
                rate, seconds = opened.samplerate, len(opened) / max(1, opened.samplerate)
                if seconds > most:
                    raise BadFramesError(f"lasts {seconds:,.1f} s, more than max_seconds = {most:g}")
                if cut_short(path):
                    raise BadFramesError("is damaged: it ends before its head says")
                samples = opened.read(dtype="float32", always_2d=True)
        except (BadFramesError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 (the library's errors, and what broken heads make of numpy)
            raise BadFramesError(f"is damaged, or no sound that can be read ({str(error).rstrip('.')})") from None
        if len(samples) == 0:
            raise BadFramesError("is empty: a sound without a sample")
        with np.errstate(over="ignore", invalid="ignore"):
            mono = samples.mean(axis=1)
        return resampled(finite(mono), rate, self.column.said("rate"))

    def samples(self, array: Array) -> NDArray[np.float32]:
        """Samples (sample,) at ``rate``, or (sample, channel), as finite numbers.

        Raises:
            BadFramesError: they are none, too many, or not numbers.
        """
        array, rate, most = np.asarray(array), self.column.said("rate"), self.column.said("max_seconds")
        if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
            raise BadFramesError(
                f"is an array of {array.dtype} of the shape {array.shape}; sound is numbers (sample,) or (sample, channel)"
            )
        if array.size == 0:
            raise BadFramesError("is empty: a sound without a sample")
        if len(array) > most * rate + rate:
            raise BadFramesError(f"lasts {len(array) / rate:,.1f} s, more than max_seconds = {most:g}")
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large for single precision is not finite
            found = (array if array.ndim == 1 else array.mean(axis=1)).astype(np.float32)
        return finite(found)

    def bands(self, array: Array) -> NDArray[np.float32]:
        """The logarithms of the energies (frame, mels); constant for silence."""
        samples, rate = self.samples(array), self.column.said("rate")
        window, hop = (max(1, round(rate * self.column.said(key) / 1000)) for key in ("window_ms", "hop_ms"))
        loudest = float(np.abs(samples).max())
        sound = torch.from_numpy(samples / loudest if loudest > 0 else samples)
        size = 1 << (window - 1).bit_length()
        frames, before = -(-len(sound) // hop), max(0, size - hop) // 2  # frame n is about the samples from n x hop on
        behind = (frames - 1) * hop + size - before - len(sound)
        shape = torch.hann_window(window)
        spectrum = torch.stft(
            torch.nn.functional.pad(sound, (before, behind)),
            size,
            hop,
            window,
            shape,
            center=False,
            return_complex=True,
        )
        energy = spectrum.abs().square().T.numpy() / float(shape.sum()) ** 2
        return np.log(energy @ mel_filters(self.column.said("mels"), size, rate) + FLOOR).astype(np.float32)

    def take(self, array: Array) -> Framed:
        """Log-mel frames, each sound as a whole to mean 0 and deviation 1."""
        bands = self.bands(array)
        deviation = float(bands.std())
        normal = (bands - float(bands.mean(dtype=np.float64))) / (
            deviation if deviation > 1e-5 else 1.0
        )  # silence is zeros
        frames = joined(normal[..., None], self.column.said("join"))
        return self.limited(Framed(frames.reshape(len(frames), -1).astype(np.float16)))

    def stretch(self, array: Array, framed: int, shape: tuple[int, int] | None) -> float:
        """Silence behind the last sample."""
        rate = self.column.said("rate")
        hop = max(1, round(rate * self.column.said("hop_ms") / 1000))
        return framed * self.column.said("join") * hop / len(self.samples(array))

    def look(self, array: Array) -> Look:
        """The spectrogram: time to the right, high bands at the top, loud is dark."""
        bands = self.bands(array).T[::-1]
        low, high = float(bands.min()), float(bands.max())
        grey = 255 - (bands - low) / max(high - low, 1e-6) * 235
        tall = np.repeat(grey.astype(np.uint8), -(-SPECTROGRAM_HEIGHT // len(grey)), axis=0)
        tall = np.repeat(tall, max(1, round(3 * len(tall) / tall.shape[1])), axis=1)  # a short word is no tower
        seconds = len(self.samples(array)) / self.column.said("rate")
        return Look(np.ascontiguousarray(np.repeat(tall[..., None], 3, axis=2)), seconds)

    def labels(self, spans: NDArray[np.float32], framed: int) -> list[str]:
        """When a position begins and ends, in seconds."""
        seconds = framed * self.column.said("join") * self.column.said("hop_ms") / 1000
        return [f"{left * seconds:.2f}-{right * seconds:.2f} s" for left, _, right, _ in spans.tolist()]


def cut_short(path: Path) -> bool:
    """Whether a WAV or AIFF file ends before its head says: the library reads what there is without a word.

    Who writes into a pipe can't know the end, and says nothing, or as much as can be said.
    """
    with path.open("rb") as file:
        head = file.read(8)
    order: Literal["little", "big"] = "big" if head.startswith(b"FORM") else "little"
    said = int.from_bytes(head[4:], order)
    return head[:4] in (b"RIFF", b"FORM") and path.stat().st_size < said < 0x7FFF_0000


def finite(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same samples.

    Raises:
        BadFramesError: some are not numbers, or infinite.
    """
    if not np.isfinite(samples).all():
        raise BadFramesError("has samples that are no finite numbers")
    return samples


def resampled(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """The same sound at another rate, its spectrum cut or extended: what both rates can carry stays as it was."""
    if rate == wanted:
        return samples
    count = max(1, round(len(samples) * wanted / rate))
    spectrum = np.fft.rfft(samples)
    fitted = np.zeros(count // 2 + 1, dtype=spectrum.dtype)
    shared = min(len(fitted), len(spectrum))
    fitted[:shared] = spectrum[:shared]
    return (np.fft.irfft(fitted, n=count) * (count / len(samples))).astype(np.float32)


@cache
def mel_filters(bands: int, size: int, rate: int) -> NDArray[np.float32]:
    """Triangles (size / 2 + 1, bands) over a transform of this size; a band narrower than a bin has the nearest bin."""
    bins = np.arange(size // 2 + 1) * rate / size
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    filters = np.maximum(0, np.minimum(rising, falling))
    empty = filters.sum(axis=0) == 0
    filters[np.abs(bins[:, None] - centre[empty]).argmin(axis=0), np.flatnonzero(empty)] = 1.0
    return filters.astype(np.float32)
