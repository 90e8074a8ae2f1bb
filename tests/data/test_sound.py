"""Sound: a tone stands in its band, whatever rate and channels carry it; what can't be read is one clear line."""

import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from numpy.typing import NDArray

from heedful.data.frames import BadFramesError, Framed, Kind, kind
from heedful.data.settings import Column
from heedful.errors import MissingPackageError

Samples = NDArray[np.float64]


def log_mel(**given: Any) -> Kind:
    """Sound as log-mel frames."""
    return kind(Column(unit="log-mel", **given))


def tone(hertz: float, rate: int = 16_000, seconds: float = 0.5, phase: float = 0.3) -> Samples:
    """A tone at half of full scale."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate + phase)


def saved(path: Path, samples: NDArray[Any], rate: int = 16_000, **keys: Any) -> Path:
    """A file of sound."""
    soundfile.write(path, samples, rate, **keys)
    return path


def refusal(path: Path, named: Kind | None = None) -> str:
    """What is said of a file that can't be read: one line."""
    found = outcome(path, named)
    assert isinstance(found, str)
    assert "\n" not in found
    return found


def outcome(path: Path, named: Kind | None = None) -> Framed | str:
    """The frames of a file, or what is said of it."""
    try:
        return (named or log_mel()).read(path)
    except BadFramesError as error:
        return str(error)


def mel(hertz: float) -> float:
    """O'Shaughnessy's (1987)."""
    return 2595 * float(np.log10(1 + hertz / 700))


def band_of(hertz: float, mels: int, rate: int = 16_000) -> int:
    """The band whose middle is nearest on the mel scale, of so many evenly between 0 and half the rate."""
    return round(mel(hertz) / (mel(rate / 2) / (mels + 1))) - 1


NOISE: Samples = np.random.default_rng(1).normal(size=8000) * 0.1


@given(st.floats(300, 7300), st.integers(10, 60))
def test_a_tone_is_loudest_in_its_band(hertz: float, mels: int) -> None:
    found = log_mel(mels=mels).take(tone(hertz)).values.astype(float).mean(axis=0)
    assert found.shape == (mels,)
    assert abs(int(found.argmax()) - band_of(hertz, mels)) <= 1


@pytest.mark.parametrize("hertz", [440, 1000, 3000])
def test_a_tone_is_loudest_in_its_band_at_another_rate(hertz: float) -> None:
    found = log_mel(rate=8000, mels=30).take(tone(hertz, 8000)).values.astype(float).mean(axis=0)
    assert abs(int(found.argmax()) - band_of(hertz, 30, 8000)) <= 1


def test_bands_run_from_low_to_high_and_time_to_the_right() -> None:
    found = log_mel().take(np.concatenate([tone(400), tone(5000)])).values.astype(float)
    early, late = found[:40].mean(axis=0).argmax(), found[-40:].mean(axis=0).argmax()
    assert early == band_of(400, 40)
    assert late == band_of(5000, 40)


@given(st.integers(1, 20_000), st.sampled_from([(25.0, 10.0), (20.0, 20.0), (32.0, 8.0)]), st.integers(1, 4))
def test_there_are_about_as_many_frames_as_hops(count: int, window: tuple[float, float], join: int) -> None:
    """Every sample but the first few lies in a window, so the last one may reach behind the end."""
    named = log_mel(window_ms=window[0], hop_ms=window[1], join=join)
    found = named.take(np.resize(NOISE, count))
    hop = 16 * window[1]
    assert abs(len(found.values) * join - count / hop) <= 4 + join
    assert len(found.values) >= 1
    assert found.values.shape[1] == named.frame().features == 40 * join


@given(st.integers(700, 9000), st.floats(0.001, 1000), st.integers(0, 2**32 - 1))
def test_mean_zero_and_deviation_one_however_loud(count: int, loud: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=count)
    found = log_mel().take(noise).values.astype(float)
    assert abs(found.mean()) < 1e-3
    assert found.std() == pytest.approx(1, abs=1e-2)
    np.testing.assert_allclose(log_mel().take(noise * loud).values.astype(float), found, atol=0.02)


