"""Load and run a model from elsewhere once in a process of its own, before this process is trusted with it."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from mri_batch.errors import ModelPackageError, MriBatchError
from mri_batch.run.executors.local import START_LIMIT_S, start_isolated
from mri_batch.run.executors.worker import load_worker_model, prepare_process


def try_model(folder: Path, limit_s: float = START_LIMIT_S) -> None:
    """Load a package and run it on black. Raises ModelPackageError where it is refused, dies, or takes too long."""
    context = multiprocessing.get_context("spawn")
    answers, sender = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(folder, sender), daemon=True)
    start_isolated(process)
    sender.close()
    try:
        answer = answers.recv() if answers.poll(limit_s) else _unloadable(f"not within {limit_s:.0f} s")
    except EOFError:
        answer = _unloadable("its process died")
    finally:
        process.kill()
        process.join()
        answers.close()
    if answer is not None:
        raise answer


def _try(folder: Path, answers: Connection) -> None:
    prepare_process()
    try:
        load_worker_model(folder)
    except MriBatchError as error:
        answers.send(error)
    else:
        answers.send(None)


def _unloadable(reason: str) -> ModelPackageError:
    return ModelPackageError(f"the model cannot be loaded and run once ({reason})", code="MODEL_UNLOADABLE")
