"""Makes transformer.safetensors: PyTorch's Transformer layers, a layer as Llama has them, and ten steps of AdamW of a
tiny encoder-decoder, with the gradients of weights and inputs.

    python make_transformer.py        # needs what make_fixtures.py needs

Weights are under Sequent's names and in its layout; the layers are PyTorch's own.
"""

import math

import torch
from make_fixtures import draw, save, stored, wanted
from torch import nn
from torch.nn import functional

WIDTH, HEADS, HIDDEN = 8, 2, 12
PARTS = {
    "self_attn": "attention", "multihead_attn": "crossAttention", "linear1": "feedForward.up",
    "linear2": "feedForward.down"}
NORMS = {
    "TransformerEncoderLayer": {"norm1": "attentionNorm", "norm2": "feedForwardNorm"},
    "TransformerDecoderLayer": {
        "norm1": "attentionNorm", "norm2": "crossAttentionNorm", "norm3": "feedForwardNorm"}}


def renamed(path, module, value):
    """A module's tensors by Sequent's names: `value` of each parameter, matrices `[input, output]`."""
    tensors = {}
    for name, parameter in module.named_parameters():
        tensor = value(parameter)
        parts = name.split(".")
        if parts[0] == "norm":
            tensors[f"{path}.{name}"] = tensor
            continue
        layer, rest = f"{path}.layers.{parts[1]}", parts[2:]
        if rest[0].startswith("norm"):
            norms = NORMS[type(module.layers[0]).__name__]
            tensors[f"{layer}.{norms[rest[0]]}.{rest[1]}"] = tensor
        elif rest[1].startswith("in_proj"):
            kind = rest[1].split("_")[-1]
            for part, piece in zip(("query", "key", "value"), tensor.chunk(3)):
                tensors[f"{layer}.{PARTS[rest[0]]}.{part}.{kind}"] = piece.T if piece.dim() == 2 else piece
        else:
            target = f"{PARTS[rest[0]]}.output" if rest[1] == "out_proj" else PARTS[rest[0]]
            tensors[f"{layer}.{target}.{rest[-1]}"] = tensor.T if tensor.dim() == 2 else tensor
    return tensors


def encoder(before, layers=2):
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="gelu", batch_first=True, norm_first=before)
    return nn.TransformerEncoder(
        layer, layers, norm=nn.LayerNorm(WIDTH) if before else None, enable_nested_tensor=False)


def decoder(before, layers=2):
    layer = nn.TransformerDecoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="relu", batch_first=True, norm_first=before)
    return nn.TransformerDecoder(layer, layers, norm=nn.LayerNorm(WIDTH) if before else None)


def drawn(module):
    for parameter in module.parameters():
        parameter.data = draw(*parameter.shape, scale=0.4) + (1 if parameter.dim() == 1 else 0)
    return module.double()


def dead(lengths, time):
    return torch.arange(time) >= lengths[:, None]


def causal(time):
    return torch.ones(time, time, dtype=torch.bool).triu(1)


def finished(name, weights, gradients, inputs, loss):
    tensors = {"loss": loss}
    tensors |= {f"weights/{key}": value for key, value in weights.items()}
    tensors |= {f"gradients/{key}": value for key, value in gradients.items()}
    tensors |= {f"inputs/{key}": value for key, value in inputs.items()}
    tensors |= {f"input_gradients/{key}": value.grad for key, value in inputs.items() if value.requires_grad}
    return {f"{name}/{key}": stored(value) for key, value in tensors.items()}


def encoder_case(name, before):
    module = drawn(encoder(before))
    inputs = {"x": wanted(draw(3, 5, WIDTH)), "coefficients": draw(3, 5, WIDTH), "lengths": torch.tensor([5, 2, 3])}
    y = module(inputs["x"], src_key_padding_mask=dead(inputs["lengths"], 5))
    loss = (y * inputs["coefficients"]).sum()
    loss.backward()
    values = renamed("encoder", module, lambda p: p.detach()), renamed("encoder", module, lambda p: p.grad)
    return finished(name, *values, inputs, loss)


def decoder_case(name, before):
    module = drawn(decoder(before))
    inputs = {
        "x": wanted(draw(2, 4, WIDTH)), "memory": wanted(draw(2, 5, WIDTH)), "coefficients": draw(2, 4, WIDTH),
        "lengths": torch.tensor([3, 4]), "memory_lengths": torch.tensor([5, 2])}
    y = module(
        inputs["x"], inputs["memory"], tgt_mask=causal(4), tgt_key_padding_mask=dead(inputs["lengths"], 4),
        memory_key_padding_mask=dead(inputs["memory_lengths"], 5))
    loss = (y * inputs["coefficients"]).sum()
    loss.backward()
    values = renamed("decoder", module, lambda p: p.detach()), renamed("decoder", module, lambda p: p.grad)
    return finished(name, *values, inputs, loss)


def rotated(x, base=100.0):
    """x `[batch, heads, time, width]`: feature i turns with i + width / 2, as Llama's."""
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[2])[:, None] * base ** (-torch.arange(half, dtype=torch.double) / half)
    left, right = x[..., :half], x[..., half:]
    return torch.cat([left * angles.cos() - right * angles.sin(), right * angles.cos() + left * angles.sin()], -1)


