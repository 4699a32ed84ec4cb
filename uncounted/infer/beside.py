"""Beside: work that a second process does while this one goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from loky import ProcessPoolExecutor


@contextmanager
def beside[**Given, Result](
    work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
) -> Iterator[Future[Result]]:
    """Do work(*given) in another process during the block; `result()` waits for it, and raises what it raised.

    Compiling a model keeps one core busy for a minute, and threads wait for each other in it. What goes there and comes
    back is copied. The process ends with the block, whether it has done its work or not.
    """
    executor = ProcessPoolExecutor(max_workers=1)
    try:
        yield executor.submit(work, *given, **named)
    finally:
        executor.shutdown(kill_workers=True)  # an orderly end prints what DuckDB's library leaks
