"""The demonstration: a fictitious city's files, from the departments' folders to the banks' topics."""
