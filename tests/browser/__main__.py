"""Save screenshots of the page in a folder, among them the README's `screenshot.png`.

python -m tests.browser screenshots
"""

import sys
from pathlib import Path

from colouru.ui.examples import examples
from tests.browser import PHONE, running_app, visitor


def main(folder: str) -> None:
    """Save the page in light, in dark, on a phone, and with each of its tools."""
    pictures = Path(folder)
    pictures.mkdir(parents=True, exist_ok=True)
    views = {"screenshot": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
    with running_app() as address:
        for name, options in views.items():
            with visitor(address, **options) as person:
                person.page.screenshot(path=pictures / f"{name}-empty.png")
                person.open_example(0)
                person.page.locator("#page .hint-list .number").first.click()
                person.wait_until_idle()
                person.page.screenshot(path=pictures / f"{name}.png")
                if name == "dark":
                    person.press("advice")
                    person.press("uncertainty")
                    person.wait_until_idle()
                    person.view("split")
                    person.page.screenshot(path=pictures / "advice.png")
                    person.tool("paint")
                    person.paint((0.2, 0.85), (0.4, 0.85))
                    person.page.wait_for_timeout(500)
                    person.page.screenshot(path=pictures / "paint.png")
                    person.tool("area")
                    person.click(0.24, 0.62)
                    person.page.locator("#page .area-box").wait_for()
                    person.page.screenshot(path=pictures / "area.png")
                    person.page.locator("#page .photos").set_input_files([path for path, _ in examples()])
                    person.page.locator("#page .tile[data-state=done]").nth(3).wait_for()
                    person.page.screenshot(path=pictures / "several.png")


if __name__ == "__main__":
    main(sys.argv[1])
