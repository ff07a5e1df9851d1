"""The Hub that the tests of one session share, and the environment in which every client talks to it."""

import tempfile

from tests.hub_server import Hub

HUB = Hub()
HOME = tempfile.TemporaryDirectory()

# Also what a person may have set: no test reaches the real Hub, their cache or their token.
ENVIRONMENT = {
    "HF_ENDPOINT": HUB.endpoint,
    "HF_HOME": HOME.name,
    "HF_HUB_CACHE": f"{HOME.name}/hub",
    "HF_DATASETS_CACHE": f"{HOME.name}/datasets",
    "HF_TOKEN": "",
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
