"""A model from elsewhere is loaded and run once in a process that can be ended, before it is trusted with this one."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from mri_batch.errors import ModelPackageError, MriBatchError
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.run.executors.local import START_LIMIT_S, end_with_parent, set_bounds, start_apart


def try_model(folder: Path, limit_s: float = START_LIMIT_S) -> None:
    """Load a package and run it on black. Raises ModelPackageError where it is refused, dies, or takes too long."""
    context = multiprocessing.get_context("spawn")
    answers, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(folder, theirs), daemon=True)
    start_apart(process)
    theirs.close()
    try:
        answer = answers.recv() if answers.poll(limit_s) else _refuse(f"not within {limit_s:.0f} s")
    except EOFError:
        answer = _refuse("its process died")
    finally:
        process.kill()
        process.join()
        answers.close()
    if answer is not None:
        raise answer


def _try(folder: Path, answers: Connection) -> None:
    set_bounds()
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        Session(read_package(folder), threads=1).try_out()
    except MriBatchError as error:
        answers.send(error)
    else:
        answers.send(None)


def _refuse(why: str) -> ModelPackageError:
    return ModelPackageError(f"the model cannot be loaded and run once ({why})", code="MODEL_UNLOADABLE")
