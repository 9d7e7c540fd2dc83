"""What the server loads and computes before the first visitor."""

from __future__ import annotations

import gc
import logging

from dashboard.cache import audits, gallery, images, models, overlaps, results
from dashboard.cache.datasets import SCENES
from dashboard.workers import pool

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Load and compute what the first pages need; the server does it in a thread of its own. Draws nothing."""
    try:
        import robustcore.corruptions as corruptions
        from dashboard import pages
        from dashboard.views.builder import controls as builder
        from dashboard.views.calibration import numbers as calibration
        from dashboard.views.compare import controls as compare_controls
        from dashboard.views.compare import metric_views as compare
        from robustcore.reports.preview import gallery as preview
        from robustcore.reports.preview import shipped

        pages.views()
        if evaluated := results.evaluated(SCENES):  # the first page
            results.overview(tuple(evaluated), SCENES)
        cells = tuple(cell for name in corruptions.names("imagenet-c") for cell in preview.cells(name))
        if models.PHOTOGRAPHS_MODEL in models.model_names():
            photograph = images.photograph(shipped.PHOTOGRAPH, models.preparation(models.PHOTOGRAPHS_MODEL))
            gallery.scoring(models.PHOTOGRAPHS_MODEL, gallery.grid(photograph, cells, "memory"), "memory")
        item = images.test_image(images.indices_of_class(0)[0])
        grid = gallery.grid(item, cells, "memory")
        if models.DEFAULT_MODEL in models.model_names():
            gallery.scoring(models.DEFAULT_MODEL, grid, "memory").advance(grid)
        split = images.test_images()
        split.images(0, len(split))  # rendered once, then in the cache
        import plotly.graph_objects  # noqa: F401

        pool.start_all()  # the first one computes what follows, another is there for people
        with pool.in_background():
            compare.compute_first(compare_controls.first())
            overlaps.prepare()
            builder.compute_first()
            calibration.compute_first()
            if models.PHOTOGRAPHS_MODEL in models.model_names():
                models.fingerprint(models.PHOTOGRAPHS_MODEL)  # loads it, where attacks are run
            audits.distances("imagenet-c", "memory")  # the longest, and so the last
    except Exception:  # the page that needs it meets the same error again and shows it
        log.exception("The warm-up failed")
    finally:
        freeze()


def freeze() -> None:
    """Leave what is loaded by now out of the search for garbage, which Streamlit makes after every run of a page: it is there
    for good, and searched it costs 0.3 s each time."""
    gc.collect()
    gc.freeze()
