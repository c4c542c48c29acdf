"""Serves the AWS emulator (moto) on a free port of 127.0.0.1, says which, and ends when its standard input does.

So it never outlives whoever started it, however that one ends. Nothing is kept: each start is an empty account
123456789012. What is in the account is account.py's and incident.py's.

With --cloudtrail, an emulator that has CloudTrail's LookupEvents (ministack; moto has it not) runs beside it, and is said on
a second line. It records what is asked of itself.
"""

import argparse
import logging
import os
import socket
import subprocess
import sys
import time

# Hundreds of images and their snapshots, which take seconds to make and would stand between those of the tests.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.server import ThreadedMotoServer  # noqa: E402: reads the environment as it is imported

# What ministack runs of its services: CloudTrail, and those that leave traces in it.
SERVICES = "cloudtrail,secretsmanager,kms,ssm,logs"
# How long ministack may take to start, in seconds.
PATIENCE = 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cloudtrail", action="store_true", help="run CloudTrail beside it")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    print(f"http://127.0.0.1:{port}", flush=True)
    cloudtrail = start_cloudtrail() if arguments.cloudtrail else None
    try:
        sys.stdin.buffer.read()
    finally:
        if cloudtrail:
            cloudtrail.kill()


def start_cloudtrail():
    """Starts ministack, and prints where once it answers."""
    port = free_port()
    environment = os.environ | {
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "CLOUDTRAIL_RECORDING": "1", "LOG_LEVEL": "ERROR",
        "MINISTACK_ACCOUNT_ID": "123456789012", "SERVICES": SERVICES,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            sys.exit("the emulator of CloudTrail did not start; what it said is above")
        time.sleep(0.05)
    print(f"http://127.0.0.1:{port}", flush=True)
    return process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
