"""Makes `attention.safetensors`: attention as PyTorch and Keras compute it, with all gradients.

    python make_attention.py        # needs what make_fixtures.py needs

Cases are laid out as `make_fixtures.py` says. Losses depend on contexts and on weights.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
from torch import nn
from torch.nn import functional

from make_fixtures import case, draw, holding, save, wanted

keras.config.set_floatx("float64")
LENGTHS = torch.tensor([5, 2, 3])
batch, queries, keys, wide, narrow = 3, 4, 5, 6, 4


def live(lengths):
    """Which keys there are, [batch, 1, keys]."""
    whole = torch.full((batch,), keys) if lengths is None else lengths
    return (torch.arange(keys) < whole[:, None])[:, None]


def read(scores, v, mask):
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    return weights @ v, weights


def dot(m, q, v, mask):
    return read(q @ v.transpose(1, 2), v, mask)


def scaled(m, q, v, mask):
    scores = q @ v.transpose(1, 2) / v.shape[-1] ** 0.5
    context, weights = read(scores, v, mask)
    reference = functional.scaled_dot_product_attention(q, v, v, attn_mask=mask)
    assert torch.allclose(context, reference)
    return context, weights


def general(m, q, v, mask):
    return read(q @ m.memory(v).transpose(1, 2), v, mask)


def additive_scores(m, q, v):
    return m.vector(torch.tanh(m.query(q)[:, :, None] + m.memory(v)[:, None])).squeeze(-1)


def additive(m, q, v, mask):
    return read(additive_scores(m, q, v), v, mask)


def plain(m, q, v, mask):
    """Keras's own layer, with its scale as its only variable."""
    layer = keras.layers.AdditiveAttention()
    layer.build([q.shape, v.shape])
    (context, weights), _ = layer.stateless_call(
        [m.scale], [], [q, v], mask=[None, mask[:, 0]], return_attention_scores=True)
    return context, weights


def local_monotonic(m, q, v, mask):
    near = (torch.arange(keys) - torch.arange(queries)[:, None]).abs() <= 1
    return read(q @ v.transpose(1, 2), v, mask & near)


def local_predictive(m, q, v, mask):
    length = mask.sum(-1)
    centre = length * torch.sigmoid(m.vector(torch.tanh(m.hidden(q)))).squeeze(-1)
    distance = torch.arange(keys) - centre[..., None]
    _, weights = read(q @ v.transpose(1, 2), v, mask & (distance.abs() <= 2))
    weights = weights * torch.exp(-(distance**2) / 2)
    return weights @ v, weights


def hard(m, q, v, mask):
    """The likeliest value, and the logarithm of its probability in the place of weights."""
    scores = additive_scores(m, q, v).masked_fill(~mask, -torch.inf)
    chosen = scores.argmax(-1, keepdim=True)
    return torch.take_along_dim(v, chosen, 1), scores.log_softmax(-1).gather(2, chosen).squeeze(-1)


def attention_case(name, function, module, q, v, lengths):
    inputs = {"queries": wanted(q), "memory": wanted(v)}
    if lengths is not None:
        inputs["lengths"] = lengths
    context, weights = function(module.double(), q if q.dim() == 3 else q[:, None], v, live(lengths))
    if q.dim() == 2:
        context, weights = context[:, 0], weights[:, 0]
    inputs |= {
        "coefficients": wanted(draw(*context.shape)), "more_coefficients": wanted(draw(*weights.shape))}

    def loss(module, queries, memory, coefficients, more_coefficients, lengths=None):
        full = queries if queries.dim() == 3 else queries[:, None]
        context, weights = function(module, full, memory, live(lengths))
        return (context.reshape(coefficients.shape) * coefficients).sum() + (
            weights.reshape(more_coefficients.shape) * more_coefficients).sum()

    return case(name, inputs, loss, module)


def variants():
    """Functions by name, with their weights and the width of their queries."""

    def linear(*sizes, bias=False):
        return nn.Linear(*sizes, bias=bias)

    def projections():
        return holding(query=linear(narrow, 7), memory=linear(wide, 7), vector=linear(7, 1))

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(draw(wide))

    return {
        "dot": (dot, nn.Module(), wide),
        "scaled-dot": (scaled, nn.Module(), wide),
        "general": (general, holding(memory=linear(wide, narrow)), narrow),
        "additive": (additive, projections(), narrow),
        "plain-additive": (plain, Plain(), wide),
        "local-m": (local_monotonic, nn.Module(), wide),
        "local-p": (
            local_predictive, holding(hidden=linear(wide, 7), vector=linear(7, 1)), wide),
        "hard": (hard, projections(), narrow),
    }


def attention():
    tensors = {}
    for name, (function, module, width) in variants().items():
        for kind, lengths in {"all": None, "ragged": LENGTHS}.items():
            # A window may see no key of a short row: then PyTorch's softmax is NaN.
            if name.startswith("local") and lengths is not None:
                lengths = torch.tensor([5, 3, 4])
            q, v = draw(batch, queries, width), draw(batch, keys, wide)
            tensors |= attention_case(f"{name}-{kind}", function, module, q, v, lengths)
            if name != "local-m":
                q, v = draw(batch, width), draw(batch, keys, wide)
                tensors |= attention_case(f"{name}-one-{kind}", function, module, q, v, lengths)
    save("attention", tensors)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    attention()
