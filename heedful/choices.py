"""Every name that a recipe or an option may say, with a line of help. Loads nothing.

The rooms hold the things themselves in dictionaries of the same names; a test keeps the two equal.
"""

CELLS = {
    "rnn": "plain recurrent cell, h = tanh(W x + U h + b): forgets quickly (Elman 1990)",
    "lstm": "long short-term memory: gates guard a memory cell (Hochreiter and Schmidhuber 1997; Gers 2000)",
    "gru": "gated recurrent unit: two gates and no separate memory cell (Cho 2014)",
}

ATTENTIONS = {
    "fixed": "no attention: only the encoder's final state reaches the decoder (Sutskever 2014; Cho 2014)",
    "bahdanau": "asks with the previous decoder state, before the recurrent step (Bahdanau 2015)",
    "luong": "asks with the new decoder state, after the recurrent step (Luong 2015)",
    "first-layer": "asks from the decoder's first layer and feeds the layers above (the GNMT idea, Wu 2016)",
}

SCORERS = {
    "dot": "q . m: memory and decoder state must have one size (Luong 2015)",
    "general": "q W m: a learned product (Luong 2015)",
    "concat": "v . tanh(W [q; m]): Luong's name for the additive scorer; the same class (Luong 2015)",
    "additive": "v . tanh(W q + U m): a small network (Bahdanau 2015)",
    "location": "the additive scorer, which also sees where the step before looked (Chorowski 2015)",
}

REACHES = {
    "global": "every source position may be attended to",
    "local-m": "a window that moves one position a step (Luong 2015, section 3.2)",
    "local-p": "a window around a position that the decoder predicts, weighted by a Gaussian (Luong 2015, section 3.2)",
    "monotonic": "a window that goes on from where the step before looked, never far (Chorowski 2015; Tjandra 2017)",
}

READERS = {
    "embedding": "a vector for every unit of text",
    "projection": "a matrix for frames, some neighbours at a time; with the place, where they lie on a grid",
    "convolution": "a small convolutional network over a picture or spectrogram, read as columns",
    "grid": "the same, kept as a grid: every place of it is a position, with its row and column",
}

UNITS = {
    "letters": "letters as people see them (grapheme clusters after NFC); the space is a letter",
    "characters": "single characters after NFD: accents, vowel signs and jamo apart, put together again",
    "words": "words between blanks",
    "symbols": "symbols between blanks, such as phones",
    "jamo": "letters, with Hangul syllables taken apart into jamo and put together again",
    "tags": 'tags between a character of your choice (split = ";")',
}

FRAMES = {
    "columns": "a picture of one height, its columns of pixels from left to right",
    "patches": "a picture of one height as a grid of square patches",
    "log-mel": "sound as the logarithm of its energy in mel bands, some hundred times a second",
    "vectors": "an array of time x features, or of height x width x features",
}

SEARCHES = {
    "greedy": "the likeliest unit at every step",
    "beam": "the beam_size best hypotheses at every step",
}

METRICS = {
    "accuracy": "share of outputs that are exactly right, in percent (higher is better)",
    "error_rate": "edit distance over target units, in percent: CER, PER or WER by the unit (lower is better)",
    "item_accuracy": "share of places with the unit that belongs there, in percent (higher is better)",
    "bleu": "BLEU by sacreBLEU (higher is better)",
    "chrf": "chrF by sacreBLEU (higher is better)",
}

RENDERERS = {
    "text": "blocks in the terminal",
    "png": "a picture of dots",
    "svg": "a drawing whose text stays text",
    "html": "a page to point at, one file that opens without a network",
    "json": "units and weights as numbers",
    "pharaoh": "alignment pairs i-j, one for each output unit",
}

OPTIMIZERS = {
    "adam": "Adam (Kingma and Ba 2015)",
    "adamw": "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
}

SCHEDULES = {
    "constant": "the same learning rate after warm-up",
    "linear": "falls in a straight line to nothing at the last update",
    "cosine": "falls along a half cosine to nothing at the last update",
    "inverse-sqrt": "falls with the square root of the updates after warm-up (Vaswani 2017)",
}

PRECISIONS = {
    "float32": "single precision throughout",
    "bf16": "products in bfloat16, weights and sums in float32",
}

TASKS = {
    "dates": "dates as people write them in many languages, to ISO 8601",
    "copy": "the source itself",
    "reverse": "the source backwards",
    "digits": "pictures of two to six figures, to the figures",
}

COMMANDS = {
    "train": "train a model from a recipe or a file of pairs",
    "evaluate": "score a model on pairs",
    "predict": "write an output for every input line",
    "attend": "show which input items each output item looked at",
    "influence": "show what each source item does to the states and the output",
    "compare": "train a recipe in variants and say which is best",
    "study": "measure every lecture's claims on built-in data",
    "export": "write a model as ONNX graphs, with a runner that needs no torch",
    "serve": "serve a page to look inside, and predictions for programs",
    "data": "check a file of pairs, or make one from a built-in task",
}
