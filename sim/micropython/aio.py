# SPDX-License-Identifier: Apache-2.0
# asyncio.run() and its relatives. This build's asyncio is stepped by timers of JavaScript, which
# never fire while the interpreter has the thread; here it is stepped as a board does it, by the
# one who called run().
import asyncio
from asyncio import core
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

# with no task to wake a board waits for a stream or an interrupt; here only one can come
_IDLE_MS = 1000

_due = None


class _Finished(BaseException):
    pass


def _schedule(dt):
    global _due
    _due = ticks_add(ticks_ms(), int(dt))


# Called by core when the task that run() waits for has ended, whatever others there are.
def _finish(task, result):
    task.state = False
    task.data = result
    raise _Finished


def _step():
    global _due
    while _due is None:
        sleep_ms(_IDLE_MS)
    wait = ticks_diff(_due, ticks_ms())
    if wait > 0:
        sleep_ms(wait)
    _due = None
    core._run_iter()


def _run_until_complete(awaitable):
    task = core._promote_to_task(awaitable)
    if not task.done():
        task.state = _finish
        try:
            while True:
                _step()
        except _Finished:
            if core._task_queue.peek():
                _schedule(0)  # the others go on at the next run()
        finally:
            core.cur_task = core._top_level_task
    if isinstance(task.data, StopIteration):
        return task.data.value
    raise task.data


def _run(coro):
    return _run_until_complete(core.create_task(coro))


def _run_forever():
    while True:
        _step()


def prepare():
    core._schedule_run_iter = _schedule
    core.new_event_loop()
    asyncio.run = core.run = _run
    core.Loop.run_until_complete = _run_until_complete
    core.Loop.run_forever = _run_forever
