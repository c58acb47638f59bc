"""The program in the documentation."""

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[4] / "docs" / "ray.md"


def test_the_program_runs_as_it_is_printed(tmp_path: Path) -> None:
    [program] = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.M)
    script = tmp_path / "program.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "best: {'rate':" in done.stdout
    assert "num_checkpoints_removed" in done.stdout
    warnings = re.findall(r"WARNING (\w+\.py).*", done.stdout + done.stderr)
    assert "experiment_state.py" not in warnings, done.stderr
    assert (tmp_path / "results" / "example" / "rungkeeper.jsonl").exists()
