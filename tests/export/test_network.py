"""Both graphs say what the network says: every cell, wiring, scorer and reach, at every length, whatever stands on padding."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from heedful.contracts import START, Frames, Source
from heedful.errors import HeedfulError
from heedful.export import cells as graph_cells
from heedful.export.network import Graphs, graphs
from heedful.model.attention import SCORERS
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS
from heedful.model.reach import REACHES
from heedful.model.seq2seq import Network
from tests.conformance import networks

NEAR = 1e-5


class Both:
    """A network and its graphs, stepped side by side."""

    def __init__(self, network: Network) -> None:
        self.network, made = network, graphs(network)
        self.names = made.names
        self.encoder, self.decoder = opened(made)

    def feeds(self, source: Source) -> dict[str, Any]:
        pairs = zip(self.names.sources, source.columns, source.real, strict=True)
        found: dict[str, Any] = {}
        for (ids, lengths), values, real in pairs:
            found |= {ids: values.numpy(), lengths: real.sum(dim=1).numpy()}
        return found

    def begin(self, source: Source) -> dict[str, Any]:
        """What the encoder gives, by name."""
        asked = [*self.names.held, *self.names.state]
        return dict(zip(asked, self.encoder.run(asked, self.feeds(source)), strict=True))

    @torch.inference_mode()
    def apart(self, source: Source, time: int, hypotheses: int = 2) -> float:
        """How far apart the two are at most, over some steps: held, states, logits and weights."""
        flow, (held, state) = self.begin(source), self.network.start(source)
        far = [self._held(flow, held), self._state(flow, state)]
        sentences = len(source.columns[0])
        previous = torch.full((sentences,), START)
        units = networks.units(sentences * hypotheses, time)
        rows = torch.arange(sentences).repeat_interleave(hypotheses)
        for moment in range(time):
            step = self.network.step(previous, held, state)
            asked = [self.names.logits, *self.names.moved, *filter(None, [self.names.weights])]
            found = dict(
                zip(asked, self.decoder.run(asked, flow | {self.names.previous: previous.numpy()}), strict=True)
            )
            moved = {name: found[after] for name, after in zip(self.names.state, self.names.moved, strict=True)}
            far += [difference(found[self.names.logits], step.logits), self._state(moved, step.state)]
            if self.names.weights is not None and step.weights is not None:
                far.append(difference(found[self.names.weights], step.weights))
            assert (self.names.weights is None) == (step.weights is None)
            if moment:
                rows = torch.randperm(len(rows)).view(sentences, hypotheses).argsort(1)  # within a sentence, anyhow
                rows = (rows + torch.arange(sentences)[:, None] * hypotheses).flatten()
            state = self.network.select(step.state, rows)
            flow |= {name: value[rows.numpy()] for name, value in moved.items()}
            previous = units[:, moment]
        return max(far)

    def _held(self, flow: dict[str, Any], held: Any) -> float:
        if self.network.settings.attention == "fixed":
            return difference(flow["context"], held) if "context" in flow else 0.0
        assert (flow["memory"][~flow["real"]] == 0).all()
        assert (flow["real"] == held.real.numpy()).all()
        return max(difference(flow.get("keys", flow["memory"]), held.keys), difference(flow["memory"], held.memory))

    def _state(self, flow: dict[str, Any], state: Any) -> float:
        parts = [part for layer in state.layers for part in layer] + [*state.fed]
        if "step" in self.names.state:
            assert (flow["step"] == state.step.numpy()).all()
        parts += [*state.looked]
        names = [name for name in self.names.state if name != "step"]
        return max(difference(flow[name], part) for name, part in zip(names, parts, strict=True))


def opened(made: Graphs) -> tuple[Any, Any]:
    """Sessions of both graphs, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    cpu = ["CPUExecutionProvider"]
    files = made.encoder.content(), made.step.content()
    encoder, step = (onnxruntime.InferenceSession(each, options, providers=cpu) for each in files)
    return encoder, step


def difference(found: Any, expected: torch.Tensor) -> float:
    """The farthest that two arrays of one shape are apart."""
    assert found.shape == tuple(expected.shape)
    return float(np.abs(found - expected.numpy()).max())


def single(**given: Any) -> Network:
    """A small network in single precision."""
    return networks.network(networks.settings(**given), dtype=torch.float32)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("given", list(networks.wirings()), ids=networks.name)
