"""Makes decoders.safetensors: recurrent decoders, step by step in PyTorch, with the gradients of weights and inputs.

    python make_decoders.py        # needs what make_fixtures.py needs

Weights are under Sequent's names and in its layout; the cells are PyTorch's, called with them.
"""

import torch
from make_fixtures import draw, save, stored, wanted
from torch import nn
from torch.func import functional_call

INPUT, MEMORY, HIDDEN, UNITS = 3, 4, 5, 6
BATCH, KEYS, TIME = 3, 4, 5
GATES = {"lstm": ["input", "forget", "cell", "output"], "gru": ["reset", "update", "new"], "rnn": ["state"]}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}


def cell_weights(kind, path, width):
    weights = {}
    for gate in GATES[kind]:
        weights[f"{path}.{gate}.input_weight"] = draw(width, HIDDEN, scale=0.5)
        weights[f"{path}.{gate}.hidden_weight"] = draw(HIDDEN, HIDDEN, scale=0.5)
        weights[f"{path}.{gate}.bias"] = draw(HIDDEN)
    if kind == "gru":
        weights[f"{path}.new.hidden_bias"] = draw(HIDDEN)
    return weights


def cell(kind, path, weights, x, state):
    gates = [f"{path}.{gate}" for gate in GATES[kind]]
    bias = torch.cat([weights[f"{gate}.bias"] for gate in gates])
    hidden_bias = torch.zeros_like(bias)
    if kind == "gru":
        hidden_bias = torch.cat([hidden_bias[: 2 * HIDDEN], weights[f"{path}.new.hidden_bias"]])
    values = {
        "weight_ih": torch.cat([weights[f"{gate}.input_weight"].T for gate in gates]),
        "weight_hh": torch.cat([weights[f"{gate}.hidden_weight"].T for gate in gates]),
        "bias_ih": bias, "bias_hh": hidden_bias,
    }
    module = CELLS[kind](x.shape[1], HIDDEN).double()
    new = functional_call(module, values, (x, tuple(state) if kind == "lstm" else state[0]))
    return list(new) if kind == "lstm" else [new]


def attend(weights, query, encoded, lengths):
    keys = encoded @ weights["decoder.attention.score.memory.weight"]
    sums = torch.tanh((query @ weights["decoder.attention.score.query.weight"])[:, None] + keys)
    scores = (sums @ weights["decoder.attention.score.vector.weight"])[..., 0]
    dead = torch.arange(KEYS) >= lengths[:, None]
    probabilities = torch.softmax(scores.masked_fill(dead, -torch.inf), 1)
    return (probabilities[..., None] * encoded).sum(1)


def decode(kind, layers, guidance, weights, xs, encoded, final, lengths, target_lengths, states):
    states = [list(layer) for layer in states]
    feed = torch.zeros(BATCH, HIDDEN, dtype=torch.double)
    outputs = []
    for t in range(TIME):
        before = states
        x, top = xs[:, t], states[-1][0]
        below = x
        if guidance == "fixedContext":
            below = torch.cat([x, final], 1)
        if guidance == "bahdanau":
            context = attend(weights, top, encoded, lengths)
            below = torch.cat([x, context], 1)
        if guidance == "luongInputFeeding":
            below = torch.cat([x, feed], 1)
        new = []
        for layer in range(layers):
            new.append(cell(kind, f"decoder.cells.{layer}", weights, below, states[layer]))
            below = new[-1][0]
        said = torch.cat([below, context], 1) if guidance == "bahdanau" else below
        if guidance.startswith("luong"):
            joined = torch.cat([attend(weights, below, encoded, lengths), below], 1)
            said = torch.tanh(joined @ weights["decoder.combination.weight"] + weights["decoder.combination.bias"])
        live = (t < target_lengths)[:, None]
        if guidance == "luongInputFeeding":
            feed = torch.where(live, said, feed)
        states = [[torch.where(live, n, o) for n, o in zip(*pair)] for pair in zip(new, before)]
        outputs.append(torch.where(live, said, torch.zeros_like(said)))
    return torch.stack(outputs, 1), [part for layer in states for part in layer]


def case(name, kind, guidance, layers=1):
    extra = {"fixedContext": MEMORY, "bahdanau": MEMORY, "luongInputFeeding": HIDDEN}.get(guidance, 0)
    weights = {}
    for layer in range(layers):
        weights |= cell_weights(kind, f"decoder.cells.{layer}", HIDDEN if layer else INPUT + extra)
    if guidance not in ("initialState", "fixedContext"):
        weights |= {
            "decoder.attention.score.query.weight": draw(HIDDEN, UNITS),
            "decoder.attention.score.memory.weight": draw(MEMORY, UNITS),
            "decoder.attention.score.vector.weight": draw(UNITS, 1),
        }
    if guidance.startswith("luong"):
        weights |= {"decoder.combination.weight": draw(MEMORY + HIDDEN, HIDDEN), "decoder.combination.bias": draw(HIDDEN)}
    inputs = {"xs": draw(BATCH, TIME, INPUT), "encoded": draw(BATCH, KEYS, MEMORY), "final": draw(BATCH, MEMORY)}
    parts = 2 if kind == "lstm" else 1
    for layer in range(layers):
        for part in range(parts):
            inputs[f"state.{layer}.{part}"] = draw(BATCH, HIDDEN)
    for value in list(weights.values()) + list(inputs.values()):
        wanted(value)
    inputs |= {"lengths": torch.tensor([4, 2, 1]), "target_lengths": torch.tensor([5, 3, 1])}
    states = [[inputs[f"state.{layer}.{part}"] for part in range(parts)] for layer in range(layers)]
    output, finals = decode(
        kind, layers, guidance, weights, inputs["xs"], inputs["encoded"], inputs["final"], inputs["lengths"],
        inputs["target_lengths"], states)
    inputs["coefficients"] = draw(*output.shape)
    loss = (output * inputs["coefficients"]).sum() + sum(part.sum() for part in finals)
    loss.backward()
    tensors = {"loss": loss, "output": output}
    tensors |= {f"weights/{key}": value for key, value in weights.items()}
    tensors |= {f"gradients/{key}": value.grad for key, value in weights.items()}
    for key in ("final", "lengths", "encoded"):
        if inputs["final" if key == "final" else "encoded"].grad is None:
            del inputs[key]
    tensors |= {f"inputs/{key}": value for key, value in inputs.items()}
    tensors |= {f"input_gradients/{key}": value.grad for key, value in inputs.items() if value.requires_grad}
    return {f"{name}/{key}": stored(value) for key, value in tensors.items()}


if __name__ == "__main__":
    tensors = {}
    for guidance in ("initialState", "fixedContext", "bahdanau", "luong", "luongInputFeeding"):
        tensors |= case(f"lstm-{guidance}", "lstm", guidance)
    tensors |= case("gru-bahdanau-2", "gru", "bahdanau", 2)
    tensors |= case("rnn-luongInputFeeding-2", "rnn", "luongInputFeeding", 2)
    save("decoders", tensors)
