"""Models to the forms that other runtimes run."""
