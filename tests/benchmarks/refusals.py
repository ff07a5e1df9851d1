"""What memory the server keeps of what it refused: twenty bodies of 41 MB, and twenty photos of 48 megapixels.

python -m tests.benchmarks.refusals
"""

import io
import subprocess
import tempfile
from pathlib import Path

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.test_server import a_million_hints, request, resident_bytes, served

TIMES = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (process, address):
        client = Client(address, verbose=False)
        small = Path(folder) / "small.png"
        Image.new("RGB", (64, 64), "red").save(small)
        client.predict(handle_file(str(small)), api_name="/colourize")
        before = resident_bytes(process)
        body = a_million_hints()
        for _ in range(TIMES):
            request(address, "/gradio_api/call/colourize", "POST", body, Content_Type="application/json")
        told(f"{TIMES} refused bodies of {len(body) / 1e6:.0f} MB", process, before)
        whole = io.BytesIO()
        Image.new("L", (8000, 6000)).save(whole, "PNG")
        for name, content, saturation in (
            ("photos of 48 megapixels with an impossible saturation", whole.getvalue(), 3.0),
            ("photos of 48 megapixels that are cut short", whole.getvalue()[:-2000], 1.0),
        ):
            path = Path(folder) / "large.png"
            path.write_bytes(content)
            for _ in range(TIMES):
                try:
                    client.predict(handle_file(str(path)), saturation=saturation, api_name="/colourize")
                except AppError:
                    continue
                raise SystemExit(f"{name}: one was not refused")
            told(f"and {TIMES} {name}", process, before)


def told(what: str, process: subprocess.Popen, before: int) -> None:
    print(f"after {what}: {(resident_bytes(process) - before) / 1e6:+.0f} MB")


if __name__ == "__main__":
    main()
