"""Fits a sine by a small network: a training script as it was before it is tuned."""

import numpy as np

lr, width = 0.05, 16
rng = np.random.default_rng(1)
x = np.linspace(-3.0, 3.0, 128)[:, None]
y = np.sin(x)
model = {
    "a": rng.normal(size=(1, width)),
    "b": rng.normal(size=width),
    "c": np.zeros((width, 1)),
}
for epoch in range(1, 28):
    for batch in rng.permutation(128).reshape(-1, 8):
        hidden = np.tanh(x[batch] @ model["a"] + model["b"])
        error = hidden @ model["c"] - y[batch]
        inner = error @ model["c"].T * (1 - hidden**2)
        model["c"] -= lr * hidden.T @ error / 8
        model["a"] -= lr * x[batch].T @ inner / 8
        model["b"] -= lr * inner.mean(axis=0)
    fitted = np.tanh(x @ model["a"] + model["b"]) @ model["c"]
    loss = float(np.mean((fitted - y) ** 2))
    print(f"epoch {epoch}: loss {loss:.4f}")
