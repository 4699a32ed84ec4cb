"""Charts and maps of estimates, surveys and checks."""
