"""Makes the fixtures in this folder: what PyTorch and Keras compute in training.

    python make_fixtures.py        # needs torch, tensorflow (keras 3), safetensors

`layers`, `recurrent` and `losses` hold cases: `CASE/weights/…` under PyTorch's names, `CASE/inputs/…`,
`CASE/loss`, and the loss's derivatives `CASE/gradients/…` (weights) and `CASE/input_gradients/…`,
computed in double precision. Of two biases that Sequent keeps as their sum, the second has the
gradient 0, so that the sum has it once.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow
import torch
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional

random = np.random.default_rng(20)
torch.manual_seed(20)


def draw(*shape, scale=1.0):
    """Numbers that single precision holds exactly, in double precision."""
    values = (random.standard_normal(shape) * scale).astype(np.float32)
    return torch.from_numpy(values.astype(np.float64))


def wanted(tensor):
    return tensor.requires_grad_()


def case(name, inputs, loss, module=nn.Module()):
    """A case from a module of any precision: inputs by name, and the loss as a function of them."""
    module = module.float().double()
    module.zero_grad()
    value = loss(module, **inputs)
    value.backward()
    tensors = {"loss": value}
    tensors |= {f"weights/{key}": value for key, value in module.state_dict().items()}
    tensors |= {f"inputs/{key}": value for key, value in inputs.items()}
    tensors |= {
        f"input_gradients/{key}": value.grad
        for key, value in inputs.items() if value.requires_grad}
    for key, parameter in module.named_parameters():
        gradient = parameter.grad.clone()
        if "bias_hh" in key:
            hidden = gradient.numel() // 3
            shared = slice(0, 2 * hidden) if isinstance(module.encoder, nn.GRU) else slice(None)
            gradient[shared] = 0
        tensors[f"gradients/{key}"] = gradient
    return {f"{name}/{key}": stored(value) for key, value in tensors.items()}


def stored(tensor):
    array = tensor.detach().numpy()
    kind = np.float32 if array.dtype.kind == "f" else np.int32
    return np.array(array, kind, order="C")


def save(name, tensors):
    save_file(tensors, f"{name}.safetensors", metadata={"torch": torch.__version__})


def holding(**layers):
    module = nn.Module()
    for name, layer in layers.items():
        setattr(module, name, layer)
    return module


# MARK: - Layers


def layer_case(name, function, module=nn.Module(), x=None, **more):
    """The sum of what a function of the module and x gives, weighed by the input `coefficients`."""
    x = draw(3, 4) if x is None else x
    inputs = {"x": wanted(x) if x.is_floating_point() else x} | more
    with torch.no_grad():
        shape = function(module.double(), **inputs).shape
    inputs["coefficients"] = wanted(draw(*shape))

    def loss(module, coefficients, **inputs):
        return (function(module, **inputs) * coefficients).sum()

    return case(name, inputs, loss, module)


def pooled(kind):
    def function(module, x, lengths=None):
        if lengths is None:
            lengths = torch.full((x.shape[0],), x.shape[1])
        rows = [row[:length] for row, length in zip(x, lengths)]
        if kind == "last":
            return torch.stack([row[-1] for row in rows])
        if kind == "mean":
            return torch.stack([row.mean(0) for row in rows])
        return torch.stack([row.max(0).values for row in rows])

    return function


def layers():
    tokens = torch.tensor([[0, 6, 3, 3], [1, 3, 6, 6]])
    tensors = layer_case("linear", lambda m, x: m.head(x), holding(head=nn.Linear(4, 5)))
    tensors |= layer_case(
        "linear-no-bias", lambda m, x: m.head(x), holding(head=nn.Linear(4, 5, bias=False)),
        draw(2, 3, 4))
    tensors |= layer_case(
        "embedding", lambda m, x: m.embedding(x), holding(embedding=nn.Embedding(7, 3)), tokens)
    norm = nn.LayerNorm(4)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    tensors |= layer_case("layer-norm", lambda m, x: m.norm(x), holding(norm=norm), draw(2, 3, 4))
    tensors |= layer_case(
        "residual", lambda m, x: x + m.second(torch.tanh(m.first(x))),
        holding(first=nn.Linear(4, 6), second=nn.Linear(6, 4)))
    activations = {
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "exp": torch.exp,
        "softplus": functional.softplus, "gelu": functional.gelu,
        "gelu-tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "softmax": lambda x: torch.softmax(x, -1),
    }
    for name, function in activations.items():
        tensors |= layer_case(name, lambda m, x: function(x), x=draw(5, 7, scale=2))
    for name, function in {"log": torch.log, "sqrt": torch.sqrt}.items():
        tensors |= layer_case(name, lambda m, x: function(x), x=draw(5, 7).abs() + 0.0625)
    lengths = torch.tensor([5, 1, 3])

    def masked_softmax(m, x, lengths):
        dead = torch.arange(x.shape[1]) >= lengths[:, None]
        return torch.softmax(x.masked_fill(dead, -torch.inf), -1)

    tensors |= layer_case("masked-softmax", masked_softmax, x=draw(3, 5), lengths=lengths)
    for kind in ("last", "mean", "maximum"):
        tensors |= layer_case(f"pooling-{kind}", pooled(kind), x=draw(3, 5, 4))
        tensors |= layer_case(
            f"pooling-{kind}-ragged", pooled(kind), x=draw(3, 5, 4), lengths=lengths)
    save("layers", tensors)


# MARK: - Recurrent layers


def run(encoder, x, initial, lengths=None):
    """Output and final state, the state as parts `[layers · directions, batch, hidden]`."""
    state = tuple(initial) if len(initial) == 2 else initial[0]
    if lengths is None:
        output, final = encoder(x, state)
    else:
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False)
        output, final = encoder(packed, state)
        output, _ = nn.utils.rnn.pad_packed_sequence(
            output, batch_first=True, total_length=x.shape[1])
    return output, (final if isinstance(final, tuple) else (final,))


def recurrent_case(name, encoder, lengths=None, batch=3, time=5):
    """Outputs, final states and initial states all take part in the loss."""
    both = 2 if encoder.bidirectional else 1
    parts = 2 if isinstance(encoder, nn.LSTM) else 1
    places = [(layer, way) for layer in range(encoder.num_layers) for way in range(both)]
    paths = [
        [f"layer{layer}.{'backward' if way else 'forward'}.{part}" for layer, way in places]
        for part in range(parts)]
    hidden = encoder.hidden_size
    inputs = {"x": wanted(draw(batch, time, encoder.input_size))}
    inputs["coefficients"] = wanted(draw(batch, time, both * hidden))
    for path in sum(paths, []):
        inputs[f"initial.{path}"] = wanted(draw(batch, hidden, scale=0.5))
        inputs[f"coefficients.{path}"] = wanted(draw(batch, hidden))
    if lengths is not None:
        inputs["lengths"] = torch.tensor(lengths)

    def loss(module, **given):
        initial = [torch.stack([given[f"initial.{path}"] for path in part]) for part in paths]
        output, final = run(module.encoder, given["x"], initial, given.get("lengths"))
        total = (output * given["coefficients"]).sum()
        for part, state in zip(paths, final):
            for path, value in zip(part, state):
                total = total + (value * given[f"coefficients.{path}"]).sum()
        return total

    return case(name, inputs, loss, holding(encoder=encoder))


def tied_case():
    module = holding(embedding=nn.Embedding(9, 6), encoder=nn.LSTM(6, 6, batch_first=True))
    tokens = torch.from_numpy(random.integers(0, 9, (3, 5)))
    labels = torch.from_numpy(random.integers(0, 9, (3, 5)))

    def loss(module, tokens, labels):
        output = module.encoder(module.embedding(tokens))[0]
        logits = output @ module.embedding.weight.T
        return functional.cross_entropy(logits.flatten(0, 1), labels.flatten().long())

    return case("tied", {"tokens": tokens, "labels": labels}, loss, module)


def truncated_cases():
    """Three windows of a sequence: the state goes on, its gradient does not."""
    module = holding(encoder=nn.LSTM(3, 6, num_layers=2, batch_first=True))
    state = [torch.zeros(2, 3, 6, dtype=torch.float64) for _ in range(2)]
    tensors = {}

    def loss(module, x, coefficients):
        nonlocal state
        output, final = run(module.encoder, x, state)
        state = [part.detach() for part in final]
        return (output * coefficients).sum()

    for window in range(3):
        inputs = {"x": wanted(draw(3, 4, 3)), "coefficients": wanted(draw(3, 4, 6))}
        tensors |= case(f"truncated-{window}", inputs, loss, module)
    return tensors


def recurrent():
    tensors = tied_case() | truncated_cases()
    kinds = {
        "rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU,
        "rnn-relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    }
    for name, kind in kinds.items():
        both = {"bidirectional": True}
        tensors |= recurrent_case(f"{name}-single", kind(3, 6, batch_first=True))
        tensors |= recurrent_case(f"{name}-ragged", kind(3, 6, batch_first=True), [2, 5, 1])
        tensors |= recurrent_case(
            f"{name}-stacked", kind(3, 6, num_layers=3, batch_first=True))
        tensors |= recurrent_case(f"{name}-bidirectional", kind(3, 6, batch_first=True, **both))
        tensors |= recurrent_case(
            f"{name}-deep-ragged", kind(3, 6, num_layers=2, batch_first=True, **both), [4, 1, 5])
        tensors |= recurrent_case(
            f"{name}-wide", kind(5, 20, batch_first=True), [9, 9, 4, 7, 1, 2], batch=6, time=9)
        tensors |= recurrent_case(
            f"{name}-no-bias", kind(3, 6, bias=False, batch_first=True))
    save("recurrent", tensors)


# MARK: - Losses


def cross_entropy_case(name, lengths=None, class_weights=False, **options):
    shape = (3, 4) if lengths else (7,)
    labels = torch.from_numpy(random.integers(0, 5, shape))
    inputs = {"logits": wanted(draw(*shape, 5, scale=3))}
    if "ignore_index" in options:
        labels.view(-1)[[1, 5]] = options["ignore_index"]
    inputs["labels"] = labels
    if lengths:
        inputs["lengths"] = torch.tensor(lengths)
    if class_weights:
        inputs["class_weights"] = draw(5).abs() + 0.125

    def loss(module, logits, labels, lengths=None, class_weights=None):
        labels = labels.clone().long()
        if lengths is not None:
            labels[torch.arange(4) >= lengths[:, None]] = -100
        return functional.cross_entropy(
            logits.flatten(0, -2), labels.flatten(), weight=class_weights, **options)

    return case(name, inputs, loss)


def categorical_case():
    """Keras's, from probabilities that need not add up to 1."""
    probabilities = draw(6, 5).abs().numpy() + 0.125
    probabilities[2, 3] = 0
    targets = draw(6, 5).abs().numpy()
    targets /= targets.sum(-1, keepdims=True)
    targets = targets.astype(np.float32)
    x = tensorflow.constant(probabilities.astype(np.float32))
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        losses = keras.losses.categorical_crossentropy(tensorflow.constant(targets), x)
        loss = tensorflow.reduce_mean(losses)
    tensors = {
        "loss": loss.numpy(), "inputs/x": x.numpy(), "inputs/targets": targets,
        "input_gradients/x": tape.gradient(loss, x).numpy()}
    return {f"categorical/{key}": np.asarray(value) for key, value in tensors.items()}


