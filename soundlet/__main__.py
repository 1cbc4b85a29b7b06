"""`python -m soundlet` is the `soundlet` command."""

from soundlet.cli import app

if __name__ == "__main__":
    app(prog_name="soundlet")
