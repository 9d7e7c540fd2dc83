"""Images that a visitor uploads: several at once, kept across pages until they are removed."""

from __future__ import annotations

import dataclasses
import hashlib

import streamlit as st

from dashboard import cache
from dashboard.session import permissions
from dashboard.widgets import states
from dashboard.widgets.choice import Choice, preparation_code
from robustcore.display import display_name
from robustcore.errors import ImageError
from robustcore.images import SUFFIXES
from robustcore.images.preparation import Preparation

MOST = 12  # images that one visitor keeps
_KEPT = "_uploads"  # in the session: digest -> upload
_TYPES = sorted(suffix.removeprefix(".") for suffix in SUFFIXES)
_UNKNOWN = "not known"


@dataclasses.dataclass(frozen=True)
class Upload:
    """One file, and the class that its owner says is right; "" where none was said."""

    name: str
    content: bytes
    right: str = ""


def kept() -> dict[str, Upload]:
    """This visitor's uploads, by the digests of their contents."""
    uploads: dict[str, Upload] = st.session_state.setdefault(_KEPT, {})
    return uploads


def pick(prefix: str, model: str, preparation: Preparation | None) -> Choice | None:
    """Draw the uploader, the uploads that are kept, and the class of the chosen one; None where there is none."""
    permissions.check("Uploading an image")
    files = st.file_uploader(
        "Your images",
        type=_TYPES,
        key=f"{prefix}_upload",
        label_visibility="collapsed",
        accept_multiple_files=True,
    )
    _keep(prefix, [(file.name, file.getvalue()) for file in files], preparation)
    uploads = kept()
    if not uploads:
        st.caption("PNG, JPEG, WebP, BMP, GIF or TIFF, several at once. They stay on this machine and are not stored.")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        digest = st.selectbox(
            "Image of yours",
            list(uploads),
            format_func=lambda each: uploads[each].name,
            key=f"{prefix}_uploaded",
            width=220,
        )
        chosen = _class_of(prefix, digest, model)
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"{prefix}_remove_upload",
            on_click=_remove,
            args=(digest,),
            help="Forget this image on all pages.",
        )
    upload = kept()[digest]
    item = cache.images.upload(upload.content, upload.name, preparation)
    code = preparation_code(preparation) + (
        "from pathlib import Path\n\nfrom robustcore.datasets.photographs import upload\n\n"
        f"item = upload(Path({upload.name!r}).read_bytes(), {upload.name!r}"
        f"{', preparation=preparation' if preparation else ''})\n"
        "image, image_id = item.image, item.id"
    )
    right = (chosen,) if chosen else ()
    return Choice(dataclasses.replace(item, right=right), "upload", (), code, f"the upload “{upload.name}”")


def _class_of(prefix: str, digest: str, model: str) -> str:
    """The class that the visitor says is right, among those of the model; "" for none."""
    classes = cache.models.card(model).classes if model in cache.models.model_names() else ()
    right_class = kept()[digest].right
    offered = [_UNKNOWN, *classes]
    chosen = st.selectbox(
        "Its class",
        offered,
        offered.index(right_class) if right_class in offered else 0,
        format_func=lambda name: name if name == _UNKNOWN else display_name(name),
        key=f"{prefix}_class_of_{digest[:12]}_{hashlib.sha256(repr(classes).encode()).hexdigest()[:8]}",
        help="What is on the image, where the model has a class for it. Without it, answers are compared with the answer to "
        "the clean image.",
        width=260,
    )
    right = "" if chosen == _UNKNOWN else chosen
    if right != right_class and (right or right_class in classes):
        kept()[digest] = dataclasses.replace(kept()[digest], right=right)
    return right


def _keep(prefix: str, files: list[tuple[str, bytes]], preparation: Preparation | None) -> None:
    """Take over what the uploader holds now and did not hold before: an image that was removed does not come back. A file that
    is no image gets a sentence for as long as the uploader holds it."""
    seen: set[str] = st.session_state.setdefault(f"_{prefix}_upload_seen", set())
    now = {hashlib.sha256(content).hexdigest(): Upload(name, content) for name, content in files}
    for digest, upload in now.items():
        if digest not in seen and digest not in kept():
            try:
                cache.images.upload(upload.content, upload.name, preparation)
            except ImageError as error:
                states.error(str(error), title="This file cannot be used")
                continue
            if len(kept()) >= MOST:
                states.notice(f"At most {MOST} images are kept: remove one to add {upload.name}.")
                continue
            kept()[digest] = upload
            st.session_state[f"{prefix}_uploaded"] = digest
    st.session_state[f"_{prefix}_upload_seen"] = {digest for digest in now if digest in seen or digest in kept()}


def _remove(digest: str) -> None:
    kept().pop(digest, None)
