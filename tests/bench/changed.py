"""The embedder's model with a change of low rank, to be fitted: what `index.joint.JointModel` runs once it is stored.

Its own matrices stay as they are; each gets the product of two small ones added (Hu et al. 2021), and its other weights are
fitted as they stand. Needs PyTorch, which Dateline does not; quick on processors that multiply bfloat16 (AMX).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from index.minilm import DIMENSION, MODEL, MODEL_SHA256, checked_file
from index.onnx_weights import weights_in
from rag.fitted import OF_MODEL

LAYERS, HEADS = 6, 12
"""Of the embedder's model."""

RANK, SCALE = 16, 2.0
"""Of the change of each matrix, and what it is multiplied by."""

DROPPED = 0.1

EMBEDDINGS = "inner.embeddings."
LAYER = "inner.encoder.layer."
"""What the model's file calls its weights; its matrices have numbers for names, in the order of `MATRICES`."""

MATRICES = ("query", "key", "value", "mixed", "up", "down")
BIASES = {
    "query": "attention.self.query.bias",
    "key": "attention.self.key.bias",
    "value": "attention.self.value.bias",
    "mixed": "attention.output.dense.bias",
    "up": "intermediate.dense.bias",
    "down": "output.dense.bias",
}
NORMS = {"first": "attention.output.LayerNorm", "second": "output.LayerNorm"}


class Changed(nn.Module):
    """A linear layer whose matrix (in, out) stays, and to which a product of two small ones is added."""

    def __init__(self, matrix: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix.T.to(torch.bfloat16))
        self.bias = nn.Parameter(bias)
        inputs, outputs = matrix.shape
        self.a = nn.Parameter(torch.randn(RANK, inputs) / math.sqrt(inputs))
        self.b = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of shape (..., in) to (..., out)."""
        added = functional.linear(functional.linear(x, self.a.to(x.dtype)), SCALE * self.b.to(x.dtype))
        return functional.linear(x, self.matrix, self.bias.to(x.dtype)) + added


class Layer(nn.Module):
    """One layer of the embedder's model."""

    def __init__(self, matrices: list[torch.Tensor], weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {name: Changed(matrix, weights[BIASES[name]]) for name, matrix in zip(MATRICES, matrices, strict=True)}
        )
        self.norms = nn.ParameterDict({f"{n}_{w}": weights[f"{NORMS[n]}.{w}"] for n in NORMS for w in ("weight", "bias")})

    def forward(self, h: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """States (texts, tokens, 384), with what is added to attention for tokens that are none."""
        heads = [self.parts[name](h).unflatten(-1, (HEADS, -1)).transpose(1, 2).float() for name in ("query", "key", "value")]
        mixed = functional.scaled_dot_product_attention(*heads, attn_mask=hidden).transpose(1, 2).flatten(2)
        h = self.normalised(h + self.parts["mixed"](mixed.to(h.dtype)), "first")
        more = self.parts["down"](functional.gelu(self.parts["up"](h)))
        return self.normalised(h + functional.dropout(more, DROPPED, self.training), "second")

    def normalised(self, h: torch.Tensor, norm: str) -> torch.Tensor:
        """The layer's first or second normalisation."""
        weight, bias = (self.norms[f"{norm}_{which}"].to(h.dtype) for which in ("weight", "bias"))
        return functional.layer_norm(h, (DIMENSION,), weight, bias, 1e-12)


class ChangedModel(nn.Module):
    """The whole of it: to be built on."""

    def __init__(self) -> None:
        super().__init__()
        found = {name: torch.from_numpy(value.copy()) for name, value in weights_in(checked_file(*MODEL, MODEL_SHA256)).items()}

        def whole(name: str) -> torch.Tensor:
            return found[f"{name}_q"].float() * found[f"{name}_scale"]

        self.names = [name.removesuffix("_q") for name in found if name.startswith("val_") and name.endswith("_q")]
        self.register_buffer("words", whole(f"{EMBEDDINGS}word_embeddings.weight"))
        self.register_buffer("places", whole(f"{EMBEDDINGS}position_embeddings.weight"))
        self.kinds = nn.Parameter(found[f"{EMBEDDINGS}token_type_embeddings.weight"])
        self.begin = nn.LayerNorm(DIMENSION, eps=1e-12)
        self.begin.weight.data, self.begin.bias.data = (found[f"{EMBEDDINGS}LayerNorm.{w}"] for w in ("weight", "bias"))
        self.layers = nn.ModuleList()
        for layer in range(LAYERS):
            at = f"{LAYER}{layer}."
            own = {name.removeprefix(at): value for name, value in found.items() if name.startswith(at)}
            names = self.names[layer * len(MATRICES) : (layer + 1) * len(MATRICES)]
            self.layers.append(Layer([whole(name) for name in names], own))

    def states(self, ids: torch.Tensor, own: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """States (texts, tokens, 384) of padded texts: `own` marks the part asked about, `real` what is no padding."""
        h = self.begin(self.words[ids] + self.places[: ids.shape[1]] + self.kinds[own.long()]).to(torch.bfloat16)
        hidden = torch.zeros(real.shape).masked_fill(~real, -1e4)[:, None, None, :]
        for layer in self.layers:
            h = layer(h, hidden)
        return h.float()

    def stored(self, **others: nn.Module) -> dict[str, np.ndarray]:
        """The weights in half precision, as `rag.fitted` takes them, and those of the layers built on it by their names."""
        weights: dict[str, torch.Tensor] = dict(self._named())
        for name, other in others.items():
            weights |= {f"{name}.{key}": value for key, value in other.state_dict().items()}
        return {
            name: ((SCALE if name.endswith(".b") else 1) * value.detach()).numpy().astype(np.float16)
            for name, value in weights.items()
        }

    def begin_from(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take what was stored as the change to begin with."""
        for name, parameter in self._named():
            value = torch.from_numpy(np.asarray(weights[name], np.float32))
            parameter.data = value / SCALE if name.endswith(".b") else value

    def _named(self) -> list[tuple[str, nn.Parameter]]:
        """The model's parameters under the names they are stored by."""
        named = [
            (f"{EMBEDDINGS}token_type_embeddings.weight", self.kinds),
            (f"{EMBEDDINGS}LayerNorm.weight", self.begin.weight),
            (f"{EMBEDDINGS}LayerNorm.bias", self.begin.bias),
        ]
        names = iter(self.names)
        for n, layer in enumerate(self.layers):
            for name in MATRICES:
                part, stored_as = layer.parts[name], next(names)
                named += [(f"{stored_as}.a", part.a), (f"{stored_as}.b", part.b), (f"{LAYER}{n}.{BIASES[name]}", part.bias)]
            for norm, stored_as in NORMS.items():
                named += [(f"{LAYER}{n}.{stored_as}.{which}", layer.norms[f"{norm}_{which}"]) for which in ("weight", "bias")]
        return [(OF_MODEL + name, parameter) for name, parameter in named]
