"""What pages load and compute through caches: the only place with `st.cache_data` and `st.cache_resource`.

What several pages use can be imported from here; `builder`, `compare`, `overlaps` and `specifications` are imported by the
pages of their subjects. A loader returns data, never markup.

A cache is keyed by fingerprints: of models, datasets and images; or by the version of a file, which tells cheaply whether
its content has to be read again. Never by a name alone: a model that is trained again under its name is another one.
Streamlit hashes large images by samples and cannot hash models, so that these are passed in arguments that begin with an
underscore, next to their fingerprints. Every cache is bounded. Resources are shared by all sessions and never changed.
Nothing heavy is imported before a loader is called.
"""

from dashboard.cache.attacks import attack_sweep, attacked, clean_answer, judged, survivals
from dashboard.cache.audits import severity_audit
from dashboard.cache.claims import claims
from dashboard.cache.datasets import (
    Data,
    Entry,
    dataset,
    entries,
    entry,
    evaluated_dataset,
    splits,
    why_without_images,
)
from dashboard.cache.estimates import devices, price
from dashboard.cache.expiry import results_changed
from dashboard.cache.gallery import Grid, Scoring, grid, scoring
from dashboard.cache.images import (
    indices_of_class,
    photograph,
    photograph_thumbnail,
    test_image,
    test_images,
    test_thumbnail,
    upload,
)
from dashboard.cache.models import (
    DEFAULT_MODEL,
    PHOTOGRAPHS_MODEL,
    alike,
    card,
    families,
    is_quick,
    model,
    model_names,
    preparation,
    training,
)
from dashboard.cache.results import evaluated, overview, robust_accuracy, stability, subject
from dashboard.cache.sequence_frames import SequenceFrames, frame_answers, sequence_frames

__all__ = [
    "DEFAULT_MODEL",
    "PHOTOGRAPHS_MODEL",
    "Data",
    "Entry",
    "Grid",
    "Scoring",
    "SequenceFrames",
    "alike",
    "attack_sweep",
    "attacked",
    "card",
    "claims",
    "clean_answer",
    "dataset",
    "devices",
    "entries",
    "entry",
    "evaluated",
    "evaluated_dataset",
    "families",
    "frame_answers",
    "grid",
    "indices_of_class",
    "is_quick",
    "judged",
    "model",
    "model_names",
    "overview",
    "photograph",
    "photograph_thumbnail",
    "preparation",
    "price",
    "results_changed",
    "robust_accuracy",
    "scoring",
    "sequence_frames",
    "severity_audit",
    "splits",
    "stability",
    "subject",
    "survivals",
    "test_image",
    "test_images",
    "test_thumbnail",
    "training",
    "upload",
    "why_without_images",
]