def losses():
    tensors = cross_entropy_case("cross-entropy")
    tensors |= cross_entropy_case("cross-entropy-smoothing", label_smoothing=0.1)
    tensors |= cross_entropy_case("cross-entropy-weights", class_weights=True)
    tensors |= cross_entropy_case(
        "cross-entropy-weights-smoothing", class_weights=True, label_smoothing=0.2)
    tensors |= cross_entropy_case("cross-entropy-ignoring", ignore_index=2)
    tensors |= cross_entropy_case("cross-entropy-lengths", lengths=[4, 1, 2])
    tensors |= cross_entropy_case(
        "cross-entropy-everything", lengths=[3, 4, 1], class_weights=True, label_smoothing=0.1)
    for name, function in {
        "mean-squared": functional.mse_loss, "mean-absolute": functional.l1_loss,
        "binary": functional.binary_cross_entropy_with_logits,
    }.items():
        y = draw(4, 3)
        targets = torch.sigmoid(y).float().double() if name == "binary" else y
        tensors |= case(
            name, {"x": wanted(draw(4, 3, scale=3)), "targets": targets},
            lambda module, x, targets: function(x, targets))
    save("losses", tensors | categorical_case())


# MARK: - Optimizers


STEPS = 5


def optimizer_case(name, make, clip=lambda parameters: None):
    """Five steps of a matrix and a vector whose gradients are given."""
    weight, bias = nn.Parameter(draw(4, 3)), nn.Parameter(draw(3))
    optimizer = make([weight], [bias])
    tensors = {"weight": stored(weight), "bias": stored(bias)}
    rates = [0.1, 0.05, 0.1, 0.02, 0.2]
    gradients = {"weight": draw(STEPS, 4, 3), "bias": draw(STEPS, 3)}
    steps = {"weight": [], "bias": [], "norm": []}
    for step, rate in enumerate(rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        weight.grad = gradients["weight"][step].clone()
        bias.grad = gradients["bias"][step].clone()
        both = torch.cat([weight.grad.flatten(), bias.grad])
        clip([weight, bias])
        optimizer.step()
        steps["weight"].append(weight.detach().clone())
        steps["bias"].append(bias.detach().clone())
        steps["norm"].append(both.norm())
    tensors["rates"] = np.array(rates, np.float32)
    tensors |= {f"gradients/{key}": stored(value) for key, value in gradients.items()}
    tensors |= {f"steps/{key}": stored(torch.stack(values)) for key, values in steps.items()}
    return {f"{name}/{key}": value for key, value in tensors.items()}


def optimizers():
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_
    from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop

    def all_alike(kind, **options):
        return lambda weight, bias: kind(weight + bias, lr=1, **options)

    def adam_w(weight, bias):
        groups = [{"params": weight}, {"params": bias, "weight_decay": 0}]
        return AdamW(groups, lr=1, weight_decay=0.1)

    decay = {"weight_decay": 0.1}
    tensors = optimizer_case("sgd", all_alike(SGD))
    tensors |= optimizer_case("sgd-decay", all_alike(SGD, **decay))
    tensors |= optimizer_case("sgd-momentum", all_alike(SGD, momentum=0.9, **decay))
    tensors |= optimizer_case(
        "sgd-nesterov", all_alike(SGD, momentum=0.9, nesterov=True, **decay))
    tensors |= optimizer_case("rmsprop", all_alike(RMSprop, alpha=0.9, **decay))
    tensors |= optimizer_case("adagrad", all_alike(Adagrad, **decay))
    tensors |= optimizer_case("adam", all_alike(Adam))
    tensors |= optimizer_case("adam-decay", all_alike(Adam, betas=(0.8, 0.95), **decay))
    tensors |= optimizer_case("adamw", adam_w)
    tensors |= optimizer_case(
        "clip-norm", all_alike(SGD), lambda parameters: clip_grad_norm_(parameters, 1.5))
    tensors |= optimizer_case(
        "clip-value", all_alike(SGD), lambda parameters: clip_grad_value_(parameters, 0.5))

    def both(parameters):
        clip_grad_value_(parameters, 1)
        clip_grad_norm_(parameters, 1.5)

    tensors |= optimizer_case("clip-both", all_alike(Adam), both)
    save("optimizers", tensors)


# MARK: - Schedules


def schedule(make, validation=None, total=20):
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.5)
    scheduler = make(optimizer)
    rates = []
    for step in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([validation[step]] if validation else []))
    return np.array(rates, np.float32)