def test_joined_frames_stand_side_by_side() -> None:
    single, found = log_mel().take(NOISE).values, log_mel(join=3).take(NOISE).values
    each = found.reshape(len(found), 40, 3)
    for place in range(len(found) * 3):
        expected = single[place] if place < len(single) else np.zeros(40)
        np.testing.assert_array_equal(each[place // 3, :, place % 3], expected)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "aiff", "au", "mp3"])
def test_every_format_is_read(suffix: str, tmp_path: Path) -> None:
    """What it holds decides, not what it is called."""
    path = saved(tmp_path / f"a.{suffix}", NOISE)
    path = path.rename(tmp_path / "sound")
    expected = log_mel().take(NOISE).values.astype(float)
    found = log_mel().read(path).values.astype(float)
    few = min(len(found), len(expected))
    assert abs(len(found) - len(expected)) <= 12  # an mp3 has some silence around it
    if suffix != "mp3":
        assert np.abs(found[:few] - expected[:few]).mean() < (0.2 if suffix == "ogg" else 0.01)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "PCM_U8", "ULAW"])
def test_every_depth_is_read(subtype: str, tmp_path: Path) -> None:
    expected = log_mel().take(NOISE).values.astype(float)
    found = log_mel().read(saved(tmp_path / "a.wav", NOISE, subtype=subtype)).values.astype(float)
    assert np.abs(found - expected).mean() < (0.2 if subtype in ("PCM_U8", "ULAW") else 0.01)


def test_stereo_of_the_same_is_mono(tmp_path: Path) -> None:
    mono = log_mel().read(saved(tmp_path / "mono.wav", NOISE)).values
    for channels in (2, 5):
        many = np.repeat(NOISE[:, None], channels, axis=1)
        found = log_mel().read(saved(tmp_path / "many.wav", many)).values
        np.testing.assert_allclose(found.astype(float), mono.astype(float), atol=0.01)
        np.testing.assert_array_equal(log_mel().take(many).values, log_mel().take(NOISE).values)


