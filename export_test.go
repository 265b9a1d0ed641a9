package lambdacache

// Slots counts the keys that an origin holds something of.
func Slots[R any](o *Origin[R]) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.slots)
}

// CallsInFlight counts an origin's calls that have a place, and those that wait for one.
func CallsInFlight[R any](o *Origin[R]) (departed, waiting int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inFlight, len(o.waiting)
}

// Culprits counts the keys that an origin asks for alone and holds nothing else of.
func Culprits[R any](o *Origin[R]) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.culprits)
}

// Calls is CallsInFlight of a family's origin.
func (f *family) Calls() (departed, waiting int) {
	return CallsInFlight(&Origin[any]{f.origin})
}

// Waiting counts the invocations that wait for loads.
func Waiting() int {
	waiting.Lock()
	defer waiting.Unlock()
	return len(waiting.invs)
}
