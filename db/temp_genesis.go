package db

import "time"

func TempGenesis() *Snapshot { return genesis(&env{clock: time.Now, host: map[string]Named{}}) }
