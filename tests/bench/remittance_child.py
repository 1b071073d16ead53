"""Read an 835, and say how long it took: remittance_child.py ours|x12sdk FILE."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 16


def ours() -> Callable[[Path], int]:
    root = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(root / "plugin"))
    from massage_billing.model.remittance import ClaimPaid, RemittanceEnd, RemittanceHeader
    from massage_billing.x12.balance_835 import Balance
    from massage_billing.x12.remittance_835 import read_835

    def read(file: Path) -> int:
        claims = 0
        balance: Balance | None = None
        with file.open("rb") as stream:
            for part in read_835(iter(lambda: stream.read(CHUNK), b"")):
                if isinstance(part, RemittanceHeader):
                    balance = Balance.of(part.remittance)
                elif isinstance(part, ClaimPaid) and balance is not None:
                    claims += 1
                    assert not [one for one in balance.claim(part) if one.refuses]
                elif isinstance(part, RemittanceEnd) and balance is not None:
                    assert not balance.end(part)
        return claims

    return read


def reference() -> Callable[[Path], int]:
    from x12sdk.io import X12ModelReader

    def read(file: Path) -> int:
        with X12ModelReader(str(file)) as reader:
            return sum(len(loop.loop_2100 or ()) for model in reader.models() for loop in model.loop_2000)

    return read


def main() -> None:
    which, file = sys.argv[1], Path(sys.argv[2])
    read = ours() if which == "ours" else reference()
    began = time.process_time()
    try:
        claims = read(file)
    except Exception as error:  # whatever it raises, it does not read this one
        print(json.dumps({"wrong": f"{type(error).__name__}: {str(error)[:300]}"}))
        return
    print(json.dumps({"seconds": time.process_time() - began, "claims": claims}))


if __name__ == "__main__":
    main()
