"""The story of Quell, told by the real host, the real plugins and an emulated AWS account.

Run it with `make demo`, which builds what it needs. It succeeds only if AWS, read back with boto3, shows the repair. `first`
and `second` are its acts, `stage` is what both stand on; what the account holds, and what is wrong in it, is
tests/emulator's.
"""

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True  # the checkout stays as it is
sys.path.insert(0, str(ROOT / "tests" / "emulator"))

import first  # noqa: E402: after the path to what it needs
import second  # noqa: E402
from stage import RED, Failed, Stage, paint  # noqa: E402


def main():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--quell", required=True, help="the binary")
    parser.add_argument("--plugins", required=True, type=Path, help="the folder of the components")
    arguments = parser.parse_args()
    # A signal ends the demo as an error does: what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            stage = Stage(stack, ROOT, arguments.quell, arguments.plugins)
            first.Act(stage).tell()
            second.Act(stage).tell()
    except Failed as problem:
        sys.exit(f"\n{paint('The demo failed', RED)}: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"\nDone in {time.monotonic() - started:.0f} s. Nothing of it is left on this machine.")


if __name__ == "__main__":
    main()
