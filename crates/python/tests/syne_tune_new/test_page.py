"""The programs of the page run."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs" / "syne-tune.md"
SECTION = re.compile(r"^## Syne Tune 0\.15 and newer\n(.*?)(?=^## |\Z)", re.M | re.S)
PROGRAM = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.M | re.S)


def test_programs_of_the_page(folder: Path) -> None:
    section = SECTION.search(PAGE.read_text(encoding="utf-8"))
    assert section
    programs = dict(PROGRAM.findall(section[1]))
    assert set(programs) == {"train.py", "tune.py"}
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "tune.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "'num_trials_resumed': " in done.stdout
    best = re.search(r"the best checkpoint is in (\S+)", done.stdout)
    assert best
    assert (Path(best[1]) / "state.json").exists()
