"""The sentences of the reports that ``heedful compare`` and ``heedful study`` write, in each of their languages."""

from heedful.errors import SettingsError
from heedful.settings import nearest
from heedful.study.words_en import ENGLISH
from heedful.study.words_ko import KOREAN

MANY = 1_000_000
"""A range of lengths that ends here has no end."""
WORDS = {"en": ENGLISH, "ko": KOREAN}


class Words:
    """The sentences of one language: ``words("gap-longest", low=16)``.

    Raises:
        SettingsError: there is no such language.
    """

    def __init__(self, language: str = "en") -> None:
        if language not in WORDS:
            raise SettingsError(f"--language {language}: known: {', '.join(WORDS)}{nearest(language, list(WORDS))}")
        self.language = language
        self._sentences = WORDS[language]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence with its blanks filled in."""
        return " ".join(self._sentences[key].format(**values).split())

    def between(self, low: int, high: int) -> str:
        """A range of lengths; the first and the last may be open."""
        if low <= 0:
            return f"≤ {high}"
        if high >= MANY:
            return f"≥ {low}"
        return str(low) if low == high else f"{low} – {high}"
