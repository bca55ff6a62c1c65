"""What the Makefile does itself; everything else is a command of `hftos`."""

import shutil
import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def clean(folder: Path) -> None:
    shutil.copy(MAKEFILE, folder)
    subprocess.run(["make", "clean"], cwd=folder, check=True, capture_output=True)


def test_clean_leaves_what_nothing_makes_again(tmp_path: Path) -> None:
    kept = ["build/audit/audit.jsonl", "build/store/data", "build/office/users.toml", "build/lab/hz/plan.json"]
    for path in (*kept, "build/run/audit/file", "build/image/hftos.img", "build/.hidden", ".venv/bin/hftos", "my.toml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    clean(tmp_path)
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == sorted(["Makefile", "my.toml", *kept])


def test_clean_has_nothing_to_do_where_nothing_was_built(tmp_path: Path) -> None:
    clean(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
