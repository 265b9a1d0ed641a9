package measure

// All are the measurements in the order in which they are made.
func All() []*Measurement {
	list := []*Measurement{aims(), hit()}
	list = append(list, invocations()...)
	list = append(list, refreshes()...)
	return append(list, stampede(), deadConnection(), coldStart())
}