def schedules():
    from torch.optim import lr_scheduler as torch_schedules

    def warm_up(rest):
        def make(optimizer):
            # PyTorch's warm-up starts from its factor, at step 0.
            rising = torch_schedules.LinearLR(
                optimizer, start_factor=1 / 5, end_factor=1, total_iters=4)
            return torch_schedules.SequentialLR(optimizer, [rising, rest(optimizer)], [5])

        return make

    validation = [3, 2.5, 2.6, 2.7, 2.5, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.0, 2.1, 1.9]
    tensors = {
        "linear": schedule(
            lambda it: torch_schedules.LinearLR(it, 1, 0, total_iters=20)),
        "cosine": schedule(lambda it: torch_schedules.CosineAnnealingLR(it, 20)),
        "one-cycle": schedule(
            lambda it: torch_schedules.OneCycleLR(it, 0.5, total_steps=21, pct_start=0.3),
            total=20),
        "warm-up-linear": schedule(
            warm_up(lambda it: torch_schedules.LinearLR(it, 1, 0, total_iters=15))),
        "warm-up-cosine": schedule(
            warm_up(lambda it: torch_schedules.CosineAnnealingLR(it, 15))),
        "plateau": schedule(
            lambda it: torch_schedules.ReduceLROnPlateau(
                it, factor=0.5, patience=2, threshold=0),
            validation, len(validation)),
        "plateau/validation": np.array(validation, np.float32),
    }
    save("schedules", tensors)


