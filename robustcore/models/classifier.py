"""Classifier: a network that takes pixels in [0, 1], and the card that says what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustcore import arguments, outputs
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.images.preparation import Preparation
from robustcore.models import reach

SIDES = range(8, 4097)  # that a network's input may have


@dataclasses.dataclass(frozen=True)
class Card:
    """What a model is and where it comes from; stored in its checkpoint.

    Attributes:
        name: its name for `load_model`, e.g. "scenes/resnet-standard".
        classes: class names in the order of the logits.
        side: input side in pixels; images of other sizes are resized to it (bilinear, antialiased).
        dataset: its training dataset, e.g. "scenes".
        intervention: its training intervention, e.g. "standard".
        architecture: e.g. "scenes/resnet" or "torchvision/resnet50".
        preparation: how the publishers of the weights prepared images; None where nothing is said, as for networks trained
            here.
        recipe: everything needed to repeat the training, and the versions used; JSON values.
    """

    name: str
    classes: tuple[str, ...]
    side: int
    dataset: str
    intervention: str = "standard"
    architecture: str = ""
    recipe: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    preparation: Preparation | None = None
    # Of a classifier inside another network, what its card says to the forward pass: see `robustcore.models.reach`.
    reaches: ClassVar[tuple[str, ...]] = ("classes", "side", "architecture")

    def __post_init__(self) -> None:
        rule = "A card's classes are names, in the order of the logits"
        if arguments.is_name(self.classes):
            raise arguments.refuse(rule, self.classes)
        classes = tuple(str(arguments.scalar(each)) for each in arguments.several(self.classes, rule))
        side = arguments.whole(
            self.side, f"A card's input side is {SIDES[0]} to {SIDES[-1]} pixels", low=SIDES[0], high=SIDES[-1]
        )
        if isinstance(self.preparation, Mapping):  # as JSON has it
            object.__setattr__(self, "preparation", Preparation(**self.preparation))
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "side", side)

    @property
    def own_preparation(self) -> Preparation:
        """How an evaluation prepares the images of files for the model: as its publishers did it, else resized to its input side,
        so that corruptions have the size in which the network sees them."""
        return self.preparation or Preparation(self.side, self.side)

    def to_json(self) -> str:
        """One line, keys sorted."""
        fields = dataclasses.asdict(self)
        if self.preparation is None:
            del fields["preparation"]
        else:
            fields["preparation"] = self.preparation.to_dict()
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The inverse of `to_json`; invalid text raises a `ModelError`, unknown fields are ignored."""
        try:
            fields = json.loads(text)
            if not all(isinstance(each, str) for each in fields.get("classes", ())):
                raise ModelError("The model's card cannot be read: its classes are not texts.")
            names = {f.name for f in dataclasses.fields(cls)}
            card = cls(**{key: value for key, value in fields.items() if key in names})
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(f"The model's card cannot be read ({error}).") from error
        texts = (card.name, card.dataset, card.intervention, card.architecture)
        if not all(isinstance(t, str) for t in texts) or not isinstance(card.recipe, Mapping):
            raise ModelError("The model's card cannot be read: its names are not texts or its recipe is not a table.")
        return card


