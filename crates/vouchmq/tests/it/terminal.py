"""Runs a command on a terminal of its own, as a person would: `terminal.py PROMPT ANSWER … -- COMMAND …`.

Waits for each prompt, answers it when typing is not shown, prints what the terminal showed, and ends as the command did.
"""

import os
import pty
import select
import sys
import termios

split = sys.argv.index("--")
steps, command = sys.argv[1:split], sys.argv[split + 1 :]
process, terminal = pty.fork()
if process == 0:
    os.execv(command[0], command)

shown = b""


def read():
    """What the terminal shows next; nothing when the command has ended."""
    global shown
    try:
        more = os.read(terminal, 4096)
    except OSError:
        more = b""
    shown += more
    return more


def is_echoing():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


seen = 0
for prompt, answer in zip(steps[::2], steps[1::2]):
    while prompt.encode() not in shown[seen:]:
        if not read():
            sys.exit(f"no {prompt!r} in {shown!r}")
    seen = shown.index(prompt.encode(), seen) + len(prompt.encode())
    while is_echoing():
        select.select([], [], [], 0.005)
    os.write(terminal, answer.encode() + b"\n")
while read():
    pass
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
