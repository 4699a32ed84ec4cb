"""Progress: one bar that says what is being done, and how long each stage took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress as Bars, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn


@dataclass
class Progress:
    """Stages shown one under another while they run; `seconds` keeps their wall times. Not shown: `Progress(show=False)`."""

    show: bool = True
    seconds: dict[str, float] = field(default_factory=dict)
    _bars: Bars | None = None

    @contextmanager
    def stage(self, what: str) -> Iterator["Stage"]:
        """Show `what` as running until the block ends; the Stage takes how far it is, from 0 to 1."""
        start, outermost = time.perf_counter(), self._bars is None
        if self._bars is None:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self._bars = Bars(*columns, console=Console(stderr=True), disable=not self.show)
            self._bars.start()
        task = self._bars.add_task(what, total=None)
        try:
            yield Stage(self._bars, task)
            self._bars.update(task, total=1.0, completed=1.0)
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start
            self._bars.stop_task(task)
            if outermost:
                self._bars.stop()
                self._bars = None


@dataclass(frozen=True)
class Stage:
    """One line of the progress bar."""

    bars: Bars
    task: int

    def at(self, share: float) -> None:
        """Say how far the stage is, 0 to 1."""
        self.bars.update(self.task, total=1.0, completed=min(share, 1.0))  # type: ignore[arg-type]
