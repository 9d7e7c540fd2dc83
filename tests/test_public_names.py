from __future__ import annotations

import subprocess
import sys

import robustcore


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert sorted(robustcore.__all__) == robustcore.__all__
    for name in robustcore.__all__:
        assert getattr(robustcore, name) is not None


def test_importing_the_package_runs_nothing() -> None:
    code = "import sys, robustcore; print([m for m in ('torch', 'cv2', 'pandas', 'streamlit') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
