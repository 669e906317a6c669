"""What Anju costs, each measured against a floor in the same run. `./anju bench` lists the names; docs/benchmarks.md has the results."""
