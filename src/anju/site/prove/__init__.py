"""The privacy promises, tried on a whole system of its own (`./anju privacy prove`). One module a promise."""
