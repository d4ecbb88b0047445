import sys

from tests.crash.table import main

sys.exit(main())