def test_every_combination(cell: str, given: dict[str, Any]) -> None:
    both = Both(single(cell=cell, **given))
    assert both.apart(networks.source(5, 1, 3, padding=2), time=4) < NEAR
    assert both.apart(networks.source(1), time=2, hypotheses=3) < NEAR


def test_every_entry_is_known() -> None:
    """A new cell, scorer, reach or wiring is exported or refused by name, never left out in silence."""
    from heedful.export import attention, wiring

    assert set(CELLS.values()) == set(graph_cells.FUSED) == set(graph_cells.STEPS)
    assert set(SCORERS.values()) == set(attention.SCORES)
    assert set(REACHES.values()) == set(attention.BIASES)
    assert set(DECODERS.values()) == set(wiring.STEPS)


@pytest.mark.parametrize(
    "given",
    [
        {"bidirectional": False},
        {"bidirectional": False, "read_backwards": True},
        {"encoder_cell": "rnn", "decoder_cell": "lstm"},
        {"encoder_cell": "lstm", "decoder_cell": "gru"},
        {"cell": "gru", "encoder_layers": 1, "decoder_layers": 3, "encoder_size": 6},
        {"encoder_layers": 3, "decoder_layers": 1},
        {"tie_embeddings": True, "input_feeding": True},
        {"attention": "fixed", "feed_context": True, "tie_embeddings": True, "encoder_size": 10},
        {"attention": "first-layer", "decoder_layers": 3, "reach": "monotonic", "scorer": "location", "window": 2},
        {"ctc": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("columns", [1, 3])
def test_every_shape(given: dict[str, Any], columns: int) -> None:
    both = Both(networks.network(networks.settings(**given), dtype=torch.float32, columns=columns))
    sources = [
        networks.source(*lengths, padding=1, seed=place)
        for place, lengths in enumerate([(4, 1, 6), (1, 3, 2), (2, 5, 1)])
    ]
    source = Source(
        tuple(each.columns[0] for each in sources[:columns]), tuple(each.real[0] for each in sources[:columns])
    )
    assert both.apart(source, time=3) < NEAR


def test_a_column_may_be_empty() -> None:
    both = Both(networks.network(networks.settings(), dtype=torch.float32, columns=2))
    full, empty = networks.source(3, 2), (torch.zeros(2, 0, dtype=torch.long), torch.zeros(2, 0, dtype=torch.bool))
    assert both.apart(Source((full.columns[0], empty[0]), (full.real[0], empty[1])), time=2) < NEAR
    assert both.apart(Source((empty[0], full.columns[0]), (empty[1], full.real[0])), time=2) < NEAR


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_no_length_is_frozen(cell: str, bidirectional: bool) -> None:
    """The plain RNN too, which torch.onnx freezes to the length of its example without a word."""
    both = Both(single(cell=cell, bidirectional=bidirectional))
    for length in (1, 2, 3, 5, 8, 13, 21, 34):
        for rows in (1, 3, 7):
            lengths = [max(1, length - 2 * row) for row in range(rows)]
            assert both.apart(networks.source(*lengths, seed=length), time=2, hypotheses=rows) < NEAR


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing(cell: str) -> None:
    both = Both(single(cell=cell, attention="bahdanau"))
    tight, loose = (both.begin(networks.source(4, 2, padding=padding)) for padding in (0, 5))
    for name in both.names.state:
        np.testing.assert_array_equal(tight[name], loose[name])
    np.testing.assert_array_equal(tight["memory"], loose["memory"][:, :4])


def test_axes_have_names_and_no_numbers() -> None:
    """Batch, positions and rows are free in what the files say, too."""
    made = graphs(single(attention="luong", scorer="location", reach="monotonic", window=3))
    for graph in (made.encoder, made.step):
        found = graph.package.load_from_string(graph.content()).graph
        for each in (*found.input, *found.output):
            first = each.type.tensor_type.shape.dim[0]
            assert first.dim_param in ("sentence", "row")
            assert all(axis.dim_param or axis.dim_value in (5, 6, 8, 9) for axis in each.type.tensor_type.shape.dim)


def test_frames_are_refused() -> None:
    network = Network(networks.settings(), [Frames(1, 4)], 9)
    with pytest.raises(HeedfulError, match="source column 1 is frames .* only models that read text"):
        graphs(network)


def test_weights_are_those_of_the_network() -> None:
    """What was changed after one export is there in the next."""
    network = single()
    source = networks.source(3)
    assert Both(network).apart(source, time=1) < NEAR
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    assert Both(network).apart(source, time=1) < NEAR
