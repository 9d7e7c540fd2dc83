"""Data derived from results, kept under the cache so that no process computes it twice: `codec` writes it as JSON, `store`
keeps it by a digest of everything that it was derived from, `single_file` in a file that has its own name; `atomic_files` writes files
whole or not at all."""

from robustcore.derived.codec import decode, encode
from robustcore.derived.store import digest, get, once, put

__all__ = ["decode", "digest", "encode", "get", "once", "put"]
