"""Promises of a scan, each with a change that breaks it and the tests that must notice."""

from __future__ import annotations

from typing import NamedTuple

RAISES = "        raise cannot_write(final, error) from error\n    finally:\n"


class Mutant(NamedTuple):
    """A promise, the line that keeps it, the line that breaks it, and tests of which one must fail."""

    promise: str
    file: str
    kept: str
    broken: str
    tests: str


MUTANTS = (
    Mutant(
        "reading goes on while the model runs",
        "run/inference.py",
        "in prefetch(_iter_prepared(decoder, session)):",
        "in _iter_prepared(decoder, session):",
        "tests/run/test_inference.py",
    ),
    Mutant(
        "packing uses all of a worker's threads",
        "prefetch.py",
        "    if threads == 1:",
        "    if threads:",
        "tests/test_prefetch.py",
    ),
    Mutant(
        "a worker loads its model once",
        "run/executors/local.py",
        "channel.send(process(channel.recv(), settings, model))",
        "channel.send(process(channel.recv(), settings, load_worker_model(settings.model)))",
        "tests/run/executors/test_local.py",
    ),
    Mutant(
        "cores are never oversubscribed",
        "run/executors/local.py",
        "max(1, usable_cores() // settings.jobs)",
        "max(1, usable_cores())",
        "tests/run/test_memory.py",
    ),
    Mutant(
        "batches shrink with the size of pictures",
        "model/session.py",
        "max(1, min(batch_size, batch_size * 224 * 224 // (p.rows * p.cols)))",
        "batch_size",
        "tests/run/test_memory.py",
    ),
    Mutant(
        "batches shrink where memory runs out",
        "model/session.py",
        "batch = self._halve(batch)",
        "batch = self._halve(1)",
        "tests/run/test_memory.py",
    ),
    Mutant(
        "memory is flat in the number of studies",
        "run/executors/local.py",
        "source, loaded = iter(jobs), False",
        "source, loaded = iter(list(jobs)), False",
        "tests/run/executors/test_local.py",
    ),
    Mutant(
        "memory is bounded in the slices of a study",
        "run/inference.py",
        "self.fits = self.fits and self._room_bytes >= 0",
        "self.fits = True",
        "tests/run/test_inference.py",
    ),
    Mutant(
        "memory is bounded in the series of a study",
        "run/study.py",
        "room_bytes = KEPT_BYTES - sum(each.kept_bytes for each in inferences)\n        inferences",
        "room_bytes = KEPT_BYTES\n        inferences",
        "tests/run/test_inference.py",
    ),
    Mutant(
        "memory is bounded in the frames of an object",
        "read/decode/frames.py",
        "    if raw is None or syntax_of(dataset) not in _IN_PLACE:",
        "    if raw or True:",
        "tests/read/decode/test_frames.py",
    ),
    Mutant(
        "a worker that dies loses one study",
        "run/executors/local.py",
        'return self._lose("WORKER_DIED"',
        'raise RuntimeError("WORKER_DIED"',
        "tests/run/executors/test_local.py",
    ),
    Mutant(
        "a study that hangs is stopped",
        "run/executors/local.py",
        "self._team.clock.read() - self.since > limit\n",
        "self._team.clock.read() - self.since > 1000 * limit\n",
        "tests/run/executors/test_local.py -k hangs",
    ),
    Mutant(
        "a worker's memory is bounded",
        "run/executors/worker.py",
        "else memory_mb << 20",
        "else memory_mb << 30",
        "tests/run/test_memory.py",
    ),
    Mutant(
        "a decoder's panic is one file's fate",
        "read/file_errors.py",
        'if type(error).__name__ != "PanicException":',
        "if error:",
        "tests/read/test_hostile.py",
    ),
    Mutant(
        "a worker ends with its scan",
        "run/executors/worker.py",
        "        os._exit(1)\n\n\ndef set_bounds",
        "        return\n\n\ndef set_bounds",
        "tests/run/executors/test_local.py",
    ),
    Mutant(
        "nothing is done twice",
        "run/scan.py",
        "pending=key not in journal",
        "pending=True",
        "tests/run/test_scan.py",
    ),
    Mutant(
        "nothing is lost on resuming",
        "run/store/journal.py",
        "        return key in self._keys\n",
        "        return bool(self._keys)\n",
        "tests/run/test_scan.py -k interrupted",
    ),
    Mutant(
        "the key tells changed files",
        "run/store/journal.py",
        "{file.relative}\\0{file.size_bytes}\\0{file.modified_ns}\\n",
        "{file.relative}\\n",
        "tests/run/store/test_journal.py",
    ),
    Mutant(
        "the key tells another model",
        "run/store/journal.py",
        "hashlib.sha256(model_sha256.encode())",
        "hashlib.sha256()",
        "tests/run/store/test_journal.py",
    ),
    Mutant(
        "the key tells other settings",
        "run/store/journal.py",
        "    digest.update(json.dumps(settings.answer_fields(), sort_keys=True).encode())\n",
        "",
        "tests/run/store/test_journal.py",
    ),
    Mutant(
        "a torn line of the journal is left out",
        "run/store/journal.py",
        '        if not line.endswith(b"\\n"):\n            break\n',
        "",
        "tests/run/store/test_journal.py",
    ),
    Mutant(
        "no partial file under a final name",
        "files.py",
        "    part = part_of(final)\n    try:\n        yield part\n",
        "    part = final\n    try:\n        yield part\n",
        "tests/test_files.py",
    ),
    Mutant(
        "no partial folder under a final name",
        "files.py",
        "    part = part_of(final)\n    try:\n        shutil",
        "    part = final\n    try:\n        shutil",
        "tests/test_files.py",
    ),
    Mutant(
        "a file is on the disk before it has its name",
        "files.py",
        "        yield part\n        _sync(part)\n",
        "        yield part\n",
        "tests/test_files.py",
    ),
    Mutant(
        "a folder's files are on the disk before it has its name",
        "files.py",
        "            if path.is_file():\n                _sync(path)\n",
        "            pass\n",
        "tests/test_files.py",
    ),
    Mutant(
        "a study is in the journal after its folder is in place",
        "run/store/journal.py",
        "                os.fsync(stream.fileno())\n",
        "",
        "tests/test_files.py",
    ),
    Mutant(
        "no success for work not done",
        "files.py",
        RAISES + "        shutil",
        "        pass\n    finally:\n        shutil",
        "tests/test_files.py",
    ),
    Mutant(
        "a disk that fails at the last call is told",
        "run/scan.py",
        "        remove_work(out)  # before",
        "        # before",
        "tests/tools/test_faults.py",
    ),
    Mutant(
        "a shard has its part alone",
        "run/scan.py",
        "        if number % of == shard - 1:",
        "        if number % of <= shard - 1:",
        "tests/run/test_scan.py",
    ),
    Mutant(
        "shards leave nothing out",
        "run/scan.py",
        "    if settings.shard[0] == 1:",
        "    if settings.shard[0] == 9:",
        "tests/run/test_scan.py",
    ),
    Mutant(
        "a study that hangs on a cluster is stopped",
        "run/executors/dask.py",
        "    timer.start()\n",
        "",
        "tests/run/executors/test_dask.py -k hangs",
    ),
    Mutant(
        "a cluster's answers are the local ones",
        "run/executors/dask.py",
        "        for job in jobs:\n",
        "        for job in list(jobs)[1:]:\n",
        "tests/run/executors/test_dask.py -k local",
    ),
    Mutant(
        "the listing order changes nothing",
        "read/find/walk.py",
        "entries = sorted(listing, key=lambda entry: entry.name)",
        "entries = list(listing)",
        "tests/run/test_determinism.py",
    ),
    Mutant(
        "the hash seed changes nothing",
        "run/store/journal.py",
        "hashlib.sha256(model_sha256.encode())",
        "hashlib.sha256(str(hash(model_sha256)).encode())",
        "tests/run/test_determinism.py",
    ),
    Mutant(
        "the number of workers changes nothing",
        "run/scan.py",
        "    return [study_id for study_id, key in plan.iter_keys() if key in journal]",
        "    return list(journal._entries)",
        "tests/run/test_determinism.py tests/run/test_scan.py",
    ),
    Mutant(
        "the help loads no library",
        "cli/__init__.py",
        "import click\n",
        "import click\nimport numpy\n",
        "tests/test_house.py",
    ),
    Mutant(
        "a study whose folder is gone is done again",
        "run/store/settled.py",
        "all((out / name).is_file() for name in files)",
        "all(files)",
        "tests/run/test_scan.py -k not_whole",
    ),
    Mutant(
        "a failure that may pass is tried again",
        "run/store/settled.py",
        "return not any(file.file_id in read and _may_pass(file)",
        "return not any(file.file_id not in read and _may_pass(file)",
        "tests/run/test_scan.py -k may_pass",
    ),
    Mutant(
        "a stop of the scan does not count as time",
        "run/executors/local.py",
        "min(now - self._last, _LONGEST_STEP_S)",
        "now - self._last",
        "tests/run/executors/test_local.py -k clock",
    ),
    Mutant(
        "folders are walked within a bound",
        "read/find/walk.py",
        "if len(levels) > limits.max_folder_depth:",
        "if len(levels) > 10 * limits.max_folder_depth:",
        "tests/read/find/test_walk.py",
    ),
    Mutant(
        "a journal of somebody else is not ours",
        "run/store/journal.py",
        "return first == HEADER or bool(_read(first)[0])",
        "return True",
        "tests/run/store/test_folder.py",
    ),
    Mutant(
        "a dead holder gives way",
        "run/store/lock.py",
        "return not locked and _runs(holder)",
        "return _runs(holder)",
        "tests/run/store/test_lock.py",
    ),
    Mutant(
        "one scan at a time holds a folder",
        "run/store/lock.py",
        "            return False\n        raise",
        "            return True\n        raise",
        "tests/run/store/test_lock.py",
    ),
    Mutant(
        "results of a stranger stay in their folder",
        "run/scan.py",
        "            if result.study_id != study_id:",
        "            if not result.study_id:",
        "tests/run/test_scan.py -k stranger",
    ),
)
