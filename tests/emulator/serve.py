"""Serves the AWS emulator (moto) on a free port of 127.0.0.1, says which, and ends when its standard input does.

So it never outlives whoever started it, however that one ends. Nothing is kept: each start is an empty account
123456789012. What is in the account is account.py's.
"""

import logging
import os
import sys

# Hundreds of images and their snapshots, which take seconds to make and would stand between those of the tests.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.server import ThreadedMotoServer  # noqa: E402: reads the environment as it is imported


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    print(f"http://127.0.0.1:{port}", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
