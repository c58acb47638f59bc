"""A small network that learns the sine, with Keras."""

import keras
import numpy as np
from rungkeeper_trial import trial
from rungkeeper_trial_callbacks import keras_callback

keras.utils.set_random_seed(1)
x = np.random.default_rng(1).permutation(np.linspace(-3, 3, 128))[:, None]
saved = trial.saved("model.keras")
if saved:
    model = keras.models.load_model(saved)
else:
    width = trial.get("width", 16)
    model = keras.Sequential(
        [keras.layers.Dense(width, activation="tanh"), keras.layers.Dense(1)]
    )
    optimizer = keras.optimizers.SGD(trial.get("lr", 0.05), momentum=0.9)
    model.compile(optimizer=optimizer, loss="mse")
model.fit(
    x,
    np.sin(x),
    batch_size=8,
    shuffle=False,
    validation_data=(x, np.sin(x)),
    initial_epoch=trial.level,
    epochs=trial.get("epochs", 27),
    callbacks=[keras_callback()],
)
