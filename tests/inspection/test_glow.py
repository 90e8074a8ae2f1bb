import numpy as np

from heedful.inspection.glow import lightness, lit
from tests.inspection.scenes import noise, paper

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def test_what_has_all_the_attention_outshines_what_has_none_whatever_the_picture_shows() -> None:
    black, white = np.zeros((1, 1)), np.ones((1, 1))
    assert (lit(black, white) @ LUMINANCE).item() > (lit(white, black) @ LUMINANCE).item()


def test_more_attention_is_never_darker() -> None:
    for grey in (0.0, 0.3, 1.0):
        light = lit(np.full((1, 500), grey), np.linspace(0, 1, 500)[None])[0] @ LUMINANCE
        assert (np.maximum.accumulate(light) - light).max() < 1


def test_ink_stays_darker_than_paper_in_any_light() -> None:
    bright = np.linspace(0, 1, 100)[None]
    ink, page = (lit(np.full((1, 100), grey), bright)[0] @ LUMINANCE for grey in (0.0, 1.0))
    assert (page - ink).min() > 60


def test_a_picture_is_scaled_stretched_and_without_colours() -> None:
    picture = paper(20, 50, 180)
    picture[5:15, 10:20] = 70
    light = lightness(picture, 25, 10)
    assert light.shape == (10, 25)
    assert (light.min(), light.max()) == (0, 1)
    assert light[5, 7] < 0.1 < light[5, 20]


def test_a_picture_of_one_grey_is_that_grey() -> None:
    assert lightness(paper(5, 5), 4, 4).min() == 1
    assert lightness(paper(5, 5, 0), 4, 4).max() == 0


def test_a_dark_picture_is_lifted() -> None:
    dark = (noise(60, 60) // 6).astype(np.uint8)
    dark[:6] = 255
    assert 0.2 < np.median(lightness(dark, 60, 60)) < 0.6


def test_letters_have_no_rings_around_them() -> None:
    picture = paper(28, 28, 0)
    picture[10:18, 10:18] = 255
    light = lightness(picture, 280, 280)
    assert not light[:90].any()
    assert not light[190:].any()
