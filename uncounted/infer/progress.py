"""Progress: a bar for each stage of the work, with the time that it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars

from uncounted.glance import outline


def _bars(show: bool) -> Bars:
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(20),
        TimeElapsedColumn(),
    )
    return Bars(
        *columns,
        console=Console(stderr=True),
        disable=not show,
    )


@dataclass(frozen=True)
class Stage:
    """One line of the bar."""

    bars: Bars
    task: TaskID

    def at(self, share: float) -> None:
        """Show which share of the stage is done, 0 to 1."""
        self.bars.update(self.task, total=1.0, completed=min(share, 1.0))


@dataclass
class Progress:
    """Stages shown one under another as they run; `seconds` keeps their wall times.

    Progress(show=False) is silent.
    """

    show: bool = True
    seconds: dict[str, float] = field(default_factory=dict)
    bars: Bars | None = None

    __repr__ = outline

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep one display for all stages within the block."""
        if self.bars is not None:
            yield
            return
        self.bars = _bars(self.show)
        try:
            with self.bars:
                yield
        finally:
            self.bars = None

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """Show a stage as running until the block ends."""
        start = time.perf_counter()
        with self.shown():
            assert self.bars is not None
            task = self.bars.add_task(title, total=None)
            yield Stage(self.bars, task)
            self.bars.update(task, total=1.0, completed=1.0)
        earlier = self.seconds.get(title, 0.0)
        self.seconds[title] = earlier + time.perf_counter() - start
