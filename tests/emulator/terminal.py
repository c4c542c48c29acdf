"""Runs a command in a pseudo-terminal, as a person would: reads JSON with the command, its environment and what is typed when
it asks, and prints what the terminal showed and the exit code."""

import json
import os
import pty
import sys

QUESTION = b"[y/N]"


def main():
    given = json.load(sys.stdin)
    process, terminal = pty.fork()
    if process == 0:
        command = given["command"]
        os.execvpe(command[0], command, os.environ | given["env"])
    shown, asked = b"", False
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # What Linux answers when the other side is closed.
            break
        if not read:
            break
        shown += read
        if not asked and QUESTION in shown:
            asked = True
            os.write(terminal, given["typed"].encode())
    _, status = os.waitpid(process, 0)
    print(json.dumps({"shown": shown.decode(), "asked": asked, "code": os.waitstatus_to_exitcode(status)}))


main()
