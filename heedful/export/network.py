"""The whole network as two graphs: the encoder, run once a batch, and one step of the decoder, run once a unit."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from heedful.errors import HeedfulError
from heedful.export import wiring
from heedful.export.cells import recurrent
from heedful.export.graph import Graph, Value
from heedful.export.wiring import Port
from heedful.model.positions import Embedding
from heedful.model.seq2seq import Network


class Names(NamedTuple):
    """What the inputs and outputs of both graphs are called: what a runner has to know.

    ``sources`` has a pair for each source column: ids (sentence, width), int64, and lengths (sentence), int64. The encoder gives
    ``held`` and ``state``, one row a sentence. The step takes ``previous`` (row), int64, ``held`` and ``state``, and gives
    ``logits`` (row, vocab), ``weights`` (row, position) unless None, and the state under the names ``moved``.
    """

    sources: tuple[tuple[str, str], ...]
    held: tuple[str, ...]
    state: tuple[str, ...]
    moved: tuple[str, ...]
    previous: str
    logits: str
    weights: str | None


class Graphs(NamedTuple):
    """Both graphs, and the names in them."""

    encoder: Graph
    step: Graph
    names: Names


def graphs(network: Network, *, rounded: bool = False) -> Graphs:
    """Both graphs of a network; ``rounded`` keeps large weights in bytes.

    Raises:
        HeedfulError: a source column is no text. MissingPackageError: onnx is not installed.
    """
    held, moving = wiring.held_ports(network.decoder), wiring.moving_ports(network.decoder)
    attends = network.settings.attention != "fixed"
    names = Names(
        tuple((f"source_{place}", f"lengths_{place}") for place in range(len(tables(network)))),
        tuple(port.name for port in held),
        tuple(port.name for port in moving),
        tuple(f"next_{port.name}" for port in moving),
        "previous",
        "logits",
        "weights" if attends else None,
    )
    encoder, step = Graph("encoder", rounded=rounded), Graph("step", rounded=rounded)
    fill_encoder(encoder, network, names, held, moving)
    fill_step(step, network, names, held, moving)
    return Graphs(encoder, step, names)


def tables(network: Network) -> list[torch.Tensor]:
    """The embedding of every source column.

    Raises:
        HeedfulError: a column is pictures, sound or arrays.
    """
    found: list[torch.Tensor] = []
    for place, reader in enumerate(network.encoder.reader.each(), start=1):
        if not isinstance(reader, Embedding):
            raise HeedfulError(
                f"source column {place} is frames (pictures, sound or arrays), and only models that read text can be "
                "exported so far"
            )
        found.append(reader.weight)
    return found


def fill_encoder(graph: Graph, network: Network, names: Names, held: Sequence[Port], moving: Sequence[Port]) -> None:
    """Ids of every column to what is held for each sentence, and the decoder's start state."""
    columns = [
        (graph.input(ids, np.int64, ("sentence", f"width_{place}")), graph.input(lengths, np.int64, ("sentence",)))
        for place, (ids, lengths) in enumerate(names.sources)
    ]
    ids, lengths, real = _packed(graph, columns, [len(table) for table in tables(network)])
    vectors = graph.rows("encoder.embedding", torch.cat(tables(network)), ids)
    memory, final = recurrent(graph, network.encoder.recurrent, vectors, graph.cast(lengths, np.int32))
    # zero on padding already, as onnxruntime has it, but the specification does not say so
    memory = graph.add("Where", graph.wider(real, 2), memory, graph.numbers(0.0))
    given, begun = wiring.start(graph, network.decoder, memory, real, final)
    for port in held:
        graph.output(port.name, given[port.name], port.kind, ("sentence", *port.axes))
    for port, value in zip(moving, wiring.flat(begun), strict=True):
        graph.output(port.name, value, port.kind, ("sentence", *port.axes))


def _packed(graph: Graph, columns: Sequence[tuple[Value, Value]], sizes: Sequence[int]) -> tuple[Value, Value, Value]:
    """Ids of all columns in one, real ones first; lengths; and what is real (sentence, position).

    The tables of several columns stand one below the other, so ids of a later column count on from those before.
    """
    if len(columns) == 1:
        ids, lengths = columns[0]
        return ids, lengths, graph.add("Less", graph.count(ids, 1), graph.wider(lengths, 1))
    moved: list[Value] = []
    reals: list[Value] = []
    for place, (ids, lengths) in enumerate(columns):
        moved.append(graph.add("Add", ids, graph.numbers([sum(sizes[:place])])))
        reals.append(graph.add("Less", graph.count(ids, 1), graph.wider(lengths, 1)))
    ids, real = graph.add("Concat", *moved, axis=1), graph.add("Concat", *reals, axis=1)
    lengths = columns[0][1]
    for _, more in columns[1:]:
        lengths = graph.add("Add", lengths, more)
    longest = graph.reshape(graph.add("ReduceMax", lengths, axes=[0], keepdims=1), 1)
    # a real position's rank is its place, a padded one's lies behind all of these: the lowest ranks are the packed row
    place = graph.count(ids, 1)
    rank = graph.add("Where", real, place, graph.add("Add", place, graph.shape((ids, 1))))
    rank, order = graph.several("TopK", 2, rank, longest, axis=1, largest=0, sorted=1)
    return graph.add("GatherElements", ids, order, axis=1), lengths, graph.add("Less", rank, graph.shape((ids, 1)))


def fill_step(graph: Graph, network: Network, names: Names, held: Sequence[Port], moving: Sequence[Port]) -> None:
    """The previous unit of every hypothesis, what is held and what moves, to logits and what moves on."""
    decoder = network.decoder
    previous = graph.input(names.previous, np.int64, ("row",))
    kept = {port.name: graph.input(port.name, port.kind, ("sentence", *port.axes)) for port in held}
    parts = [graph.input(port.name, port.kind, ("row", *port.axes)) for port in moving]
    embedded = graph.rows("embedding", network.embedding.weight, previous)
    made = wiring.STEPS[type(decoder)](graph, decoder, embedded, kept, wiring.moving_of(decoder, parts))
    logits = graph.linear(made.readout, "output", network.output_weight, network.output_bias)
    graph.output(names.logits, logits, np.float32, ("row", len(network.output_bias)))
    for port, name, value in zip(moving, names.moved, wiring.flat(made.state), strict=True):
        graph.output(name, value, port.kind, ("row", *port.axes))
    if names.weights is not None and made.weights is not None:
        graph.output(names.weights, made.weights, np.float32, ("row", "position"))