class Classifier(nn.Module):
    """A network over [0, 1] images that owns resizing and normalisation, so an attack's eps is in pixels.

    Args:
        network: (N, 3, side, side) normalised -> (N, K) logits.
        card: its description.
        mean, std: per-channel normalisation.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        card: Card,
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> None:
        super().__init__()
        self.network = network
        self.card = card
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1))
        self.plugin = ""  # SHA-256 of the .py files of the plug-in that it comes from
        self._cached_fingerprint: tuple[str, str] | None = None
        self._unreadable: tuple[str, ...] = ()
        self._nonce = uuid.uuid4().hex

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mean.device

    def rename(self, name: str) -> Classifier:
        """Change the name in place and return this classifier; the name is not part of the fingerprint."""
        self.card = dataclasses.replace(self.card, name=name)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """float32 (N, 3, H, W) in [0, 1], or uint8 0..255 -> float32 (N, K) logits."""
        if x.ndim != 4 or x.shape[1] != 3:
            raise InvalidArgumentError(f"A classifier takes images of shape (N, 3, H, W), not {tuple(x.shape)}.")
        if x.dtype == torch.uint8:
            x = x.to(torch.float32).div_(255)
        if x.shape[-2:] != (self.card.side, self.card.side):
            x = F.interpolate(x, (self.card.side, self.card.side), mode="bilinear", antialias=True, align_corners=False)
        mean, std = self.mean, self.std
        if x.is_contiguous(memory_format=torch.channels_last) and x.device.type == "cpu":
            # Broadcasting three alternating values is slow in this layout; a full-size tensor is fast.
            mean, std = (v.expand(1, *x.shape[1:]).contiguous(memory_format=torch.channels_last) for v in (mean, std))
        # A network with weights of another type than its card's normalisation takes images of that type.
        x = (x - mean).div_(std)
        if not torch.is_autocast_enabled(x.device.type):
            x = x.to(outputs.dtype_of(self.network))
        return outputs.logits_of(self.network(x), len(x)).float()

    def fingerprint(self) -> str:
        """SHA-256 over everything that decides its answers: two classifiers of one fingerprint compute the same.

        That is the architecture, the preprocessing, the classes and every weight; and for a network that differs in anything
        else from what its architecture builds, all that its forward pass can reach (`robustcore.models.reach`). The same on
        every device. It is computed once, and again only when something of this has changed. A network that cannot be read
        whole has a fingerprint of its own in every process, so that no results are shared: `unreadable` says why.
        """
        now = reach.describe(self, state=reach.version, other=reach.version).digest
        if self._cached_fingerprint is None or self._cached_fingerprint[0] != now:
            state = sorted((k, v) for k, v in self.state_dict().items() if isinstance(v, Tensor))
            fingerprint, self._unreadable = self._hash(state), ()
            if not self._is_as_built():
                reached = reach.describe(self)
                self._unreadable = reached.unreadable
                own = f" {self._nonce}" if reached.unreadable else ""
                fingerprint = hashlib.sha256(f"{fingerprint} {reached.digest}{own}".encode()).hexdigest()
            self._cached_fingerprint = now, fingerprint
        return self._cached_fingerprint[1]

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What of the network cannot be read, in words, so that its results are not shared; () where all can."""
        self.fingerprint()
        return self._unreadable

    def _is_as_built(self) -> bool:
        """Whether nothing but the weights tells the network from what its architecture builds today."""
        if type(self) not in _READ_WHOLE or self._forward_hooks or self._forward_pre_hooks:
            return False
        if (
            set(vars(self)) - _OWN_ATTRIBUTES
            or set(self._modules) != {"network"}
            or set(self._buffers) != {"mean", "std"}
        ):
            return False
        here = reach.describe(self.network, state=reach.kind_only)
        if here.unreadable:
            return False
        return any(
            reach.describe(network, state=reach.kind_only).digest == here.digest
            for network in reach.built_anew(self.card.architecture, len(self.card.classes))
        )

    def _hash(self, state: list[tuple[str, Tensor]]) -> str:
        digest = hashlib.sha256()
        digest.update(json.dumps([self.card.architecture, self.card.side, list(self.card.classes)]).encode())
        # Our own networks have a revision; for others the repr covers strides and activations.
        revision = getattr(self.network, "revision", None)
        digest.update(f"revision {revision}".encode() if revision is not None else repr(self.network).encode())
        if self.plugin:
            digest.update(f"plugin {self.plugin}".encode())
        for key, value in state:
            digest.update(f"{key}:{value.dtype}:{tuple(value.shape)}".encode())
            for part in reach.dense(value.detach()):
                digest.update(part.to("cpu").contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()


# Classes whose own forward pass is in `_hash`, and the attributes that they have.
_READ_WHOLE: set[type[Classifier]] = {Classifier}
_OWN_ATTRIBUTES = {*vars(nn.Module()), "card", "plugin", "_cached_fingerprint", "_unreadable", "_nonce", "defence"}
