"""Makes the fixtures in this folder with the libraries whose conventions they show.

    python make_fixtures.py        # needs torch, tensorflow (keras 3), onnx, onnxruntime, safetensors

Each `.safetensors` holds cases: `CASE/weights/…` are the weights under the library's own names,
`CASE/input` [batch, time, 3], `CASE/output` [batch, time, directions * 5] what the library
computed from them, and `CASE/lengths` [batch] where the batch is ragged.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from safetensors.numpy import save_file

INPUT, HIDDEN, TIME, BATCH = 3, 5, 4, 3
random = np.random.default_rng(20)
torch.manual_seed(20)
keras.utils.set_random_seed(20)


def draw(*shape):
    return random.standard_normal(shape).astype(np.float32) * 0.7


def case(name, weights, x, output, **more):
    tensors = {f"weights/{key}": value for key, value in weights.items()}
    tensors |= {"input": x, "output": output} | more
    return {f"{name}/{key}": np.ascontiguousarray(value) for key, value in tensors.items()}


# MARK: - PyTorch


def pytorch_case(name, kind, ragged=False, **options):
    layer = kind(INPUT, HIDDEN, batch_first=True, **options)
    weights = {f"encoder.{key}": value.numpy() for key, value in layer.state_dict().items()}
    x = torch.from_numpy(draw(BATCH, TIME, INPUT))
    with torch.no_grad():
        if not ragged:
            return case(name, weights, x.numpy(), layer(x)[0].numpy())
        lengths = torch.tensor([2, 4, 1])
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False)
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(
            layer(packed)[0], batch_first=True, total_length=TIME)
    return case(name, weights, x.numpy(), output.numpy(), lengths=lengths.numpy())


def pytorch():
    from torch.nn import GRU, LSTM, RNN

    deep = {"num_layers": 2, "bidirectional": True}
    tensors = pytorch_case("rnn", RNN)
    tensors |= pytorch_case("lstm", LSTM)
    tensors |= pytorch_case("lstm-no-bias", LSTM, bias=False)
    tensors |= pytorch_case("gru", GRU)
    tensors |= pytorch_case("rnn-deep", RNN, **deep)
    tensors |= pytorch_case("lstm-deep", LSTM, **deep)
    tensors |= pytorch_case("gru-deep", GRU, **deep)
    tensors |= pytorch_case("lstm-deep-ragged", LSTM, ragged=True, **deep)
    tensors |= pytorch_case("gru-deep-ragged", GRU, ragged=True, **deep)
    save_file(tensors, "pytorch.safetensors", metadata={"torch": torch.__version__})


# MARK: - Keras


def keras_model(layer):
    model = keras.Sequential([keras.Input((TIME, INPUT)), layer], name="model")
    for variable in model.trainable_variables:
        variable.assign(draw(*variable.shape))
    x = draw(BATCH, TIME, INPUT)
    return model, x, model.predict(x, verbose=0)


def keras_case(name, layer):
    """The weights under the paths that Keras 3 gives them."""
    model, x, output = keras_model(layer)
    return case(name, {variable.path: variable.numpy() for variable in model.variables}, x, output)


def keras_fixtures():
    from keras.layers import GRU, LSTM, Bidirectional, SimpleRNN

    options = {"return_sequences": True, "name": "encoder"}
    tensors = keras_case("rnn", SimpleRNN(HIDDEN, **options))
    tensors |= keras_case("lstm", LSTM(HIDDEN, **options))
    tensors |= keras_case("gru-after", GRU(HIDDEN, reset_after=True, **options))
    tensors |= keras_case("gru-before", GRU(HIDDEN, reset_after=False, **options))
    tensors |= keras_case(
        "lstm-both", Bidirectional(LSTM(HIDDEN, return_sequences=True), name="encoder"))
    save_file(tensors, "keras.safetensors", metadata={"keras": keras.__version__})

    # What people write by hand from get_weights(), which has no names.
    model, x, output = keras_model(LSTM(HIDDEN, **options))
    kernel, recurrent_kernel, bias = model.layers[0].get_weights()
    np.savez_compressed(
        "keras-lstm.npz", input=x, output=output,
        **{"weights/encoder/kernel": kernel, "weights/encoder/recurrent_kernel": recurrent_kernel,
           "weights/encoder/bias": bias})


# MARK: - ONNX


def onnx_case(name, operator, gates, directions, **attributes):
    weights = {
        "encoder.W": draw(directions, gates * HIDDEN, INPUT),
        "encoder.R": draw(directions, gates * HIDDEN, HIDDEN),
        "encoder.B": draw(directions, 2 * gates * HIDDEN),
    }
    direction = "bidirectional" if directions == 2 else "forward"
    node = helper.make_node(
        operator, ["X", *weights], ["Y"], hidden_size=HIDDEN, direction=direction, **attributes)
    graph = helper.make_graph(
        [node], name,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [TIME, BATCH, INPUT])],
        [helper.make_tensor_value_info(
            "Y", TensorProto.FLOAT, [TIME, directions, BATCH, HIDDEN])],
        [onnx.numpy_helper.from_array(value, key) for key, value in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model)
    x = draw(BATCH, TIME, INPUT)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    # Y [time, directions, batch, hidden]
    y = session.run(None, {"X": x.transpose(1, 0, 2)})[0]
    return case(name, weights, x, y.transpose(2, 0, 1, 3).reshape(BATCH, TIME, -1))


def onnx_fixtures():
    tensors = onnx_case("rnn", "RNN", 1, 1)
    tensors |= onnx_case("lstm", "LSTM", 4, 1)
    tensors |= onnx_case("lstm-both", "LSTM", 4, 2)
    tensors |= onnx_case("gru-after", "GRU", 3, 2, linear_before_reset=1)
    tensors |= onnx_case("gru-before", "GRU", 3, 2, linear_before_reset=0)
    save_file(tensors, "onnx.safetensors", metadata={"onnxruntime": onnxruntime.__version__})


# MARK: - Formats


def formats():
    """Arrays in every layout that numpy writes, and safetensors of every supported type."""
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.savez(
        "arrays.npz", c=values, fortran=np.asfortranarray(values), scalar=np.float64(2.5),
        empty=np.zeros((0, 3), np.float32), half=values.astype(np.float16),
        double=values.astype(np.float64), int32=values.astype(np.int32),
        int64=values.astype(np.int64), uint8=values.astype(np.uint8), bool=values % 2 == 0)
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(f"v{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, values[0], version=version)

    import safetensors.torch

    values = torch.tensor([[0, 1, 2], [3, 100, 127]])
    types = [
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
        torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool]
    safetensors.torch.save_file(
        {str(dtype).removeprefix("torch."): values.to(dtype) for dtype in types},
        "types.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    pytorch()
    keras_fixtures()
    onnx_fixtures()
    formats()
