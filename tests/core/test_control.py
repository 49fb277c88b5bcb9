import threading

from nanoprobe.control import RunControl


def test_every_abort_is_handled_once_while_the_run_thread_lives() -> None:
    control, release = RunControl(), threading.Event()
    worker = threading.Thread(target=release.wait, args=(10,))
    worker.start()
    handled = []

    def on_abort() -> None:
        handled.append(control.aborts)
        if len(handled) < 2:
            control.abort("again")
        else:
            release.set()

    control.abort("first")
    control.watch(worker, on_abort)
    assert handled == [1, 2]
    assert control.reason == "first"


def test_an_abort_wakes_a_paused_run() -> None:
    control = RunControl()
    control.pause()
    waiting = threading.Thread(target=control.wait_while_paused)
    waiting.start()
    control.abort()
    waiting.join(10)
    assert not waiting.is_alive()
    assert control.aborted
