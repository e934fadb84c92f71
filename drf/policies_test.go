package drf

// policies is a fresh one of each, by the name that users know it by.
func policies() map[string]Policy {
	return map[string]Policy{
		"drf": DRF(), "hdrf": HDRF(), "asset": Asset(), "slots": Slots(), "cpu": Single(CPUs), "fifo": FIFO(), "minmax": Minmax(), "ceei": CEEI(),
	}
}