def test_a_silent_channel_changes_little(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.wav", np.stack([NOISE, np.zeros_like(NOISE)], axis=1), subtype="FLOAT")
    expected = log_mel().take(NOISE).values.astype(float)
    np.testing.assert_allclose(log_mel().read(one).values.astype(float), expected, atol=0.01)


def chord(rate: int) -> Samples:
    """Three tones that every rate here can carry."""
    return tone(500, rate, 0.6, 0.1) / 3 + tone(1234.5, rate, 0.6, 2.0) / 3 + tone(2711, rate, 0.6, 1.0) / 3


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_other_rates_give_about_the_same_frames(rate: int, tmp_path: Path) -> None:
    expected = log_mel().take(chord(16_000)).values.astype(float)
    found = log_mel().read(saved(tmp_path / "a.wav", chord(rate), rate, subtype="FLOAT")).values.astype(float)
    assert found.shape == expected.shape
    apart = np.abs(found - expected)[4:-4]  # the ends of a tone are not carried by both
    assert apart.mean() < 0.1
    assert apart[expected[4:-4] > 1].max() < 0.15


@pytest.mark.parametrize("content", ["zeros", "constant"])
def test_silence_is_zeros(content: str, tmp_path: Path) -> None:
    silent = np.zeros((8000, 2))
    if content == "zeros":
        assert not log_mel().read(saved(tmp_path / "a.wav", silent)).values.any()
        assert not log_mel().take(silent[:, 0].astype(np.int16)).values.any()
    else:
        assert np.isfinite(log_mel().take(silent[:, 0] + 0.5).values).all()


@given(st.integers(1, 700), st.floats(-1, 1))
def test_very_short_sound_gives_finite_frames(count: int, value: float) -> None:
    found = log_mel().take(np.full(count, value)).values
    assert len(found) == -(-count // 160)  # a frame every ten milliseconds begun
    assert np.isfinite(found).all()


def test_one_sample_in_a_file(tmp_path: Path) -> None:
    for rate in (8000, 16_000, 44_100):
        found = log_mel().read(saved(tmp_path / "a.wav", np.array([0.5]), rate)).values
        assert found.shape == (1, 40)
        assert np.isfinite(found).all()


@given(st.integers(1000, 192_000), st.integers(1, 200), st.floats(0.01, 100), st.floats(0.5, 100), st.integers(1, 3))
def test_every_setting_gives_finite_frames(rate: int, mels: int, window: float, hop: float, join: int) -> None:
    named = log_mel(rate=rate, mels=mels, window_ms=window, hop_ms=hop, join=join, max_frames=100_000)
    found = named.take(NOISE[:2000]).values
    assert np.isfinite(found).all()
    assert found.shape[1] == named.frame().features


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty: a file of 0 bytes"),
        (b"these are words, and no sound\n", "is damaged, or no sound that can be read"),
        (b"RIFF", "is damaged"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "is damaged"),
        (b"fLaC", "is damaged, or no sound that can be read"),
        (b"\x89PNG\r\n\x1a\n", "is damaged, or no sound that can be read"),
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.raw", "sound"])
def test_other_files_are_refused(content: bytes, says: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).startswith(says)


def test_a_file_without_a_sample_is_empty(tmp_path: Path) -> None:
    assert refusal(saved(tmp_path / "a.wav", np.zeros(0))) == "is empty: a sound without a sample"
    assert refusal(saved(tmp_path / "a.flac", np.zeros(0))).startswith("is empty")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff", "a.ogg"])
def test_truncated_sound_is_refused(name: str, tmp_path: Path) -> None:
    """The library would read what there is of some of them without a word."""
    content = saved(tmp_path / name, NOISE).read_bytes()
    path = tmp_path / f"cut-{name}"
    for part in range(16):
        path.write_bytes(content[: len(content) * part // 16])
        assert refusal(path).startswith(("is empty", "is damaged"))


@pytest.mark.parametrize("said", [0, 0x7FFF_F000, 0xFFFF_FFFF])
def test_a_wav_from_a_pipe_does_not_know_its_end(said: int, tmp_path: Path) -> None:
    content = bytearray(saved(tmp_path / "a.wav", NOISE).read_bytes())
    content[4:8] = said.to_bytes(4, "little")
    if said:
        content[40:44] = said.to_bytes(4, "little")  # the same in the head of its samples
    (tmp_path / "b.wav").write_bytes(content)
    np.testing.assert_array_equal(log_mel().read(tmp_path / "b.wav").values, log_mel().read(tmp_path / "a.wav").values)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Small files of several formats."""
    folder = tmp_path_factory.mktemp("stored")
    keys: dict[str, dict[str, Any]] = {
        "a.wav": {}, "float.wav": {"subtype": "FLOAT"}, "law.wav": {"subtype": "ULAW"}, "a.flac": {}, "a.aiff": {},
        "a.ogg": {}, "a.au": {},
    }  # fmt: skip
    return {name: saved(folder / name, NOISE[:2000], **more).read_bytes() for name, more in keys.items()}


@how(max_examples=150)
@given(
    st.sampled_from(["a.wav", "float.wav", "law.wav", "a.flac", "a.aiff", "a.ogg", "a.au"]),
    st.lists(st.tuples(st.one_of(st.integers(0, 64), st.integers(0, 2**14)), st.integers(0, 255)), max_size=12),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    stored: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    changes: list[tuple[int, int]],
    cut: float | None,
) -> None:
    content = bytearray(stored[name])
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: None if cut is None else int(cut * len(content))])
    found = outcome(path)
    if isinstance(found, str):
        assert found
        assert "\n" not in found
    else:
        assert np.isfinite(found.values).all()
        assert 1 <= len(found.values) <= 4000


def test_sound_that_lasts_too_long_is_refused_from_its_head(tmp_path: Path) -> None:
    """Ten hours that were never written: the file is a hole."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\0")
    size = 16_000 * 2 * 36_000
    content = bytearray(path.read_bytes())
    content[4:8], content[40:44] = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(size + 44)
    began = time.perf_counter()
    assert refusal(path) == "lasts 36,000.0 s, more than max_seconds = 60"
    assert time.perf_counter() - began < 1
    short = saved(tmp_path / "b.wav", np.zeros(8000), 8000)
    assert isinstance(outcome(short, log_mel(max_seconds=1)), Framed)
    assert refusal(short, log_mel(max_seconds=0.5)) == "lasts 1.0 s, more than max_seconds = 0.5"


def test_too_many_frames_are_refused() -> None:
    with pytest.raises(BadFramesError, match=r"gives 50 frames, more than max_frames = 40$"):
        log_mel(max_frames=40).take(tone(300, seconds=0.5))
    assert len(log_mel(max_frames=40, join=2).take(tone(300, seconds=0.5)).values) == 25


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(0), "is empty: a sound without a sample"),
        (np.zeros((0, 2)), "is empty: a sound without a sample"),
        (np.zeros((5, 0)), "is empty: a sound without a sample"),
        (np.zeros((2, 2, 2)), "is an array of float64 of the shape (2, 2, 2)"),
        (np.float32(1), "is an array of float32 of the shape ()"),
        (np.zeros(100, complex), "is an array of complex128"),
        (np.array(["la"]), "is an array of <U2"),
        (np.array([["la"]]), "is an array of <U2"),
        (np.array([np.nan] * 900), "has samples that are no finite numbers"),
        (np.array([0.1] * 900 + [np.inf]), "has samples that are no finite numbers"),
        (np.array([[np.inf, -np.inf]] * 900), "has samples that are no finite numbers"),
        (np.full(900, 1e300), "has samples that are no finite numbers"),
        (np.zeros(16_000 * 62), "lasts 62.0 s, more than max_seconds = 60"),
    ],
)
def test_arrays_that_are_no_sound_are_refused(array: NDArray[Any], says: str) -> None:
    with pytest.raises(BadFramesError) as caught:
        log_mel().take(np.asarray(array))
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_file_with_numbers_that_are_none_is_refused(bad: float, tmp_path: Path) -> None:
    for samples in (np.full((900, 2), [bad, -bad]), np.append(NOISE, bad)):
        path = saved(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
        assert refusal(path) == "has samples that are no finite numbers"


def test_whole_numbers_are_as_good_as_shares_of_one() -> None:
    whole = np.rint(NOISE * 32767).astype(np.int16)
    np.testing.assert_allclose(
        log_mel().take(whole).values.astype(float), log_mel().take(NOISE).values.astype(float), atol=0.1
    )


def test_places_that_are_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.wav") == "no such file"
    assert refusal(tmp_path) == "is a folder"
    assert refusal(Path("/dev/zero")) == "is no regular file"


@pytest.mark.parametrize("missing", ["package", "library"])
def test_without_soundfile_one_line_says_how_to_get_it(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.wav", NOISE)
    if missing == "package":
        monkeypatch.setitem(sys.modules, "soundfile", None)
    else:  # what the package raises where libsndfile can't be loaded
        (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')\n")
        monkeypatch.delitem(sys.modules, "soundfile")
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=r"soundfile, .* not installed: pip install 'heedful\[audio\]'"):
        log_mel().read(path)
    assert len(log_mel().take(NOISE).values) == 50  # an array needs no such thing


def test_positions_are_named_by_their_seconds() -> None:
    spans = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1]], np.float32)
    assert log_mel().labels(spans, 100) == ["0.00-0.50 s", "0.50-1.00 s"]
    assert log_mel(join=2, hop_ms=20).labels(spans, 100) == ["0.00-2.00 s", "2.00-4.00 s"]


def test_the_spectrogram_is_dark_where_it_is_loud(tmp_path: Path) -> None:
    """High tones at the top."""
    path = saved(tmp_path / "a.wav", np.concatenate([tone(300), tone(6000)]))
    look = log_mel().look(log_mel().open(path))
    assert look.seconds == pytest.approx(1)
    assert look.pixels is not None
    assert (look.pixels[..., 0] == look.pixels[..., 2]).all()
    dark = look.pixels[..., 0].astype(int)
    half, quarter = dark.shape[0] // 2, dark.shape[1] // 4
    assert dark[half:, :quarter].min() < 60 < dark[:half, :quarter].min()
    assert dark[:half, -quarter:].min() < 60 < dark[half:, -quarter:].min()
    assert log_mel().look(np.zeros(9000)).pixels is not None
