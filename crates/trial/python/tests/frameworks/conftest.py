"""One thread each: the networks are small."""

import pytest


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
