"""Your strategies: each is a class of a module here, `kind = "module.Class"` in hftos.toml. See docs/strategies.md."""
