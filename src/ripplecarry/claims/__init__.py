"""Studies, and the statements that their runs confirm, refute or leave open."""
