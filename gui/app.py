"""`nanoprobe gui`: the app from start to end."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from types import TracebackType

from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.desk import Desk
from gui.log_model import LogHandler
from gui.session import DEMO, DEMO_PACE
from gui.window import Window
from nanoprobe.siblings import check_siblings

_log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Open the window, run until it is closed, return the exit status."""
    options = _parse(argv)
    check_siblings("gui", "procedures", "drivers")
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setApplicationName("nanoprobe")
    app.setApplicationDisplayName("nanoprobe")
    theme.configure_plots()
    desk = Desk()
    handler = LogHandler(desk.session.mailbox, desk.log)
    logging.getLogger().addHandler(handler)
    window = Window(desk)
    _catch(window)
    window.show()
    desk.start()
    if options.bench:
        desk.session.open(options.bench, options.pace)
    try:
        return app.exec()
    finally:
        logging.getLogger().removeHandler(handler)
        window.leave()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("nanoprobe gui", description="the desktop app")
    parser.add_argument("--bench", default="", help=f"bench file to open at once, or '{DEMO}'")
    parser.add_argument("--pace", type=float, default=DEMO_PACE, help="simulated seconds per second of the demo bench")
    return parser.parse_args(list(argv))


def _catch(window: Window) -> None:
    """A fault in a part of the window is told, not a reason to end the app in the middle of a run."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        _log.error("a part of the window failed", exc_info=(kind, error, trace))
        window.desk.session.tell(f"a part of the window failed ({kind.__name__}: {error}); the run goes on", "error")

    sys.excepthook = tell
    signal.signal(signal.SIGINT, lambda *_: window.close())
    signal.signal(signal.SIGTERM, lambda *_: QApplication.quit())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
