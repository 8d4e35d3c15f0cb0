"""The backtest: scenarios played in simulated time through the plan, budget and detector of the daemon, without any HTTP."""
