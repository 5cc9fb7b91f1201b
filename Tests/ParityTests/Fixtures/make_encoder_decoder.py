"""Makes `keras-encoder-decoder.safetensors`: the encoder-decoder of Keras's documentation, trained.

    python make_encoder_decoder.py        # needs torch, keras 3, safetensors

100 random examples, 10 vectors of width 8 in and 8 of 16 classes out, in 2 epochs of batches of 8, in order:
`weights/…` under Keras's names before training, `source`, `target` (the classes so far), `next`, the `losses` of
all batches, the model's `first` probabilities and its `last`.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from keras import layers
from safetensors.numpy import save_file

keras.utils.set_random_seed(5)
random = np.random.default_rng(5)
examples, batch, epochs = 100, 8, 2

source = keras.Input((None, 8))
read, *state = layers.LSTM(32, return_sequences=True, return_state=True, name="encoder")(source)
target = keras.Input((None, 16))
said = layers.LSTM(32, return_sequences=True, name="decoder")(target, initial_state=state)
context = layers.AdditiveAttention(name="attention")([said, read])
hidden = layers.Dense(32, activation="tanh", name="hidden")(context)
model = keras.Model([source, target], layers.Dense(16, activation="softmax", name="head")(hidden))
model.compile(optimizer=keras.optimizers.Adam(), loss="categorical_crossentropy")

x = random.random((examples, 10, 8), np.float32)
following = np.eye(16, dtype=np.float32)[random.integers(0, 16, (examples, 8))]
before = np.concatenate([np.zeros_like(following[:, :1]), following[:, :-1]], axis=1)

tensors = {"source": x, "target": before, "next": following}
for weight in model.weights:
    path = weight.path.replace("lstm_cell/", "").replace("attention/", "attention/score/")
    tensors[f"weights/{path}"] = np.array(weight.numpy())
tensors["first"] = model.predict_on_batch([x, before])
losses = []
for _ in range(epochs):
    for start in range(0, examples, batch):
        rows = slice(start, start + batch)
        model.reset_metrics()
        losses.append(model.train_on_batch([x[rows], before[rows]], following[rows]))
tensors["losses"] = np.array(losses, np.float32)
tensors["last"] = model.predict_on_batch([x, before])
model.summary()

os.chdir(os.path.dirname(os.path.abspath(__file__)))
save_file(
    {key: np.ascontiguousarray(value) for key, value in tensors.items()},
    "keras-encoder-decoder.safetensors", metadata={"keras": keras.__version__})
print({key: value.shape for key, value in tensors.items()}, losses[:3], losses[-1])
