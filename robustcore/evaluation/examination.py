"""The examination of models before anything is scored: their answers are checked, and stored results are their own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping

from robustcore.errors import ModelError, StoreError
from robustcore.evaluation.store.store import Store
from robustcore.models import checks, probes
from robustcore.models.classifier import Classifier
from robustcore.notes import kinds

_KEPT = 256
_lock = threading.Lock()
_examined: OrderedDict[str, checks.Examination] = OrderedDict()


def examine(
    models: Mapping[str, Classifier], pending: Collection[str], store: Store, cancelled: threading.Event | None = None
) -> dict[str, str]:
    """Check the models' answers to the probe images, and hold them against those that are stored beside results.

    Args:
        models: fingerprint -> model.
        pending: the fingerprints of those that will be scored; their answers and notes are kept with the results.
        store: where results are read from and written to.

        cancelled: set to stop between two models.

    Returns:
        fingerprint -> why, of the models that answer with nothing that can be scored.

    Raises:
        StoreError: results are stored under a model's fingerprint whose model answered otherwise.
    """
    refused: dict[str, str] = {}
    for fingerprint, model in models.items():
        if cancelled is not None and cancelled.is_set():
            break
        stored = store.probes(fingerprint)
        if fingerprint not in pending and not stored:
            continue  # nothing is matched: what is shown of it says that it was not checked
        try:
            seen = _examination(fingerprint, model)
        except ModelError as error:
            refused[fingerprint] = str(error)
            continue
        if seen is None:
            continue
        at_random = "answers_are_random" in kinds(seen.notes)  # and never answers as it did before, which is said
        for path, answers, _ in stored:
            if not at_random and not probes.agree(answers, seen.answers):
                raise StoreError(
                    f"The results of {model.card.name} in {path} were computed by a network that answers otherwise than the one "
                    "loaded now, though both have the same fingerprint: something outside the network decides its answers. "
                    "Give the network an attribute that tells the two apart, or delete those results (robustcore results prune)."
                )
        if fingerprint in pending and not any(path == store.path for path, _, _ in stored):
            store.keep_probe(fingerprint, seen.answers, seen.notes)
    return refused


def _examination(fingerprint: str, model: Classifier) -> checks.Examination | None:
    with _lock:
        if fingerprint in _examined:
            _examined.move_to_end(fingerprint)
            return _examined[fingerprint]
    seen = checks.examine(model)
    if seen is None:
        return None
    with _lock:
        _examined[fingerprint] = seen
        while len(_examined) > _KEPT:
            _examined.popitem(last=False)
    return seen


def forget() -> None:
    """Ask every model anew."""
    with _lock:
        _examined.clear()
