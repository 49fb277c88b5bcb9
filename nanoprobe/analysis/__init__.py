"""What the data mean: pure functions, arrays in, frozen dataclasses out, SI units throughout."""
