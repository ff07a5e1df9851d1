PYTHON ?= python3

.PHONY: app test chromium exiftool

# The page, on http://127.0.0.1:7860.
app: .venv/app-installed
	.venv/bin/python app.py

# Every test, the browser's included.
test: .venv/tests-installed chromium exiftool
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/python -m pytest -q -rs -n 2 --dist worksteal

.venv/app-installed: requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q -r requirements.txt
	touch $@

.venv/tests-installed: .venv/app-installed train/requirements.txt tests/requirements.txt $(wildcard requirements-*.txt)
	.venv/bin/python -m pip install -q -r tests/requirements.txt
	touch $@

# The browser test needs Chromium, and exiftool reads what saved pictures say of themselves. Where they are missing they
# come from Debian's packages, which takes root.
chromium:
	@if (command -v chromium || command -v chromium-browser || command -v google-chrome) >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "Chromium is missing, so the browser test will be skipped: install it, or run make test as root"; fi

exiftool:
	@if command -v exiftool >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libimage-exiftool-perl >/dev/null; \
	else echo "exiftool is missing, so tests of metadata will be skipped: install it, or run make test as root"; fi
