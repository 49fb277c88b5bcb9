# The verbs of this project. Each sets up .venv first, so they work on a fresh machine.
.PHONY: setup demo gui test test-slow lint bench bench-screen speed validate verify soak docs constraints
V := .venv/bin

setup:
	@sh scripts/setup.sh

demo: setup  ## the main job on the simulated lab, end to end
	@$(V)/nanoprobe demo

gui: setup  ## the desktop app on the simulated lab
	@$(V)/nanoprobe gui

lint: setup
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/mypy
	$(V)/lint-imports

test: setup lint
	$(V)/python -m pytest -n 2

test-slow: setup  ## the acceptance tests on more seeds
	$(V)/python -m pytest -n 2 -m slow

bench: .venv-peers/.installed  ## side by side with other tools, into docs/reference/performance.md; QUICK=--quick: in two minutes
	.venv-peers/bin/python -m benchmarks.side_by_side $(if $(QUICK),$(QUICK),--write)

.venv-peers/.installed: benchmarks/side_by_side/peers.txt constraints.txt pyproject.toml | setup
	@echo "bench: installing the other tools into .venv-peers (some minutes)"
	@$(V)/python -m venv .venv-peers
	@.venv-peers/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e . -r benchmarks/side_by_side/peers.txt
	@touch $@

speed: setup  ## how fast each part is by itself: prints the tables of docs/reference/speed.md
	$(V)/python benchmarks/trigger_map.py
	$(V)/python benchmarks/detection.py

bench-screen: setup  ## what the desktop app costs on the screen
	$(V)/python -m benchmarks.screen

validate: setup  ## do intervals cover and tests keep their level: prints the tables of docs/explanations/statistics.md
	@for each in benchmarks/validate_*.py; do $(V)/python $$each || exit 1; done

verify: setup  ## finite elements against closed formulas: makes the table of docs/reference/verification.md
	$(V)/python docs/make_verification.py

soak: setup  ## kills, full disks, broken input, faults, 100,000 ramps: hours; rows go into docs/reference/reliability.md
	for each in kill abort disk fuzz faults ramps; do nice $(V)/python -m benchmarks.soak $$each || exit 1; done
	$(V)/python -m benchmarks.soak table

replays: setup  ## record again what the tests replay (NAMES="procedures/eis faults": only those)
	$(V)/python tests/replays/corpus.py $(NAMES)

docs: setup  ## make the tables and pictures of the docs again
	$(V)/python docs/make_reference.py
	$(V)/python docs/make_pictures.py

constraints: setup  ## pin what is installed now
	@{ echo "# Every version the tests run with; pip reads it with -c. Made by \`make constraints\`."; \
	   $(V)/python -m pip freeze --exclude-editable 2>/dev/null | sort -f; } > constraints.new && mv constraints.new constraints.txt
