"""`wistia-elt`, and `python -m flows`."""

from __future__ import annotations

from ingestion.config.signals import stoppable


def main() -> None:
    """Run the command line, which a signal may end from its first moment on."""
    with stoppable():
        from flows.cli.main import main as run  # noqa: PLC0415 - a second in which Ctrl-C may come

        run()


if __name__ == "__main__":
    main()
