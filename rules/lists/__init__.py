"""Lists of enterprises (名单): who is on one, decided at day close from former membership and that day's rating."""
