"""The pictures of docs/report.md and of the README, made anew: `make screenshots`.

What is on them is what `farhost report` writes of the README's failing run, and of a transfer over a bad link.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import NEEDED, browser, opened

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "docs" / "images"
FILE = ROOT / "src" / "farhost" / "report" / "html" / "assets" / "uplot" / "uPlot.iife.min.js"
DIGEST = hashlib.sha256(FILE.read_bytes()).hexdigest()
FAILING = ("server.py 5000", "client.py server 5000", "--link", "delay=40ms loss=20%", "--seed", "3")
BULK = (
    f"server=-m http.server 8000 --directory {FILE.parent}",
    f"client=fetch.py http://server:8000/{FILE.name} {DIGEST}",
    "--link",
    "delay=20ms loss=3% rate=2mbit",
    "--seed",
    "4",
)
PICTURES = (
    # File, run, panel from whose top it is taken, width and height in CSS pixels, dark.
    ("report.png", FAILING, "verdict", (1280, 1150), False),
    ("report-bytes.png", FAILING, "ribbon", (1280, 470), False),
    ("report-calls.png", FAILING, "lanes", (1280, 440), True),
    ("report-time-sequence.png", BULK, "timesequence", (1280, 660), False),
    ("report-plots.png", BULK, "plots", (1280, 760), False),
)


def main() -> None:
    """Make them all."""
    assert not NEEDED.args[0], NEEDED.kwargs["reason"]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made: dict[tuple[str, ...], Path] = {}
        for name, run, panel, size, dark in PICTURES:
            if run not in made:
                own = Path(folder, str(len(made)))
                own.mkdir()
                made[run] = written(run, own)
            with browser(Path(folder, name), dark=dark, size=(size[0], size[1] + 90)) as driver:
                opened(driver, made[run])
                if panel != "verdict":
                    driver.execute_script(f"document.querySelector('#panel-{panel}').scrollIntoView()")
                driver.save_screenshot(str(IMAGES / name))
            print(IMAGES.relative_to(ROOT) / name)


def written(run: tuple[str, ...], folder: Path) -> Path:
    """The page of a run, in a folder that has the examples' programs."""
    for program in ("one_recv/server.py", "one_recv/client.py", "http/fetch.py"):
        shutil.copy(ROOT / "examples" / program, folder)
    command = [sys.executable, "-m", "farhost"]
    subprocess.run([*command, "run", *run], cwd=folder, capture_output=True, timeout=120)
    subprocess.run([*command, "report"], cwd=folder, capture_output=True, timeout=120, check=True)
    return folder / ".farhost" / "runs" / "latest" / "report.html"


if __name__ == "__main__":
    main()