# MARK: - A language model


def language_model():
    """Ten steps of Adam, in single precision, over successive windows of a text."""
    text = (
        "it was the best of times, it was the worst of times, it was the age of wisdom, it was the "
        "age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was "
        "the season of light, it was the season of darkness, it was the spring of hope, ") * 3
    letters = sorted(set(text))
    numbers = np.array([letters.index(letter) for letter in text])
    rows, time, windows = 4, 12, 10
    count = windows * time
    starts = [row * (len(numbers) // rows) for row in range(rows)]
    tokens = torch.tensor(np.stack([numbers[start:start + count + 1] for start in starts]))
    torch.manual_seed(4)
    model = holding(
        embedding=nn.Embedding(len(letters), 16), encoder=nn.LSTM(16, 24, batch_first=True),
        head=nn.Linear(24, len(letters))).float()
    tensors = {f"weights/{key}": value.clone() for key, value in model.state_dict().items()}
    tensors |= {"tokens": tokens}
    # Sequent trains one bias where PyTorch adds two: the second one stays as it is.
    model.encoder.bias_hh_l0.requires_grad_(False)
    optimizer = torch.optim.Adam(
        [parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.01)
    state = tuple(torch.zeros(1, rows, 24) for _ in range(2))
    losses = []
    for start in range(0, count, time):
        output, state = model.encoder(model.embedding(tokens[:, start:start + time]), state)
        state = tuple(part.detach() for part in state)
        logits = model.head(output)
        loss = functional.cross_entropy(
            logits.flatten(0, 1), tokens[:, start + 1:start + time + 1].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    tensors |= {"losses": torch.stack(losses)}
    save("language-model", {key: stored(value) for key, value in tensors.items()})


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    layers()
    recurrent()
    losses()
    optimizers()
    schedules()
    language_model()
