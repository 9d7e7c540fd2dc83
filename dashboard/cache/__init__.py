"""What pages load and compute through caches: the only place with `st.cache_data` and `st.cache_resource`.

A module for each subject: `cache.results.evaluated`, `cache.models.card`. A loader returns data, never markup.

A cache is keyed by fingerprints: of models, datasets and images; or by the version of a file, which tells cheaply whether
its content has to be read again. Never by a name alone: a model that is trained again under its name is another one.
Streamlit hashes large images by samples and cannot hash models, so that these are passed in arguments that begin with an
underscore, next to their fingerprints. Every cache is bounded: what is large is kept in `shared`, by bytes. Resources are
shared by all sessions and never changed. Nothing heavy is imported before a loader is called.
"""

from dashboard.cache import (
    attacks,
    audits,
    builder,
    claims,
    compare,
    datasets,
    estimates,
    expiry,
    gallery,
    images,
    inside,
    leaderboard,
    models,
    offload,
    overlaps,
    results,
    scenes,
    sequence_frames,
    shared,
    specifications,
)

__all__ = [
    "attacks",
    "audits",
    "builder",
    "claims",
    "compare",
    "datasets",
    "estimates",
    "expiry",
    "gallery",
    "images",
    "inside",
    "leaderboard",
    "models",
    "offload",
    "overlaps",
    "results",
    "scenes",
    "sequence_frames",
    "shared",
    "specifications",
]
