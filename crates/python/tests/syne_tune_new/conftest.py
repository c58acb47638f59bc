"""Syne Tune writes into a folder of the test."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.syne_tune_new.running")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path / "syne-tune"))
    # A line and its end are two writes then, and a kill can come between them.
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    return tmp_path
