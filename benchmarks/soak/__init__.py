"""Long runs that try to lose data, to leave a bench on, or to break a parser: `make soak`, short forms in the tests."""
