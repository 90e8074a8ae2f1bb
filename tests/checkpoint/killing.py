"""Kills a saving process at every step it takes and at random instants, and looks at what is left.

A program of its own, for it forks: ``python -m tests.checkpoint.killing FOLDER KILLS [SEED]``. The model is in FOLDER/run/best.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from heedful.checkpoint import load, save
from tests.checkpoint.folders import make

STEPS = ("mkdir", "open", "fsync", "rename", "unlink", "rmdir", "scandir")


def forked(work: Callable[[], None]) -> int:
    """Does this in another process, whose number comes back."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def dying_at(instant: int) -> None:
    """From now on, this process dies before its step of this number."""
    taken = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == instant:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments, **options)

        return wrapped

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def at_every_step(best: Path) -> int:
    """Dies at step 1, 2, 3 ... of a save until a save survives. Says how many steps there were."""
    models = {update: make(update, training=False) for update in (1, 2)}
    for instant in range(1, 500):
        save(models[1], best)

        def work(instant: int = instant) -> None:
            dying_at(instant)
            save(models[2], best)

        _, status = os.waitpid(forked(work), 0)
        assert load(best).update in models
        assert load(best.parent).update in models
        if status == 0:
            assert load(best).update == 2
            return instant
    raise AssertionError("a save never ended")


def at_random(best: Path, kills: int, seed: int) -> None:
    """Dies anywhere in a loop of saves. A save that returned is never lost."""
    draw = random.Random(seed)
    models = [make(update) for update in range(8)]
    for model in models[:2]:
        save(model, best)
    for _ in range(kills):
        reading, writing = os.pipe()

        def work(writing: int = writing) -> None:
            count = 0
            while True:
                save(models[count % len(models)], best)
                os.write(writing, bytes([count % len(models)]))
                count += 1

        pid = forked(work)
        os.close(writing)
        done = os.read(reading, 1)
        time.sleep(draw.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while more := os.read(reading, 1 << 16):
            done += more
        os.close(reading)
        found = load(best, with_training=True).update
        assert found in (done[-1], (done[-1] + 1) % len(models)), f"found {found}, and {done[-1]} was done"
    save(models[0], best)
    assert sorted(path.name for path in best.parent.iterdir()) == ["best"], "something was left behind"


if __name__ == "__main__":
    torch.set_num_threads(1)  # threads do not survive a fork
    place = Path(sys.argv[1]) / "run" / "best"
    with mock.patch.object(os, "fsync"):  # slow, and for power cuts: what a killed process wrote is there all the same
        print("steps of a save:", at_every_step(place))
    at_random(place, int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
