"""Builds an ONNX graph by hand: values have names, operators take values and give values.

Axes that are not known before a graph runs have names too (``sentence``, ``position``, ``row``): nothing is traced, so nothing of
an example can freeze into the graph.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NewType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.export.packages import needed

OPSET, IR_VERSION = 17, 8
"""Old enough for every onnxruntime that we name, new enough for what we use (``Shape`` of a part of the axes: 15)."""
MOST, MOST_MULTIPLIED = 127, 64
"""The largest byte; in products one bit less: sums of full ones overflow on processors with AVX2 and without VNNI."""

Value = NewType("Value", str)
"""The name of something that flows through a graph."""
Shape = Sequence[int | str]
"""A number where an axis is fixed, a name where it is not."""


def onnx_package() -> ModuleType:
    """The package ``onnx``.

    Raises:
        MissingPackageError: it is not installed.
    """
    with needed("exporting"):
        import onnx  # here: nobody but who exports needs it
    return onnx


def to_bytes(numbers: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Numbers as bytes from -most to most, and what each row of them (the last axis) is multiplied with to come back."""
    scale = numbers.abs().amax(dim=-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny * most) / most
    return (numbers / scale).round().to(torch.int8), scale


class Graph:
    """A graph that grows operator by operator.

    ``rounded`` says that large weights are kept in bytes, a scale for each row of them; all others stay as they are.
    """

    def __init__(self, name: str, *, rounded: bool = False) -> None:
        self.name, self.package, self.rounded = name, onnx_package(), rounded
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, kind: type[np.generic], shape: Shape) -> Value:
        """What the graph is given under this name."""
        self._inputs.append(self.package.helper.make_tensor_value_info(name, self._kind(kind), list(shape)))
        return Value(name)

    def output(self, name: str, value: Value, kind: type[np.generic], shape: Shape) -> None:
        """Gives a value away under this name."""
        self._nodes.append(self.package.helper.make_node("Identity", [value], [name], f"out_{name}"))
        self._outputs.append(self.package.helper.make_tensor_value_info(name, self._kind(kind), list(shape)))

    def weight(self, name: str, numbers: Tensor) -> Value:
        """Numbers of the model, bytes as they are and all others in float32; said again, the same ones."""
        if name not in self._weights:
            kind = torch.int8 if numbers.dtype == torch.int8 else torch.float32
            array = numbers.detach().to("cpu", kind).contiguous().numpy()
            self._weights[name] = self.package.numpy_helper.from_array(array, name)
        return Value(name)

    def numbers(self, values: Sequence[int] | NDArray[np.generic] | float) -> Value:
        """A constant: whole numbers for shapes and axes, a float for arithmetic."""
        array = np.asarray(values, dtype=np.float32 if isinstance(values, float) else None)
        name = f"constant_{array.dtype}_{'x'.join(map(str, array.shape))}_{'_'.join(map(str, array.ravel().tolist()))}"
        if name not in self._weights:
            self._weights[name] = self.package.numpy_helper.from_array(array, name)
        return Value(name)

    def several(self, operator: str, count: int, *inputs: Value, **attributes: Any) -> tuple[Value, ...]:
        """So many outputs of an operator; an empty name stands for an input that is left out."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        outputs = [name if count == 1 else f"{name}_{place}" for place in range(count)]
        self._nodes.append(self.package.helper.make_node(operator, list(inputs), outputs, name, **attributes))
        return tuple(map(Value, outputs))

    def add(self, operator: str, *inputs: Value, **attributes: Any) -> Value:
        """The output of an operator."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def kept(self, name: str, numbers: Tensor) -> Value:
        """Weights that may be kept in bytes and are multiplied as floats: they unfold where a graph is loaded."""
        if not self.rounded:
            return self.weight(name, numbers)
        kept, scale = to_bytes(numbers, MOST)
        return self.add("Mul", self.cast(self.weight(name, kept), np.float32), self.weight(f"{name}.scale", scale))

    def rows(self, name: str, table: Tensor, ids: Value) -> Value:
        """Rows of a table, by their ids."""
        if not self.rounded:
            return self.add("Gather", self.weight(name, table), ids)
        kept, scale = (
            self.weight(f"{name}{end}", part) for end, part in zip(("", ".scale"), to_bytes(table, MOST), strict=True)
        )
        return self.add("Mul", self.cast(self.add("Gather", kept, ids), np.float32), self.add("Gather", scale, ids))

    def linear(self, inputs: Value, name: str, weight: Tensor, bias: Tensor | None = None) -> Value:
        """W x + b over the last axis, for a weight (leaving, entering) as torch keeps it."""
        made = self._product_of_bytes(inputs, name, weight) if self.rounded else self._product(inputs, name, weight)
        return made if bias is None else self.add("Add", made, self.weight(f"{name}.bias", bias))

    def _product(self, inputs: Value, name: str, weight: Tensor) -> Value:
        return self.add("MatMul", inputs, self.weight(f"{name}.weight", weight.T))

    def _product_of_bytes(self, inputs: Value, name: str, weight: Tensor) -> Value:
        """What is multiplied is rounded to the range of its own row: what stands beside it in a batch changes nothing.

        onnxruntime's own dynamic quantisation takes one range over all rows, so there a row depends on its neighbours.
        """
        kept, scale = to_bytes(weight, MOST_MULTIPLIED)
        largest = self.add("ReduceMax", self.add("Abs", inputs), axes=[-1], keepdims=1)
        largest = self.add("Max", largest, self.numbers(1e-20))
        spread = self.add("Mul", inputs, self.add("Div", self.numbers(float(MOST)), largest))
        middle = self.numbers(np.array(MOST + 1, np.uint8))
        rounded = self.add("QuantizeLinear", spread, self.numbers(1.0), middle)
        made = self.add("MatMulInteger", rounded, self.weight(f"{name}.weight", kept.T), middle)
        back = self.add("Mul", self.cast(made, np.float32), self.weight(f"{name}.scale", scale.squeeze(-1) / MOST))
        return self.add("Mul", back, largest)

    def shape(self, *parts: int | tuple[Value, int]) -> Value:
        """A shape of fixed sizes and of sizes that other values have, as (value, axis)."""
        found = [
            self.numbers([part])
            if isinstance(part, int)
            else self.add("Shape", part[0], start=part[1], end=part[1] + 1)
            for part in parts
        ]
        return found[0] if len(found) == 1 else self.add("Concat", *found, axis=0)

    def reshape(self, value: Value, *parts: int | tuple[Value, int]) -> Value:
        """The value in this shape; -1 stands for what is left, 0 for the size that the axis has already."""
        return self.add("Reshape", value, self.shape(*parts))

    def wider(self, value: Value, *axes: int) -> Value:
        """With axes of size one in these places."""
        return self.add("Unsqueeze", value, self.numbers(axes))

    def count(self, value: Value, axis: int) -> Value:
        """0, 1, 2, ... along this axis of the value (int64)."""
        end = self.add("Squeeze", self.shape((value, axis)), self.numbers([0]))
        return self.add("Range", self.numbers(np.array(0, np.int64)), end, self.numbers(np.array(1, np.int64)))

    def zeros(self, kind: type[np.generic], *parts: int | tuple[Value, int]) -> Value:
        """Zeros of this shape."""
        value = self.package.numpy_helper.from_array(np.zeros(1, kind))
        return self.add("ConstantOfShape", self.shape(*parts), value=value)

    def cast(self, value: Value, kind: type[np.generic]) -> Value:
        """The value as numbers of another kind."""
        return self.add("Cast", value, to=self._kind(kind))

    def content(self) -> bytes:
        """The file."""
        helper = self.package.helper
        graph = helper.make_graph(self._nodes, self.name, self._inputs, self._outputs, [*self._weights.values()])
        opsets = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="heedful")
        self.package.checker.check_model(made, full_check=True)
        return made.SerializeToString(deterministic=True)

    def _kind(self, kind: type[np.generic]) -> int:
        return self.package.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
