"""What the module gives with this version of Syne Tune, and what it says otherwise."""

import inspect
import subprocess
import sys

import pytest
import rungkeeper.syne_tune


@pytest.mark.parametrize("name", ["PromotionASHA", "PromotionExtraResults"])
def test_what_newer_versions_have(name):
    with pytest.raises(
        ImportError, match=f"{name} is for Syne Tune 0.15 and newer"
    ) as error:
        getattr(rungkeeper.syne_tune, name)
    assert "use HyperbandRemoveCheckpointsCallback" in str(error.value)
    assert name not in rungkeeper.syne_tune.__all__


def test_what_no_version_has():
    with pytest.raises(AttributeError, match="has no attribute 'Callback'"):
        rungkeeper.syne_tune.Callback  # noqa: B018


def test_without_syne_tune():
    program = """
import importlib.metadata as metadata
def version(name):
    raise metadata.PackageNotFoundError(name)
metadata.version = version
import rungkeeper.syne_tune
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ImportError: rungkeeper.syne_tune needs Syne Tune: install" in done.stderr


def test_everything_public_has_a_docstring():
    for name in rungkeeper.syne_tune.__all__:
        member = getattr(rungkeeper.syne_tune, name)
        if not member.__module__.startswith("rungkeeper"):
            continue  # Syne Tune's own
        assert inspect.getdoc(member), name
        for attribute, value in vars(member).items():
            if not attribute.startswith("_") and callable(value):
                assert inspect.getdoc(value), f"{name}.{attribute}"
