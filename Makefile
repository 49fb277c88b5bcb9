# The verbs of this project. Each sets up .venv first, so they work on a fresh machine.
.PHONY: setup demo gui test lint bench docs constraints
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

bench: setup  ## how fast: prints the tables of docs/reference/speed.md
	$(V)/python benchmarks/trigger_map.py

docs: setup  ## make the pictures of the docs again
	$(V)/python docs/make_pictures.py

constraints: setup  ## pin what is installed now
	@{ echo "# Every version the tests run with; pip reads it with -c. Made by \`make constraints\`."; \
	   $(V)/python -m pip freeze --exclude-editable 2>/dev/null | sort -f; } > constraints.new && mv constraints.new constraints.txt
