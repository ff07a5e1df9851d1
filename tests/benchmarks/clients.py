"""Twenty programs that have photos coloured, each one after the other, for two minutes.

python -m tests.benchmarks.clients
"""

import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image
from skimage.data import astronaut

from tests.browser import running_app

CLIENTS, SECONDS, SIDE = 20, 120, 1600
DOT = {"x": 0.3, "y": 0.3, "colour": "#bd9175"}


def main() -> None:
    waits: list[float] = []
    lost: list[str] = []
    with tempfile.TemporaryDirectory() as folder, running_app() as address:
        photo = Path(folder) / "portrait.jpg"
        Image.fromarray(astronaut()).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(photo, quality=92)
        clients = [Client(address, verbose=False) for _ in range(CLIENTS)]
        until = time.monotonic() + SECONDS

        def work(client: Client) -> None:
            while time.monotonic() < until:
                started = time.monotonic()
                try:
                    client.predict(handle_file(str(photo)), [DOT], api_name="/colourize")
                    waits.append(time.monotonic() - started)
                except Exception as error:
                    lost.append(str(error))

        threads = [threading.Thread(target=work, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    p50, p99 = np.quantile(waits, [0.5, 0.99])
    print(f"{CLIENTS} clients, {SECONDS} s, photos of {SIDE} x {SIDE}: {len(waits)} answers, {len(lost)} lost")
    print(f"from upload to picture: p50 {p50:.1f} s, p99 {p99:.1f} s")
    for reason in sorted(set(lost)):
        print(f"lost: {reason}")


if __name__ == "__main__":
    main()
