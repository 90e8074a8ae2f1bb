"""What the page of maps says of its own, by language; what its map says stands in ``web/map_english.js`` and its like."""

from heedful.errors import SettingsError

WORDS = {
    "en": {
        "attention": "Attention",
        "lead": "Which input units each output unit looked at: input down the left, output across, brighter is more.",
        "none": "This model has no attention: the decoder saw only the encoder's final state, so there is no map.",
        "scripts": "Opened in a browser that runs scripts, this file shows more.",
        "choices": "What the search found",
        "score": "score",
        "probability": "probability",
        "little": "under 0.0001 %",
        "map": "The map",
        "statistics": "In words",
        "light": "Light page",
        "dark": "Dark page",
        "more": "Show the whole text",
        "less": "Show less of the text",
        "input": "input",
        "output": "output",
        "bar": "attention",
    },
    "ko": {
        "attention": "어텐션",
        "lead": "출력 단위마다 어느 입력 단위를 보았는지 보여 줍니다. 세로가 입력, 가로가 출력이며, 밝을수록 많이 본 것입니다.",
        "none": "이 모델에는 어텐션이 없습니다. 디코더가 인코더의 마지막 상태만 보았으므로 보여 줄 지도가 없습니다.",
        "scripts": "스크립트를 실행하는 브라우저에서 열면 이 파일에 담긴 것을 더 볼 수 있습니다.",
        "choices": "탐색이 찾은 출력",
        "score": "점수",
        "probability": "확률",
        "little": "0.0001 % 미만",
        "map": "지도",
        "statistics": "말로 풀어 보면",
        "light": "밝은 화면",
        "dark": "어두운 화면",
        "more": "글 전체 보기",
        "less": "글 줄여 보기",
        "input": "입력",
        "output": "출력",
        "bar": "어텐션",
    },
}


def words_in(language: str) -> dict[str, str]:
    """The words of a language.

    Raises:
        SettingsError: they are not here; the message names the languages that are.
    """
    if language not in WORDS:
        raise SettingsError(f"a page of maps speaks {', '.join(WORDS)}; found language {language!r}")
    return WORDS[language]
