"""Build the engine's library, as the installation does."""

from uncounted.engine.library import build

NO_COMPILER = "There is no C compiler here: install one, or the package ziglang."
files = build()
print("\n".join(map(str, files)) if files else NO_COMPILER)
