#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes an int8 form of an ONNX model, as ONNX Runtime's own tools would, which are
not in Debian.

  quantise.py ranges MODEL.onnx RANGES.onnx
  quantise.py static MODEL.onnx RANGES.json QUANTISED.onnx
  quantise.py dynamic MODEL.onnx QUANTISED.onnx

The first form gives all that is to be quantised as further outputs: the least and the
greatest value of each, of which ranges.mjs makes RANGES.json for calibration.  "static"
puts QuantizeLinear and DequantizeLinear around the convolutions and poolings, for which
ONNX Runtime then takes its integer kernels (QDQ); "dynamic" makes ConvInteger of the
convolutions, with the range of each window.  Activations are uint8; weights are int8,
with a scale for each output channel.

GRUs stay in float32: there is no kernel of integers for them (ONNX Runtime has but
DynamicQuantizeLSTM).  So do the last matrices, which are of one frame.
"""

import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# What there is an integer kernel for, beside the values that go in and out.
QUANTISED = "Conv", "MaxPool"


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, name=f"{outputs[0]}/{kind}",
                            **attributes)


class Graph:
    def __init__(self, path):
        self.model = onnx.load(path)
        self.graph = self.model.graph
        self.constants = {t.name: t for t in self.graph.initializer}
        self.nodes = []     # the new ones

    def add_constant(self, name, values):
        self.graph.initializer.append(
            numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def get_constant(self, name):
        return numpy_helper.to_array(self.constants[name])

    def get_edges(self):
        """The names of the values between the nodes that are quantised."""
        edges = []
        for one in self.graph.node:
            if one.op_type in QUANTISED:
                edges += [one.input[0], one.output[0]]
        return list(dict.fromkeys(edges))

    def save(self, path):
        if self.nodes:
            del self.graph.node[:]
            self.graph.node.extend(self.nodes)
            used = {name for one in self.nodes for name in one.input}
            kept = [t for t in self.graph.initializer if t.name in used]
            del self.graph.initializer[:]
            self.graph.initializer.extend(kept)
        onnx.checker.check_model(self.model)
        onnx.save(self.model, path)


def quantise_weights(weights, bits):
    """int8 and the scale of each output channel."""
    most = 2 ** (bits - 1) - 1
    scale = np.abs(weights).reshape(len(weights), -1).max(axis=1) / most
    scale = np.maximum(scale, 1e-12).astype(np.float32)
    values = np.round(weights / scale.reshape(-1, *[1] * (weights.ndim - 1)))
    return np.clip(values, -most, most).astype(np.int8), scale


def quantise_range(least, greatest):
    """Scale and zero point of uint8, in which 0 is exact."""
    least, greatest = min(least, 0), max(greatest, 0)
    scale = max((greatest - least) / 255, 1e-12)
    return np.float32(scale), np.uint8(round(-least / scale))


def add_ranges(path, out):
    """The model with the range of each value as outputs."""
    g = Graph(path)
    for i, edge in enumerate(g.get_edges()):
        for kind in "ReduceMin", "ReduceMax":
            name = f"{kind}:{edge}"
            g.graph.node.append(node(kind, [edge], [name], keepdims=0))
            g.graph.output.append(
                helper.make_tensor_value_info(name, TensorProto.FLOAT, []))
    g.save(out)


def make_static(path, ranges, out, bits):
    g = Graph(path)
    parameters = {edge: quantise_range(*ranges[edge]) for edge in g.get_edges()}
    for one in g.graph.node:
        if one.op_type == "MaxPool":    # on integers it keeps the scale
            parameters[one.output[0]] = parameters[one.input[0]]

    def restore(edge):
        """Quantises a value and makes a float32 of it; gives the latter's name."""
        restored = f"{edge}/restored"
        if any(restored in one.output for one in g.nodes):
            return restored
        scale, zero = parameters[edge]
        scale = g.add_constant(f"{edge}/scale", scale)
        zero = g.add_constant(f"{edge}/zero", zero)
        g.nodes.extend([
            node("QuantizeLinear", [edge, scale, zero], [f"{edge}/uint8"]),
            node("DequantizeLinear", [f"{edge}/uint8", scale, zero], [restored])])
        return restored

    ready = set()
    for one in g.graph.node:
        if one.op_type in QUANTISED:
            given = one.input[0]
            one.input[0] = restore(given)
            if one.op_type == "Conv":
                make_static_convolution(g, one, parameters[given][0], bits)
        for i, name in enumerate(one.input):
            if name in ready:
                one.input[i] = f"{name}/restored"
        g.nodes.append(one)
        if one.op_type in QUANTISED:
            # all that follow take the restored one
            restore(one.output[0])
            ready.add(one.output[0])
    g.save(out)


