"""Second: a process that works while this one goes on."""

from collections.abc import Callable
from concurrent.futures import Future
from importlib import import_module
from types import TracebackType

from loky import ProcessPoolExecutor


class Second:
    """A second process, which runs from its first work to the end of the block, even if
    the work is not done.

    Compiling a model keeps one core busy for half a minute, and threads wait for each
    other during it. Arguments and results are copied between the processes.
    """

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Second":
        return self

    def __exit__(
        self,
        *_: type[BaseException] | BaseException | TracebackType | None,
    ) -> None:
        if self._executor is not None:
            # An orderly end prints what DuckDB's library leaks.
            self._executor.shutdown(kill_workers=True)

    def prepare(self, module: str) -> None:
        """Import a module in the process, which takes seconds, before it has work."""
        self.do(import_module, module)

    def do[**Arguments, Result](
        self,
        work: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """Do work(*args, **kwargs) in the process, after its earlier work.

        `result()` waits for the work, and raises the error that the work raised.
        """
        if self._executor is None:
            self._executor = ProcessPoolExecutor(max_workers=1)
        return self._executor.submit(work, *args, **kwargs)