def llama_case(name):
    """A layer with RMS norms, rotary positions, keys shared by pairs of heads, and a gated network."""
    heads, keys, width = 4, 2, 16
    path, one = "encoder.layers.0", width // heads
    weights = {
        f"{path}.attention.query.weight": draw(width, width, scale=0.4),
        f"{path}.attention.key.weight": draw(width, keys * one, scale=0.4),
        f"{path}.attention.value.weight": draw(width, keys * one, scale=0.4),
        f"{path}.attention.output.weight": draw(width, width, scale=0.4),
        f"{path}.attentionNorm.weight": draw(width) + 1,
        f"{path}.feedForward.up.weight": draw(width, HIDDEN, scale=0.4),
        f"{path}.feedForward.gate.weight": draw(width, HIDDEN, scale=0.4),
        f"{path}.feedForward.down.weight": draw(HIDDEN, width, scale=0.4),
        f"{path}.feedForwardNorm.weight": draw(width) + 1, "encoder.norm.weight": draw(width) + 1}
    for value in weights.values():
        wanted(value)
    w = {key.removeprefix(f"{path}."): value for key, value in weights.items()}
    inputs = {"x": wanted(draw(2, 5, width)), "coefficients": draw(2, 5, width), "lengths": torch.tensor([5, 5])}

    def norm(x, weight):
        return functional.rms_norm(x, (width,), weight, eps=1e-6)

    def split(x):
        return x.unflatten(-1, (-1, one)).transpose(1, 2)

    x = inputs["x"]
    h = norm(x, w["attentionNorm.weight"])
    q, k, v = (split(h @ w[f"attention.{part}.weight"]) for part in ("query", "key", "value"))
    gathered = functional.scaled_dot_product_attention(
        rotated(q), rotated(k).repeat_interleave(heads // keys, 1), v.repeat_interleave(heads // keys, 1),
        is_causal=True)
    z = x + gathered.transpose(1, 2).flatten(2) @ w["attention.output.weight"]
    h = norm(z, w["feedForwardNorm.weight"])
    gated = functional.silu(h @ w["feedForward.gate.weight"]) * (h @ w["feedForward.up.weight"])
    y = norm(z + gated @ w["feedForward.down.weight"], weights["encoder.norm.weight"])
    loss = (y * inputs["coefficients"]).sum()
    loss.backward()
    return finished(name, {k: v.detach() for k, v in weights.items()}, {k: v.grad for k, v in weights.items()}, inputs, loss)


def sinusoids(time):
    angles = torch.arange(time)[:, None] * 10000 ** (-torch.arange(0, WIDTH, 2) / WIDTH)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def steps():
    """Ten steps of AdamW, in single precision, on pairs of sequences of unequal lengths."""
    torch.manual_seed(6)
    module = nn.Module()
    module.read, module.said = nn.Embedding(9, WIDTH), nn.Embedding(7, WIDTH)
    module.encoder, module.decoder = encoder(False, 1), decoder(False, 1)
    for layer in list(module.encoder.layers) + list(module.decoder.layers):
        layer.activation = functional.relu
    module = drawn(module).float()
    with torch.no_grad():
        module.read.weight *= 0.5
        module.said.weight *= 0.5

    def tensors():
        found = {"sourceEmbeddings.token.weight": module.read.weight, "targetEmbeddings.token.weight": module.said.weight}
        found |= renamed("encoder", module.encoder, lambda p: p) | renamed("decoder", module.decoder, lambda p: p)
        return {f"weights/{key}": value.detach().clone() for key, value in found.items()}

    result = {f"steps/{key}": value for key, value in tensors().items()}
    source, target = torch.randint(2, 9, (4, 6)), torch.randint(4, 7, (4, 5))
    lengths, target_lengths = torch.tensor([6, 3, 5, 1]), torch.tensor([5, 4, 2, 3])
    labels = torch.randint(3, 7, (4, 5)).masked_fill(dead(target_lengths, 5), -1)
    # Vectors are not decayed: biases, and what norms multiply by.
    vectors = [p for p in module.parameters() if p.dim() == 1]
    matrices = [p for p in module.parameters() if p.dim() > 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}], lr=0.01)
    losses = []
    for _ in range(10):
        x = module.read(source) * math.sqrt(WIDTH) + sinusoids(6)
        y = module.said(target) * math.sqrt(WIDTH) + sinusoids(5)
        memory = module.encoder(x, src_key_padding_mask=dead(lengths, 6))
        said = module.decoder(
            y, memory, tgt_mask=causal(5), tgt_key_padding_mask=dead(target_lengths, 5),
            memory_key_padding_mask=dead(lengths, 6))
        logits = said @ module.said.weight.T
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    result |= {
        "steps/source": source, "steps/source_lengths": lengths, "steps/target": target,
        "steps/target_lengths": target_lengths, "steps/labels": labels, "steps/losses": torch.stack(losses)}
    return {key: stored(value) for key, value in result.items()}


if __name__ == "__main__":
    tensors = {}
    for before in (False, True):
        placement = "before" if before else "after"
        tensors |= encoder_case(f"encoder-{placement}", before) | decoder_case(f"decoder-{placement}", before)
    save("transformer", tensors | llama_case("llama") | steps())
