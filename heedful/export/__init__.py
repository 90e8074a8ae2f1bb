"""A model for places without torch: two ONNX graphs, a table of words, and a runner of one file.

``graph.py`` builds graphs, ``cells.py``, ``attention.py`` and ``wiring.py`` mirror the parts of the model of the same names, and
``network.py`` puts them together. ``checking.py`` holds the graphs against torch, ``searching.py`` the runner's search against
the model's, ``quantising.py`` says what weights in bytes cost. ``folder.py`` says what stands in a folder, ``place.py`` where one
may stand, ``exporting.py`` makes one. ``runner.py`` goes along, and knows nothing of Heedful.
"""
