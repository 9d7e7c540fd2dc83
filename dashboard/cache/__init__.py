"""Everything that pages load and compute through caches: the only place with `st.cache_data` and `st.cache_resource`.

A cached loader takes plain values, never an image or a model to be hashed: Streamlit hashes large images by samples and
cannot hash models at all. What stands behind an underscore is carried by the plain values beside it. Every cache is
bounded. Resources are shared by all sessions and never changed. Nothing heavy is imported before a loader is called.

    models      what there is, and the loaded ones         datasets  what an evaluation can run on
    images      single images                              results   what is stored of the models
    grids       one image under many corruptions           prices    what an evaluation costs here
    films       one image under a sequence                 reading   caches that end with an evaluation
    attacks     one image under attack                     warming   what is loaded before anybody asks
    audits      a suite's severities                   comparing what Compare makes of results
    specifications  requirements, judged               building  what the benchmark builder works with
    claims      of the documents, judged               overlaps  atlases of overlaps, their categories
"""

from dashboard.cache.attacks import attack_sweep, attacked, clean_answer, judged, new_run, survivals
from dashboard.cache.audits import severity_audit
from dashboard.cache.claims import claims
from dashboard.cache.datasets import dataset, folders
from dashboard.cache.estimates import devices, price
from dashboard.cache.expiry import results_changed
from dashboard.cache.gallery import Grid, Scoring, grid, scoring
from dashboard.cache.images import indices_of_class, photograph, test_image, test_images, test_thumbnail, upload
from dashboard.cache.models import DEFAULT_MODEL, alike, card, families, model, model_names, training
from dashboard.cache.results import comparison, evaluated, overview, robust_accuracy, stability, subject
from dashboard.cache.sequence_frames import Film, film, film_answers
from dashboard.session.permissions import read_only

__all__ = [
    "DEFAULT_MODEL",
    "Film",
    "Grid",
    "Scoring",
    "alike",
    "attack_sweep",
    "attacked",
    "card",
    "claims",
    "clean_answer",
    "comparison",
    "dataset",
    "devices",
    "evaluated",
    "families",
    "film",
    "film_answers",
    "folders",
    "grid",
    "indices_of_class",
    "judged",
    "model",
    "model_names",
    "new_run",
    "overview",
    "photograph",
    "price",
    "read_only",
    "results_changed",
    "robust_accuracy",
    "scoring",
    "severity_audit",
    "stability",
    "subject",
    "survivals",
    "test_image",
    "test_images",
    "test_thumbnail",
    "training",
    "upload",
]
