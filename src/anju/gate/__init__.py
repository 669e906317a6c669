"""The program at the gate: sees, decides, opens, speaks, reports. It runs without the platform."""
