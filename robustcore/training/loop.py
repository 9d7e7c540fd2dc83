"""The one training loop; every intervention runs through it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from robustcore import devices
from robustcore.errors import RobustcoreError, TrainingError, UnknownNameError
from robustcore.models.classifier import Classifier
from robustcore.randomness import Draws, stable_hash
from robustcore.training import state as states
from robustcore.training.data import TrainingSet, flip_and_shift
from robustcore.training.interventions import Intervention, Outcome, Step
from robustcore.training.recipe import Recipe
from robustcore.training.state import TrainingState

PRECISIONS = ("auto", "float32", "bfloat16")
_GPU_CHECK = 10  # steps between reading the loss on a GPU, because reading waits for the GPU


@dataclasses.dataclass(frozen=True)
class Progress:
    """The progress of a training after a step.

    Attributes:
        epoch, epochs: the current epoch, from 1, and their number.
        step, steps: finished steps of the whole training, and their number.
        loss, accuracy: means over this epoch's batches so far, as the network saw them.
        images_per_second: over this epoch so far.
        seconds_left: to the end of the training.
        learning_rate: of this step.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float
    seconds_left: float
    learning_rate: float

    @property
    def ends_epoch(self) -> bool:
        """Whether this step was its epoch's last."""
        return self.step * self.epochs == self.epoch * self.steps


def pick_precision(precision: str, device: torch.device) -> str:
    """The precision by name; "auto" is bfloat16 (autocast) where the device computes faster in it, else float32."""
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if device.type == "cpu" and _cpu_has_bfloat16() else "float32"


def _cpu_has_bfloat16() -> bool:
    """Whether the processor has instructions for it; elsewhere it is emulated, and slower than float32."""
    with contextlib.suppress(OSError):
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    return False


def train(
    recipe: Recipe,
    model: Classifier,
    data: TrainingSet,
    *,
    device: torch.device | str | None = "auto",
    precision: str = "auto",
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    state: Path | None = None,
    resume: bool = False,
    inputs: Mapping[str, str] | None = None,
    stage: Callable[[str, int, int], None] | None = None,
    validate: Callable[[Classifier], float] | None = None,
) -> TrainingState:
    """Train a classifier in place; it ends in evaluation mode, on the device.

    On a CPU, equal arguments, torch versions and thread counts give equal weights, bit for bit, interrupted or not.

    Args:
        recipe: what to do.
        model: with the weights that the training starts from.
        data: the images; their classes are the model's.
        device, precision: where and in which arithmetic; see `devices.pick` and `pick_precision`.
        progress: called after every step (on a GPU after every tenth, and at an epoch's end).
        cancelled: called before every step; the training stops when it returns True.
        state: file for the state after each epoch; the caller removes it after saving the finished model.
        resume: continue from that file if it exists and belongs to this recipe, data and inputs.
        stage: called while the intervention makes training images: activity, images done, images.
        inputs: name -> fingerprint of the training's inputs besides the data; see `TrainingState`.
        validate: the model, in evaluation mode -> its validation accuracy, 0 .. 1; called after each epoch.

    Raises:
        TrainingError: the training was cancelled, the loss became non-finite, the state cannot be written or used, or the
            model and the data have different classes.
    """
    if len(model.card.classes) != len(data.classes):
        raise TrainingError(f"The model has {len(model.card.classes)} classes, but the data has {len(data.classes)}.")
    where = devices.pick(device)
    precision = pick_precision(precision, where)
    threads = torch.get_num_threads()
    made_with = f"{precision} on {where.type}, {threads} thread{'s' if threads != 1 else ''}"
    standing = TrainingState(recipe.key(), data.fingerprint, made_with=made_with, inputs=dict(inputs or {}))
    intervention = recipe.make()
    model.to(where).to(memory_format=torch.channels_last)
    optimizer = _optimizer(recipe, model)
    if resume and state is not None:
        saved = states.peek(state)
        if saved is not None and saved.continues(standing):
            states.restore(state, model, optimizer)
            standing = dataclasses.replace(saved, made_with=_joined(saved.made_with, made_with), inputs=standing.inputs)
    count = None if stage is None else functools.partial(stage, f"making the images of {intervention.name}")
    data = intervention.prepare(data, seed=recipe.seed, device=where, count=count).to(where)
    run = _Run(recipe, intervention, model, optimizer, data, precision, progress, cancelled)
    for epoch in range(standing.epochs + 1, recipe.epochs + 1):
        if recipe.ends_early(standing.held_out_accuracies):
            break
        run = dataclasses.replace(run, accuracies=tuple(standing.training_accuracies))
        began = time.perf_counter()
        try:
            with _own_generator(recipe.seed, epoch, where):
                loss, accuracy = run.epoch(epoch)
        except (RuntimeError, MemoryError) as error:
            if not devices.is_out_of_memory(error):
                raise
            raise TrainingError(
                f"The memory of the device {where} has no room for a step with {run.batch} images of {data.images.shape[-1]} "
                "pixels a side. Train with a smaller --batch (and --lr in proportion), or a smaller --side."
            ) from error
        values, unmeasured = [loss, accuracy], None
        if validate is not None:
            model.eval()
            try:
                values.append(validate(model))
            except RobustcoreError as error:  # an image that cannot be decoded, say: the epoch is kept first
                unmeasured = error
        standing = dataclasses.replace(
            standing,
            epochs=epoch,
            history=(*standing.history, tuple(round(value, 6) for value in values)),
            seconds=round(standing.seconds + time.perf_counter() - began, 3),
        )
        if state is not None:
            states.save(state, standing, model, optimizer)
        if unmeasured is not None:
            kept = "" if state is None else f" {epoch} of {recipe.epochs} epochs are kept: go on with --resume."
            raise TrainingError(f"{unmeasured}{kept}") from unmeasured
    model.to(memory_format=torch.contiguous_format)
    model.eval()
    return standing