def make_static_convolution(g, one, in_scale, bits):
    """int8 weights, and biases in the units of the sums."""
    name = one.input[1]
    values, scale = quantise_weights(g.get_constant(name), bits)
    one.input[1] = f"{name}/restored"
    g.nodes.append(node("DequantizeLinear", [
        g.add_constant(f"{name}/int8", values), g.add_constant(f"{name}/scale", scale),
        g.add_constant(f"{name}/zero", np.zeros(len(scale), np.int8))],
        [f"{name}/restored"], axis=0))
    name = one.input[2]
    unit = (scale * in_scale).astype(np.float32)
    bias = np.round(g.get_constant(name) / unit)
    one.input[2] = f"{name}/restored"
    g.nodes.append(node("DequantizeLinear", [
        g.add_constant(f"{name}/int32",
                       np.clip(bias, -2 ** 31, 2 ** 31 - 1).astype(np.int32)),
        g.add_constant(f"{name}/scale", unit),
        g.add_constant(f"{name}/zero", np.zeros(len(unit), np.int32))],
        [f"{name}/restored"], axis=0))


def make_dynamic(path, out, bits):
    g = Graph(path)
    for one in g.graph.node:
        if one.op_type != "Conv":
            g.nodes.append(one)
            continue
        x, w, b = one.input
        y = one.output[0]
        values, scale = quantise_weights(g.get_constant(w), bits)
        attributes = {a.name: helper.get_attribute_value(a) for a in one.attribute}
        shape = 1, -1, 1, 1
        g.nodes.extend([
            node("DynamicQuantizeLinear", [x], [
                f"{y}/uint8", f"{y}/in_scale", f"{y}/in_zero"]),
            node("ConvInteger", [
                f"{y}/uint8", g.add_constant(f"{w}/int8", values), f"{y}/in_zero",
                g.add_constant(f"{w}/zero", np.int8(0))], [f"{y}/sums"], **attributes),
            node("Cast", [f"{y}/sums"], [f"{y}/floats"], to=TensorProto.FLOAT),
            node("Mul", [f"{y}/in_scale", g.add_constant(
                f"{w}/scale", scale.reshape(shape))], [f"{y}/unit"]),
            node("Mul", [f"{y}/floats", f"{y}/unit"], [f"{y}/scaled"]),
            node("Add", [f"{y}/scaled", g.add_constant(
                f"{b}/4d", g.get_constant(b).reshape(shape))], [y])])
    g.save(out)


def get_bits():
    """8 where the processor has VNNI; elsewhere ONNX Runtime adds two products in 16
    bits, which 7 bits of a weight cannot overflow."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return 8 if "vnni" in f.read() else 7


def main():
    kind, path, *rest = sys.argv[1:]
    if kind == "ranges":
        add_ranges(path, *rest)
    elif kind == "static":
        with open(rest[0], encoding="utf-8") as f:
            make_static(path, json.load(f), rest[1], get_bits())
    else:
        make_dynamic(path, *rest, get_bits())


if __name__ == "__main__":
    main()
