"""Everything about the network that a recipe may say. Torch-free."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from heedful.settings import Settings

CellName = Literal["rnn", "lstm", "gru"]
AttentionName = Literal["fixed", "bahdanau", "luong", "first-layer"]
ScorerName = Literal["dot", "general", "concat", "additive", "location"]
ReachName = Literal["global", "local-m", "local-p", "monotonic"]
ReaderName = Literal["embedding", "projection", "convolution", "grid"]
Size = Annotated[int, Field(ge=1, le=65536)]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]

CHANNELS = (32, 64, 96, 128)
"""Of the convolutions' layers, where a recipe names none."""
SUBSAMPLING = 4
"""How much convolutions shorten a source, where a recipe does not say."""
DEFAULT_SCORER: dict[str, ScorerName | None] = {
    "fixed": None, "bahdanau": "additive", "luong": "general", "first-layer": "general"
}  # fmt: skip


class ModelSettings(Settings):
    """The network's shape. None means: as the others imply, see ``resolved``."""

    cell: CellName = "lstm"
    encoder_cell: CellName | None = None
    decoder_cell: CellName | None = None
    attention: AttentionName = "luong"
    scorer: ScorerName | None = None
    reach: ReachName | None = None
    window: Size | None = None
    input_feeding: bool | None = None
    feed_context: bool | None = None
    embedding_size: Size = 128
    hidden_size: Size = 256
    encoder_size: Size | None = None
    num_layers: Annotated[int, Field(ge=1, le=16)] = 1
    encoder_layers: Annotated[int, Field(ge=1, le=16)] | None = None
    decoder_layers: Annotated[int, Field(ge=1, le=16)] | None = None
    bidirectional: bool = True
    read_backwards: bool = False
    dropout: Share = 0.2
    tie_embeddings: bool = False
    ctc: bool = False
    reader: ReaderName | None = None
    subsampling: Annotated[int, Field(ge=1, le=64)] | None = None
    reader_channels: Annotated[tuple[Size, ...], Field(min_length=1, max_length=8)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        encoder_size = self.encoder_size or self.hidden_size
        if self.bidirectional and encoder_size % 2:
            raise ValueError(
                f"an encoder of both directions needs an even size, found {encoder_size}; "
                f"use {encoder_size + 1} or bidirectional = false"
            )
        sized = "hidden_size" in self.model_fields_set
        if self.scorer == "dot" and self.attention != "fixed" and sized and encoder_size != self.hidden_size:
            raise ValueError(
                f"scorer = 'dot' multiplies states of one size, but encoder_size is {encoder_size} and hidden_size "
                f"{self.hidden_size}; make them equal or use scorer = 'general'"
            )
        if self.reader in ("convolution", "grid"):
            self.halvings()
        if self.attention == "first-layer" and (self.decoder_layers or self.num_layers) < 2:
            raise ValueError(
                "attention = 'first-layer' feeds the layers above the first, and the decoder has a single one; "
                "use num_layers = 2 (or decoder_layers = 2)"
            )
        return self

    def without_effect(self) -> dict[str, str]:
        """Keys that were given and change nothing in this combination, each with the reason."""
        given = {key for key in self.model_fields_set if getattr(self, key) is not None}
        found: dict[str, str] = {}
        if self.attention == "fixed":
            for key in given & {"scorer", "reach", "window"}:
                found[key] = "attention = 'fixed' scores nothing"
        elif "window" in given and self.reach in (None, "global"):
            found["window"] = "reach = 'global' has no window; use reach = 'local-p', 'local-m' or 'monotonic'"
        if "input_feeding" in given and self.attention != "luong":
            found["input_feeding"] = f"only attention = 'luong' feeds its answer back, this is {self.attention!r}"
        if "feed_context" in given and self.attention != "fixed":
            found["feed_context"] = f"only attention = 'fixed' has one context to feed, this is {self.attention!r}"
        return found | self._of_the_encoder(given)

    def _of_the_encoder(self, given: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        if "reader_channels" in given and self.reader in ("embedding", "projection"):
            found["reader_channels"] = f"only convolutions have channels, this is reader = {self.reader!r}"
        if "subsampling" in given and self.reader == "embedding":
            found["subsampling"] = "reader = 'embedding' gives a vector to every unit"
        if self.read_backwards and self.bidirectional:
            found["read_backwards"] = "bidirectional = true reads both ways; use bidirectional = false"
        if "cell" in given and self.encoder_cell is not None and self.decoder_cell is not None:
            found["cell"] = "encoder_cell and decoder_cell are both given"
        if "num_layers" in given and self.encoder_layers is not None and self.decoder_layers is not None:
            found["num_layers"] = "encoder_layers and decoder_layers are both given"
        return found

    def halvings(self) -> int:
        """How often convolutions halve the source.

        Raises:
            ValueError: ``subsampling`` is no power of two, or more than their layers can do.
        """
        layers = len(self.reader_channels or CHANNELS)
        wanted = self.subsampling or min(SUBSAMPLING, 2**layers)
        possible = [2**number for number in range(layers + 1)]
        if wanted not in possible:
            raise ValueError(
                f"convolutions halve the source, at most once in each of their {layers} layers; "
                f"subsampling is one of {', '.join(map(str, possible))}, found {wanted}"
            )
        return possible.index(wanted)

    def reading(self, reader: str) -> dict[str, Any]:
        """The keys of this reader of frames, with their defaults."""
        if reader == "projection":
            return {"reader": reader, "subsampling": self.subsampling or 1}
        channels = self.reader_channels or CHANNELS
        return {"reader": reader, "subsampling": 2 ** self.halvings(), "reader_channels": channels}

    def reader_of(self, *, framed: bool, tall: bool) -> str:
        """The reader of a column: of units (not ``framed``), of frames with a height (``tall``), or of plain vectors."""
        if not framed:
            return "embedding"
        return self.reader or ("convolution" if tall else "projection")

    def resolved(self) -> Self:
        """The same network with every key that has an effect spelled out, and none that has not."""
        attends = self.attention != "fixed"
        reach = (self.reach or "global") if attends else None
        reading, writing = self.encoder_cell or self.cell, self.decoder_cell or self.cell
        below, above = self.encoder_layers or self.num_layers, self.decoder_layers or self.num_layers
        spelled = {
            "cell": reading,
            "encoder_cell": None,
            "decoder_cell": writing if writing != reading else None,
            "num_layers": below,
            "encoder_layers": None,
            "decoder_layers": above if above != below else None,
            "scorer": (self.scorer or DEFAULT_SCORER[self.attention]) if attends else None,
            "reach": reach,
            "window": (self.window or 10) if reach not in (None, "global") else None,
            "input_feeding": bool(self.input_feeding) if self.attention == "luong" else None,
            "feed_context": bool(self.feed_context) if self.attention == "fixed" else None,
        }
        return self.model_copy(update=spelled)
