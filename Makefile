# One line a target; what they do is in `hftos COMMAND --help`. Arguments: make run ARGS="--seconds 60".
HFTOS = .venv/bin/hftos
.PHONY: run image flash lab test bench setup clean
run: setup ; @$(HFTOS) run $(ARGS)
image: setup ; @$(HFTOS) image build $(ARGS)
test: setup ; @$(HFTOS) test $(ARGS)
bench: setup ; @$(HFTOS) bench $(ARGS)
setup: ; @scripts/setup.sh
flash: setup ; @$(HFTOS) flash --device "$(DEV)" $(ARGS)
lab: setup ; @$(HFTOS) lab run isolation $(ARGS)
# Leaves what nothing makes again: the audit log, the store, the office's accounts, the lab's results.
KEPT = audit store office lab
clean: ; rm -rf .venv && if [ -d build ]; then find build/ -mindepth 1 -maxdepth 1 $(KEPT:%=! -name %) -exec rm -rf {} +; fi
