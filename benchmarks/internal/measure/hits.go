package measure

import "github.com/lambda-cache/lambdacache/benchmarks/internal/peer"

// withPeers adds every peer that has a measure, by its own name.
func withPeers(first []Subject, measure, floor string) []Subject {
	list := first
	for _, p := range peer.All {
		taken := false
		for _, s := range first {
			taken = taken || s.Peer == p.ID
		}
		if !taken && p.Setups[measure] != nil {
			list = append(list, Subject{p.Name, floor, p.ID, measure})
		}
	}
	return list
}

// hit is one value out of memory.
func hit() *Measurement {
	const floor = "floor: time.Now and an atomic load"
	return &Measurement{
		ID: "hit", Samples: 5, N: 20_000, NoCalls: true,
		Subjects: withPeers([]Subject{
			{floor, floor, "floor", peer.Hit},
			{"lambdacache Value, in an invocation", floor, "ours", peer.HitWithValue},
			{"lambdacache Get, anywhere", floor, "ours", peer.Hit},
		}, peer.Hit, floor),
	}
}

// invocations are fresh invocations that read all they have.
func invocations() (list []*Measurement) {
	const floor = "floor: time.Now and context.WithValue"
	for _, measure := range []string{peer.Invoke1, peer.Invoke30} {
		list = append(list, &Measurement{
			ID: measure, Samples: 5, N: 500, NoCalls: true,
			Subjects: withPeers([]Subject{
				{floor, floor, "floor", peer.Invoke1},
				{"lambdacache", floor, "ours", measure},
			}, measure, floor),
		})
	}
	return list
}

// aims are the hits of which the design says how far above their floor they may be,
// each also with every option set.
func aims() *Measurement {
	m := &Measurement{ID: "aims", Samples: 5, N: 50_000, NoCalls: true}
	add := func(name, floor, id, measure string) {
		m.Subjects = append(m.Subjects, Subject{name, floor, id, measure})
	}
	both := func(name, floor, measure string) {
		add(name, floor, "ours", measure)
		add(name+WithEveryOption, floor, "ours", measure+peer.Optioned)
	}
	add("ctx.Value, context 1 deep", "", "floor", peer.Value1)
	both("Value, context 1 deep", "ctx.Value, context 1 deep", peer.Value1)
	add("ctx.Value, context 3 deep", "", "floor", peer.Value3)
	both("Value, context 3 deep", "ctx.Value, context 3 deep", peer.Value3)
	add("time.Now and an atomic load", "", "floor", peer.Hit)
	both("Get", "time.Now and an atomic load", peer.Hit)
	add("time.Now and context.WithValue", "", "floor", peer.Invoke1)
	both("Wrap of 1", "time.Now and context.WithValue", peer.Wrap1)
	both("Wrap of 30", "Wrap of 1", peer.Wrap30)
	return m
}

// WithEveryOption is the end of the name of a subject that has every option set.
const WithEveryOption = ", every option set"
