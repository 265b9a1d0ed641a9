package peer

// All are the peers in the order of the tables.
var All = []Peer{
	floor, ours,
	handBatches, handDefault, handLegacy, handGoroutine, handOneByOne,
	runtimevarPeer, secretsCachingPeer,
	otterPeer, sturdycPeer, theinePeer, ttlcachePeer, ristrettoPeer, goCachePeer, lruPeer,
	powertools, middy,
}

// Find is the peer with an id.
func Find(id string) (Peer, bool) {
	for _, p := range All {
		if p.ID == id {
			return p, true
		}
	}
	return Peer{}, false
}
