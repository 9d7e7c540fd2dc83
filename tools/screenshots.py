"""`make screenshots`: starts the dashboard, drives Chromium, and writes the pictures of the documentation to docs/images."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, Tab, new_page, running

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
COLOURS = 256  # of a picture: a third of the bytes, and nothing to be seen of it
# File -> the page with its controls, what is waited for, and how many pixels of it are shown.
PICTURES = {
    "overview": ("/", "This classifier says", 860),
    "corruptions": ("/corruptions", "Of the 75 corrupted images", 860),
    "compare": ("/compare?compare_view=Heatmap", "Accuracy", 860),
}
WIDTH = 1280


def main() -> int:
    """Write all pictures; 1 where there is no Chromium."""
    if CHROMIUM is None:
        print("There is no Chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cache = Path(folder)
        with running(cache / "cache", log=cache / "server.log", warm=True) as server:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for name, (path, text, height) in PICTURES.items():
                page = new_page(browser, viewport={"width": WIDTH, "height": height}, color_scheme="light")
                tab = Tab(page, server).open(path)
                page.get_by_text(text).first.wait_for(timeout=120_000)
                tab.settle(120)
                _save(page.screenshot(), FOLDER / f"{name}.png")
                page.context.close()
            browser.close()
    return 0


def _save(content: bytes, file: Path) -> None:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(FOLDER.parents[1])}: {image.width} x {image.height}, {file.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    sys.exit(main())
