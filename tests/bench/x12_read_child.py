"""Read 271s, and say how many a CPU-second: x12_read_child.py ours|x12sdk|which FILE.

``which`` tells those that x12sdk reads.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 3.0
"""Read all files again and again for at least so long."""


def ours() -> Callable[[str], object]:
    root = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(root / "plugin"))
    from massage_billing.x12.answer_271 import read_271

    def read(text: str) -> object:
        # Bytes are what comes from a payer: taking them apart counts.
        (found,) = read_271(text.encode())
        return found

    return read


def reference() -> Callable[[str], object]:
    from x12sdk.io import X12ModelReader

    def read(text: str) -> object:
        with X12ModelReader(text) as reader:
            (found,) = list(reader.models())
        return found

    return read


def main() -> None:
    which, texts = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    read = ours() if which == "ours" else reference()
    if which == "which":
        readable = []
        for place, text in enumerate(texts):
            try:
                read(text)
            except Exception:  # whatever it raises, it does not read this one
                continue
            readable.append(place)
        print(json.dumps({"readable": readable}))
        return
    read(texts[0])
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < SECONDS or not done:
        for text in texts:
            read(text)
        done += len(texts)
    print(json.dumps({"per_second": done / took, "read": done}))


if __name__ == "__main__":
    main()
