"""Build the engine's library, as the installation does."""

from uncounted.engine.library import build

made = build()
print(
    "\n".join(str(path) for path in made)
    or "There is no C compiler here: install one, or the package ziglang."
)
