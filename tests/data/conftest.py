"""The machine may be busy with training: slow is no failure here."""

from hypothesis import settings

settings.register_profile("heedful-data", deadline=None)
settings.load_profile("heedful-data")
