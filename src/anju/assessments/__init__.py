"""Impact assessments (PIPL Art. 55): what a sensitive purpose risks and what is done about it, before it is asked for."""
