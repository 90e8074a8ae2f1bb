"""What is answered: the shapes that the schema promises. The records are plain dictionaries; these describe them."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Attention(BaseModel):
    """Where the model looked: a row an output unit, a number a source unit; a row sums to one."""

    source: list[str]
    weights: list[list[float]]


class Hypothesis(BaseModel):
    """One output that the search found."""

    text: str
    score: float = Field(description="what the ranking used")
    log_prob: float = Field(description="the natural logarithm of the probability, end mark included")
    log_probs: list[float] = Field(description="one a unit, and one for the end mark")
    units: list[str]
    attention: Attention | None = Field(description="null for a model without attention")


class Result(BaseModel):
    """What was found for one input, as a line of ``heedful predict --json``."""

    source: str
    hypotheses: list[Hypothesis] = Field(description="best first; none for an empty input")


class Predicted(BaseModel):
    """The answer to ``POST /v1/predict``."""

    model: str
    results: list[Result] = Field(description="in the order of the inputs")


class Attended(BaseModel):
    """The answer to ``POST /v1/attend``: as ``heedful attend --out x.json``, and the output itself."""

    model: str
    text: str
    score: float
    log_prob: float
    log_probs: list[float]
    source: list[str]
    target: list[str]
    weights: list[list[float]]
    boxes: list[list[float] | None] | None = Field(None, description="what each position covers, of a picture or sound")


class Source(BaseModel):
    """An input as the model sees it."""

    text: str
    units: list[str]
    unknown: list[int] = Field(description="positions whose units the model never saw in training")


class Alternative(BaseModel):
    """A unit that could have stood there; null for the end mark."""

    unit: str | None
    log_prob: float


class Explained(Hypothesis):
    """A hypothesis with what else could have stood at each of its places, and behind its end."""

    alternatives: list[list[Alternative]]


class Branch(BaseModel):
    """One continuation that the search weighed. ``parent`` is the place of a branch in the list, -1 for the root."""

    parent: int
    step: int
    unit: str | None
    log_prob: float = Field(description="from the start of the output")
    fate: Literal["kept", "pruned", "ended"]


class Seen(BaseModel):
    """A picture or sound: what each position covers, and a PNG to draw on."""

    kind: Literal["picture", "spectrogram", "vectors"]
    boxes: list[list[float] | None]
    picture: str | None = Field(description="a data: address of a PNG")
    width: int | None
    height: int | None
    seconds: float | None


class Explored(BaseModel):
    """The answer to ``POST /v1/explore``, and the last event of a stream."""

    model: str
    attends: bool
    source: Source
    hypotheses: list[Explained]
    tree: list[Branch]
    scene: Seen | None


class Column(BaseModel):
    """What a source column is."""

    unit: str
    kind: Literal["text", "picture", "spectrogram", "vectors"]


class Model(BaseModel):
    """A model of this server."""

    name: str
    cell: str
    attention: str
    scorer: str | None
    reach: str | None
    attends: bool = Field(description="whether there are weights to look at")
    source: list[Column]
    target: str = Field(description="the unit of the output")
    parameters: int
    search: dict[str, Any] = Field(description="how it searches unless asked otherwise")
    metrics: dict[str, float] = Field(description="on its dev data, in percent")
    example: str | None = Field(description="an input to try, where it reads text")


class Models(BaseModel):
    """The answer to ``GET /v1/models``."""

    heedful: str
    models: list[Model]
    limits: dict[str, float] = Field(description="what one request may ask")


class Status(BaseModel):
    """The answer to ``GET /healthz`` and ``GET /readyz``."""

    status: Literal["ok", "ready", "not ready"]
