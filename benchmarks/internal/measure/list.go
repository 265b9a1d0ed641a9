package measure

import "slices"

// All are the measurements in the order in which they are made.
func All() []*Measurement {
	list := []*Measurement{aims(), hit()}
	list = append(list, invocations()...)
	list = append(list, refreshes()...)
	return append(list, stampede(), deadConnection(), coldStart())
}

// Of is the measurement with an id, with no subjects but those named; without names,
// with all. It panics if something has another name.
func Of(id string, names ...string) *Measurement {
	for _, m := range All() {
		if m.ID != id {
			continue
		}
		if len(names) > 0 {
			all := m.Subjects
			m.Subjects = nil
			for _, name := range names {
				i := slices.IndexFunc(all, func(s Subject) bool { return s.Name == name })
				m.Subjects = append(m.Subjects, all[i])
			}
		}
		return m
	}
	panic("nothing is measured as " + id)
}
