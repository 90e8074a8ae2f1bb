"""For every test: shapes and types are checked at run time, one thread, and slowness is no failure of a property."""

import sys

import hypothesis
import torch
from jaxtyping import install_import_hook

assert not any(name.startswith("heedful.") for name in sys.modules), "heedful was imported before its types are checked"
install_import_hook("heedful", "beartype.beartype")
torch.set_num_threads(1)
hypothesis.settings.register_profile("heedful", deadline=None)
hypothesis.settings.load_profile("heedful")