@dataclasses.dataclass(frozen=True)
class _Run:
    """What all epochs of a training share."""

    recipe: Recipe
    intervention: Intervention
    model: Classifier
    optimizer: torch.optim.Optimizer
    data: TrainingSet
    precision: str
    progress: Callable[[Progress], None] | None
    cancelled: Callable[[], bool] | None
    accuracies: tuple[float, ...] = ()  # of the finished epochs, on the training batches

    @property
    def batch(self) -> int:
        return min(self.recipe.batch, len(self.data))

    @property
    def steps(self) -> int:
        """Steps of one epoch; an incomplete last batch is dropped."""
        return len(self.data) // self.batch

    def rate(self, epoch: int, number: int) -> float:
        """The learning rate of an epoch's step, both from 1."""
        step, steps = (epoch - 1) * self.steps + number - 1, self.steps * self.recipe.epochs
        return self.recipe.learning_rate_at(step, steps, self.accuracies)

    def epoch(self, epoch: int) -> tuple[float, float]:
        """One pass through the data: mean loss and accuracy of its batches."""
        self.model.train()
        check_every = _GPU_CHECK if self.model.device.type != "cpu" else 1
        waiting: list[Tensor] = []  # (loss, share of correct answers) of the steps since the last check
        loss, correct, began = 0.0, 0.0, time.perf_counter()
        for number, chosen in enumerate(self.data.batches(self.batch, seed=self.recipe.seed, epoch=epoch), start=1):
            if self.cancelled is not None and self.cancelled():
                raise TrainingError(f"The training was cancelled in epoch {epoch} of {self.recipe.epochs}.")
            waiting.append(self.step(chosen, epoch, number))
            if len(waiting) < check_every and number < self.steps:
                continue
            values = torch.stack(waiting).tolist()
            for at, (step_loss, _) in enumerate(values, start=number - len(values) + 1):
                if not math.isfinite(step_loss):
                    raise self.diverged(epoch, at)
            loss, correct = loss + sum(v[0] for v in values), correct + sum(v[1] for v in values)
            waiting.clear()
            if self.progress is not None:
                speed = number * self.batch / (time.perf_counter() - began)
                self.progress(self.progress_at(epoch, number, loss / number, correct / number, speed))
        # The last update may have made weights non-finite, which no later loss would show.
        if not all(bool(p.isfinite().all()) for p in self.model.parameters()):
            raise self.diverged(epoch, self.steps)
        return loss / self.steps, correct / self.steps

    def step(self, chosen: Tensor, epoch: int, number: int) -> Tensor:
        """One update with the chosen images: (loss, share of correct answers), on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(epoch, number)
        device, recipe = self.model.device, self.recipe
        ids = self.data.ids[chosen]
        images = self.data.images[chosen.to(self.data.images.device)].to(device)
        draws = Draws(recipe.seed, "training:flip_and_shift", ids, epoch=epoch, device=device)
        images = flip_and_shift(images, draws, flip=recipe.flip, shift=recipe.shift)
        labels = self.data.labels[chosen].to(device)
        index = (epoch - 1) * self.steps + number - 1
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            outcome = self.intervention.loss(Step(self.model, images, labels, ids, epoch, index, recipe.seed))
        self.optimizer.zero_grad(set_to_none=True)
        outcome.loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return torch.stack([outcome.loss.detach().float(), _share_correct(outcome)])

    def progress_at(self, epoch: int, number: int, loss: float, accuracy: float, speed: float) -> Progress:
        done, steps = (epoch - 1) * self.steps + number, self.steps * self.recipe.epochs
        seconds_left = (steps - done) * self.batch / speed
        return Progress(
            epoch, self.recipe.epochs, done, steps, loss, accuracy, speed, seconds_left, self.rate(epoch, number)
        )

    def diverged(self, epoch: int, number: int) -> TrainingError:
        return TrainingError(
            f"The training stopped at step {number} of {self.steps} in epoch {epoch}: the loss is not a finite number any "
            f"more, at a learning rate of {self.rate(epoch, number):.3g}. Choose a smaller greatest learning rate than "
            f"{self.recipe.learning_rate:g} (--lr) or, if the intervention attacks the batch, a milder setting."
        )


def _optimizer(recipe: Recipe, model: Classifier) -> torch.optim.Optimizer:
    """SGD or Adam; weight decay on weights (two axes or more) alone."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=recipe.learning_rate)
    nesterov = recipe.nesterov and recipe.momentum > 0
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=nesterov)


@contextlib.contextmanager
def _own_generator(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generator (used by dropout) by seed and epoch, and restore it afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(stable_hash(f"training:{seed}:{epoch}"))
        yield


def _share_correct(outcome: Outcome) -> Tensor:
    labels = outcome.labels if outcome.labels.ndim == 1 else outcome.labels.argmax(1)
    return (outcome.logits.detach().argmax(1) == labels).float().mean()


def _joined(before: str, now: str) -> str:
    return before if now in before else f"{before}; {now}"
