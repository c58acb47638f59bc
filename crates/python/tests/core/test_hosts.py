"""Modules for hosts that are not installed."""

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "host", "told"),
    [
        ("rungkeeper.optuna", "optuna", r'install "rungkeeper\[optuna\]"'),
        ("rungkeeper.optuna.__main__", "optuna", "needs Optuna"),
        ("rungkeeper.ray", "ray", "needs Ray Tune: install"),
        ("rungkeeper.syne_tune", "syne_tune", "needs Syne Tune"),
    ],
)
def test_what_is_missing_is_told(module, host, told, monkeypatch):
    monkeypatch.setitem(sys.modules, host, None)
    for name in [name for name in sys.modules if name.startswith(f"rungkeeper.{host}")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=told):
        importlib.import_module(module)
