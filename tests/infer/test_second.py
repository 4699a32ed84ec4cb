"""Second: another process works while this one goes on, and its faults come back as
they were.
"""

import os
import time
from contextlib import nullcontext

import pytest

from uncounted.errors import UncountedError
from uncounted.infer.second import Second


def test_work_is_done_by_another_process():
    with Second() as second:
        second.prepare("decimal")
        first, other = second.do(os.getpid), second.do(os.getpid)
        assert first.result() == other.result() != os.getpid()


def test_a_sentence_comes_back_as_it_was():
    def refuse() -> None:
        raise UncountedError("There is no age '0-3'.", "ages")

    with (
        Second() as second,
        pytest.raises(UncountedError, match="no age '0-3'") as found,
    ):
        second.do(refuse).result()
    assert found.value.word == "ages"


@pytest.mark.parametrize("fails", [False, True])
def test_the_process_ends_with_the_block(fails):
    def block() -> None:
        with Second() as second:
            processes.append(second.do(os.getpid).result())
            if fails:
                raise KeyboardInterrupt

    processes: list[int] = []
    with pytest.raises(KeyboardInterrupt) if fails else nullcontext():
        block()
    until = time.monotonic() + 10
    while lives(processes[0]):
        assert time.monotonic() < until
        time.sleep(0.05)


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
