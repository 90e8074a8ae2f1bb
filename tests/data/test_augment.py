"""Changed frames: only as far as was asked for, never on padding, and by the seed alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from heedful.contracts import Frames
from heedful.data import augment
from heedful.data.augment import augmented
from heedful.data.settings import Augment

PICTURE, COLOURED, VECTORS, CELLS = Frames(12, 1), Frames(8, 3), Frames(1, 5), Frames(1, 5, grid=True)
KINDS = [PICTURE, COLOURED, VECTORS, CELLS]
LENGTHS = [17, 8, 1, 12]
EVERYTHING: dict[str, Any] = {
    "shift": 0.2, "scale": 0.2, "slant": 0.3, "noise": 0.5, "time_masks": 2, "time_width": 0.3, "band_masks": 2,
    "band_width": 0.4,
}  # fmt: skip

shares = st.floats(0, 0.9)
some_settings = st.builds(
    Augment, shift=shares, scale=shares, slant=shares, noise=st.floats(0, 10), time_masks=st.integers(0, 3),
    time_width=shares, band_masks=st.integers(0, 3), band_width=shares,
)  # fmt: skip
some_lengths = st.lists(st.integers(1, 20), min_size=1, max_size=5)
seeds = st.integers(0, 2**31)


def batch(frames: Frames, lengths: list[int] = LENGTHS, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Ink of about 1 everywhere, zeros on padding."""
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    values = 0.5 + torch.rand(*real.shape, frames.features, generator=torch.Generator().manual_seed(seed))
    return values * real[..., None], real


def changed(
    frames: Frames, given: tuple[Tensor, Tensor] | None = None, seed: int = 0, **settings: Any
) -> tuple[Tensor, Tensor]:
    """A batch as these settings change it."""
    torch.manual_seed(seed)
    return augmented(*(given or batch(frames)), frames, Augment(**settings))


def lean(monkeypatch: pytest.MonkeyPatch, *numbers: float) -> None:
    """Takes chance away: wide, tall, shift and slant are these parts of the most that they may be."""
    left = iter(numbers)
    monkeypatch.setattr(augment, "_between", lambda count, like: torch.full((count,), next(left)))


@given(st.sampled_from(KINDS), some_lengths, seeds)
def test_nothing_asked_changes_nothing_and_takes_no_chance(frames: Frames, lengths: list[int], seed: int) -> None:
    values, real = batch(frames, lengths)
    torch.manual_seed(seed)
    before = torch.get_rng_state()
    found, same = augmented(values, real, frames, Augment())
    assert torch.equal(found, values)
    assert torch.equal(same, real)
    assert torch.equal(torch.get_rng_state(), before)


def test_masks_without_a_width_and_widths_without_a_mask_change_nothing() -> None:
    values, _ = batch(PICTURE)
    nothing: list[dict[str, Any]] = [
        {"time_width": 0.9, "band_width": 0.9},
        {"time_masks": 3, "time_width": 0.0, "band_masks": 3, "band_width": 0.0},
    ]
    for settings in nothing:
        assert torch.equal(changed(PICTURE, **settings)[0], values)


@given(st.sampled_from(KINDS), some_lengths, some_settings, seeds)
def test_padding_stays_zeros_and_real_positions_come_first(
    frames: Frames, lengths: list[int], settings: Augment, seed: int
) -> None:
    values, real = batch(frames, lengths)
    kept, inside = values.clone(), real.clone()
    torch.manual_seed(seed)
    found, longer = augmented(values, real, frames, settings)
    assert found.shape == (*longer.shape, frames.features)
    assert found.dtype == torch.float32
    assert bool(torch.isfinite(found).all())
    assert not bool(found[~longer].any())
    assert bool((longer.int().diff(dim=1) <= 0).all())
    assert int(longer.sum(dim=1).min()) >= 1
    assert int(longer.sum(dim=1).max()) == longer.shape[1]
    assert torch.equal(values, kept)  # what was given is not written into: it may be kept
    assert torch.equal(real, inside)


@given(some_lengths, st.floats(0, 0.9), seeds)
def test_lengths_follow_the_scale(lengths: list[int], scale: float, seed: int) -> None:
    torch.manual_seed(seed)
    _, real = augmented(*batch(PICTURE, lengths), PICTURE, Augment(scale=scale, shift=0.1))
    for before, after in zip(lengths, real.sum(dim=1).tolist(), strict=True):
        assert max(1, round(before * (1 - scale)) - 1) <= after <= round(before * (1 + scale)) + 1


