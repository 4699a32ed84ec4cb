"""Second: a process that works while this one goes on."""

from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module
from types import TracebackType

from loky import ProcessPoolExecutor


class Second:
    """A second process, from the first work that it is given to the end of the block,
    whether it has done it or not.

    Compiling a model keeps one core busy for half a minute, and threads wait for each
    other in it. What goes there and comes back is copied.
    """

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Second":
        return self

    def __exit__(
        self, *_: type[BaseException] | BaseException | TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(
                kill_workers=True
            )  # an orderly end prints what DuckDB's library leaks

    def prepare(self, module: str) -> None:
        """Have it import a module, which takes seconds, before there is work for it."""
        self.do(import_module, module)

    def do[**Given, Result](
        self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
    ) -> Future[Result]:
        """Do work(*given) there, after what it was given before; `result()` waits, and
        raises what it raised.
        """
        if self._executor is None:
            self._executor = ProcessPoolExecutor(max_workers=1)
        return self._executor.submit(work, *given, **named)
