"""python -m anju.gate"""

import sys

from anju.gate.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