def test_lengths_are_the_scaled_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for part, expected in ((1.0, [26, 12, 2, 18]), (-1.0, [8, 4, 1, 6]), (0.0, LENGTHS)):
        lean(monkeypatch, part, 0, 0, 0)
        _, real = changed(PICTURE, scale=0.5)
        assert [abs(one - other) <= 1 for one, other in zip(real.sum(dim=1).tolist(), expected, strict=True)] == [
            True
        ] * 4


@pytest.mark.parametrize("settings", [{"shift": 0.5}, {"slant": 0.5}])
def test_only_scaling_changes_lengths(settings: dict[str, Any]) -> None:
    assert torch.equal(changed(PICTURE, **settings)[1], batch(PICTURE)[1])


@pytest.mark.parametrize("frames", [PICTURE, COLOURED])
@pytest.mark.parametrize("rows", [3, 1, 0, -2, -4])
def test_a_shift_moves_ink_by_whole_rows(frames: Frames, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down for more, up for less; paper comes in behind it."""
    values, real = batch(frames)
    lean(monkeypatch, 0, 0, rows / (frames.height / 2), 0)
    found, same = changed(frames, shift=0.5)
    assert torch.equal(same, real)
    tall = values.view(*real.shape, frames.height, frames.depth)
    expected = torch.zeros_like(tall)
    if rows >= 0:
        expected[:, :, rows:] = tall[:, :, : frames.height - rows]
    else:
        expected[:, :, :rows] = tall[:, :, -rows:]
    torch.testing.assert_close(found, expected.flatten(2), rtol=0, atol=1e-4)


def test_a_slant_moves_the_top_one_way_and_the_bottom_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a column a row: an upright stroke leans, and its middle stays."""
    values = torch.zeros(1, 20, 12)
    values[0, 9:11] = 1.0
    lean(monkeypatch, 0, 0, 0, 1.0)
    found, _ = changed(PICTURE, (values, torch.ones(1, 20, dtype=torch.bool)), slant=0.5)
    columns = torch.arange(20) + 0.5
    places = (found[0] * columns[:, None]).sum(dim=0) / found[0].sum(dim=0)
    steps = places.diff()
    torch.testing.assert_close(steps, torch.full_like(steps, -0.5), rtol=0, atol=1e-3)
    assert float(places.mean()) == pytest.approx(10, abs=1e-3)


@pytest.mark.parametrize(("wide", "tall"), [(0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)])
def test_scaling_keeps_the_middle_and_the_share_of_ink(
    wide: float, tall: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block in the middle of the height grows with the factor in its own axis alone."""
    values = torch.zeros(1, 24, 24)
    values[0, 8:16, 10:14] = 1.0
    lean(monkeypatch, wide, tall, 0, 0)
    found, real = changed(Frames(24, 1), (values, torch.ones(1, 24, dtype=torch.bool)), scale=0.99)
    factor_x, factor_y = 1 + 0.99 * wide, 1 + 0.99 * tall
    assert int(real.sum()) == round(24 * factor_x)
    across, down = found[0].amax(dim=1), found[0].amax(dim=0)
    assert float((across > 0.5).sum()) == pytest.approx(8 * factor_x, abs=2)
    assert float((down > 0.5).sum()) == pytest.approx(4 * factor_y, abs=2)
    middle = (found[0].sum(dim=0) * (torch.arange(24) + 0.5)).sum() / found[0].sum()
    assert float(middle) == pytest.approx(12, abs=0.2)


def test_a_source_is_changed_alone_as_in_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands beside it, and how much padding, has no part in it."""
    values, real = batch(PICTURE)
    lean(monkeypatch, 0.4, -0.3, 0.7, 0.5)
    together, longer = changed(PICTURE, scale=0.3, shift=0.3, slant=0.4)
    for row, length in enumerate(LENGTHS):
        lean(monkeypatch, 0.4, -0.3, 0.7, 0.5)
        alone, inside = changed(
            PICTURE, (values[row : row + 1, :length], real[row : row + 1, :length]), scale=0.3, shift=0.3, slant=0.4
        )
        assert int(inside.sum()) == int(longer[row].sum())
        torch.testing.assert_close(alone[0], together[row][longer[row]], rtol=0, atol=1e-4)


@given(st.sampled_from(KINDS), seeds)
def test_the_seed_alone_decides(frames: Frames, seed: int) -> None:
    one, other = (changed(frames, seed=seed, **EVERYTHING) for _ in range(2))
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    another = changed(frames, seed=seed + 1, **EVERYTHING)
    assert another[0].shape != one[0].shape or not torch.equal(another[0], one[0])


def test_every_source_of_a_batch_is_changed_in_its_own_way() -> None:
    values, real = batch(PICTURE, [30] * 6)
    values = values[:1].expand(6, -1, -1).contiguous()
    each: list[dict[str, Any]] = [
        {"shift": 0.3}, {"slant": 0.3}, {"noise": 0.1}, {"time_masks": 1, "time_width": 0.5},
        {"band_masks": 1, "band_width": 0.5},
    ]  # fmt: skip
    for settings in each:
        found, _ = changed(PICTURE, (values, real), **settings)
        assert len({row.numpy().tobytes() for row in found}) > 1


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    values, real = batch(PICTURE, [400, 100])
    added = (changed(PICTURE, (values, real), noise=0.25)[0] - values)[real]
    assert float(added.mean()) == pytest.approx(0, abs=0.02)
    assert float(added.std()) == pytest.approx(0.25, rel=0.05)


def hidden(
    frames: Frames, lengths: list[int], seed: int, axis: Callable[[Tensor], Tensor], **settings: Any
) -> list[Tensor]:
    """Where something is hidden in each source: along time or along the height."""
    values, real = batch(frames, lengths)
    found, same = changed(frames, (values, real), seed, **settings)
    assert torch.equal(same, real)
    kept = found != 0
    assert torch.equal(found[kept], values[kept])  # the rest is as it was
    places: list[Tensor] = []
    for row, inside in zip(found, real, strict=True):
        gone = (row[inside] == 0).view(-1, frames.height, frames.depth)
        places.append(axis(gone))
    return places


def stretches(hidden: Tensor) -> int:
    """How many runs of hidden places there are."""
    return int((torch.cat([torch.zeros(1), hidden.float()]).diff() > 0).sum())


@given(st.sampled_from(KINDS), some_lengths, st.integers(0, 3), shares, seeds)
def test_time_masks_hide_whole_frames_and_no_more_than_they_may(
    frames: Frames, lengths: list[int], masks: int, width: float, seed: int
) -> None:
    every = hidden(frames, lengths, seed, lambda gone: gone.flatten(1).all(dim=1), time_masks=masks, time_width=width)
    some = hidden(frames, lengths, seed, lambda gone: gone.flatten(1).any(dim=1), time_masks=masks, time_width=width)
    for length, whole, part in zip(lengths, every, some, strict=True):
        assert torch.equal(whole, part)
        assert stretches(whole) <= masks
        assert int(whole.sum()) <= masks * (int(length * width) + 1)


@given(st.sampled_from([PICTURE, COLOURED]), some_lengths, st.integers(0, 3), shares, seeds)
def test_band_masks_hide_whole_rows_and_no_more_than_they_may(
    frames: Frames, lengths: list[int], masks: int, width: float, seed: int
) -> None:
    keys: dict[str, Any] = {"band_masks": masks, "band_width": width}
    every = hidden(frames, lengths, seed, lambda gone: gone.all(dim=2).all(dim=0), **keys)
    some = hidden(frames, lengths, seed, lambda gone: gone.any(dim=2).any(dim=0), **keys)
    for whole, part in zip(every, some, strict=True):
        assert torch.equal(whole, part)
        assert stretches(whole) <= masks
        assert int(whole.sum()) <= masks * (int(frames.height * width) + 1)


def test_masks_fall_everywhere_about_alike() -> None:
    """Also at both ends, and on average half their greatest width."""
    values, real = batch(PICTURE, [40] * 2000)
    gone = changed(PICTURE, (values, real), time_masks=1, time_width=0.5)[0].flatten(2).eq(0).all(dim=2)
    assert float(gone.float().mean()) == pytest.approx(0.25, abs=0.02)
    often = gone.float().mean(dim=0)
    assert 0 < float(often[0]) < 0.05
    assert float(often[0]) == pytest.approx(float(often[-1]), abs=0.02)
    assert float(often[20]) > 0.3
    bands = changed(PICTURE, (values, real), band_masks=1, band_width=0.5)[0].eq(0).all(dim=1)
    assert float(bands.float().mean()) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("frames", [VECTORS, CELLS])
def test_what_has_no_height_is_neither_moved_nor_scaled(frames: Frames) -> None:
    """A grid's frames keep their places; they may be masked and noisy, but a single row is never hidden."""
    values, real = batch(frames)
    found, same = changed(frames, shift=0.9, scale=0.9, slant=0.9, band_masks=100, band_width=0.9)
    assert torch.equal(found, values)
    assert torch.equal(same, real)
    assert not torch.equal(changed(frames, noise=0.1)[0], values)
    assert not torch.equal(changed(frames, time_masks=2, time_width=0.9)[0], values)
