"""Survey microdata: files, declared design, direct estimates, family networks."""
